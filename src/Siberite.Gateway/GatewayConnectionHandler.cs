using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Logging;

namespace Siberite.Gateway;

/// <summary>Gives each connection of the memcache endpoint its session, unless there are too many.</summary>
internal sealed partial class GatewayConnectionHandler(GatewayParts gateway) : ConnectionHandler
{
    private readonly AddressList _addresses = new(gateway.Options, gateway.Time);
    private long _lastNumber;
    private int _count;

    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        var count = Interlocked.Increment(ref _count);
        try
        {
            if (count > Math.Min(gateway.Options.MaxConnections, FileLimit.MaxConnections))
            {
                await connection.Transport.Output.WriteAsync(ErrorReplies.TooManyConnections.Line);
            }
            else
            {
                await AdmitAsync(connection, count);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _count);
        }
    }

    private async Task AdmitAsync(ConnectionContext connection, int count)
    {
        var address = (connection.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None;
        if (gateway.Options.ProxyProtocol)
        {
            var lifetime = connection.Features.Get<IConnectionLifetimeNotificationFeature>();
            var (isSound, source) = await ReadProxyHeaderAsync(
                connection.Transport.Input, lifetime?.ConnectionClosedRequested ?? default);
            if (!isSound)
            {
                gateway.Foreign.Once(nameof(ProxyHeader), () => LogNoProxyHeader(gateway.Log));
                return;
            }

            address = source ?? address;
        }

        address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        if (!_addresses.TryEnter(address))
        {
            await connection.Transport.Output.WriteAsync(ErrorReplies.TooManyConnections.Line);
            return;
        }

        try
        {
            await ServeAsync(connection, count);
        }
        finally
        {
            _addresses.Leave(address);
        }
    }

    private async Task ServeAsync(ConnectionContext connection, int count)
    {
        var number = Interlocked.Increment(ref _lastNumber);
        var session = new Session(connection.Transport, connection.Abort, gateway, number)
        {
            Refused = RefusedBeyond(count),
        };
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

    /// <summary>What a session that makes it so many may not do, for all its life.</summary>
    private Refusals RefusedBeyond(int count)
    {
        var options = gateway.Options;
        return (IsBeyond(count, options.ConnectionLimitRefuseWrites) ? Refusals.Writes : Refusals.None)
            | (IsBeyond(count, options.ConnectionLimitRefuseReads) ? Refusals.Reads : Refusals.None);
    }

    private static bool IsBeyond(int count, int limit) => limit > 0 && count > limit;

    /// <summary>Reads what a proxy says before anything else. It has as long as a command line.</summary>
    private async Task<(bool IsSound, IPAddress? Source)> ReadProxyHeaderAsync(
        PipeReader input, CancellationToken stopping)
    {
        var timeout = gateway.Options.LineTimeout;
        using var limit = new CancellationTokenSource(
            timeout > TimeSpan.Zero ? timeout : Timeout.InfiniteTimeSpan, gateway.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stopping);

        // Not every reader heeds a token.
        using var cancelling = either.Token.UnsafeRegister(
            static input => ((PipeReader)input!).CancelPendingRead(), input);
        try
        {
            while (true)
            {
                var read = await input.ReadAsync(CancellationToken.None);
                var rest = read.Buffer;
                var status = ProxyHeader.TryRead(ref rest, out var source);
                var needsMore = status == ProxyHeaderStatus.NeedsMore;
                input.AdvanceTo(rest.Start, needsMore ? rest.End : rest.Start);
                if (!needsMore || read.IsCompleted || either.IsCancellationRequested)
                {
                    return (status == ProxyHeaderStatus.Complete, source);
                }
            }
        }
        catch (IOException)
        {
            return (false, null);
        }
    }

    [LoggerMessage(3006, LogLevel.Warning,
        "A connection was closed because it did not begin with a PROXY header, as Siberite:Gateway:ProxyProtocol "
        + "demands. The proxy must send one, to health checks too.")]
    private static partial void LogNoProxyHeader(ILogger log);
}
