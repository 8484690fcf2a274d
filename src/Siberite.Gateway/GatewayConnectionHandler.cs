using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Siberite.Gateway;

/// <summary>Gives each connection of the memcache endpoint its session.</summary>
internal sealed class GatewayConnectionHandler(GatewayParts gateway) : ConnectionHandler
{
    private long _lastNumber;

    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        if (gateway.Sessions.Count >= Math.Min(gateway.Options.MaxConnections, FileLimit.MaxConnections))
        {
            await connection.Transport.Output.WriteAsync(ErrorReplies.TooManyConnections.Line);
            return;
        }

        var number = Interlocked.Increment(ref _lastNumber);
        var session = new Session(connection.Transport, connection.Abort, gateway, number);
        gateway.Sessions.Add(session);
        gateway.Counters.SessionOpened();
        var lifetime = connection.Features.Get<IConnectionLifetimeNotificationFeature>();
        using var stopping = lifetime?.ConnectionClosedRequested.UnsafeRegister(
            static state => ((Session)state!).Stop(), session);
        try
        {
            await session.RunAsync();
        }
        finally
        {
            gateway.Sessions.Remove(session);
            gateway.Counters.SessionClosed();
        }
    }
}
