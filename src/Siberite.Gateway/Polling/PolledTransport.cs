using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Siberite.Gateway;

/// <summary>Marks the address of the memcache listener, which is served by <see cref="PolledTransport"/> where there is
/// one.</summary>
public sealed class GatewayEndPoint(IPEndPoint listen, bool isPolled) : IPEndPoint(listen.Address, listen.Port)
{
    /// <summary>Whether <see cref="PolledTransport"/> may serve it.</summary>
    internal bool IsPolled { get; } = isPolled;
}

/// <summary>ASP.NET Core Kestrel's seam for another way to sockets: Linux's poll, for the memcache listener
/// alone.</summary>
internal sealed class PolledTransport : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    /// <inheritdoc/>
    public bool CanBind(EndPoint endpoint)
        => OperatingSystem.IsLinux() && endpoint is GatewayEndPoint { IsPolled: true };

    /// <inheritdoc/>
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        Socket? socket = null;
        try
        {
            socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
            socket.Listen(PolledListener.Backlog);
            return new(new PolledListener(socket));
        }
        catch (SocketException e)
        {
            socket?.Dispose();
            throw e.SocketErrorCode == SocketError.AddressAlreadyInUse
                ? new AddressInUseException(e.Message, e) // ASP.NET Core Kestrel then names the address.
                : e;
        }
    }
}

/// <summary>Accepts connections and spreads them over poll threads, in turn.</summary>
internal sealed class PolledListener(Socket socket) : IConnectionListener
{
    /// <summary>Connections that may wait to be accepted.</summary>
    public const int Backlog = 4096;

    /// <summary>More threads than this only contend for the store's one log.</summary>
    private const int MaxThreadCount = 16;

    private readonly PollThread[] _threads =
        [.. Enumerable.Range(0, Math.Min(Environment.ProcessorCount, MaxThreadCount)).Select(i => new PollThread(i))];

    /// <summary>Connections that may be open beyond those there are files for, on their way to being turned away. More
    /// would take the files that the store needs.</summary>
    private const int TurnedAwayCount = 16;

    private readonly SemaphoreSlim _room = new(
        (int)Math.Min(int.MaxValue, (long)FileLimit.MaxConnections + TurnedAwayCount));

    private readonly CancellationTokenSource _unbinding = new();
    private long _acceptedCount;

    /// <inheritdoc/>
    public EndPoint EndPoint { get; } = socket.LocalEndPoint!;

    /// <inheritdoc/>
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            await _room.WaitAsync(_unbinding.Token);
        }
        catch (OperationCanceledException)
        {
            return null;
        }

        while (true)
        {
            try
            {
                var accepted = await socket.AcceptAsync(cancellationToken);
                accepted.NoDelay = true;
                var number = ++_acceptedCount;
                var thread = _threads[number % _threads.Length];
                var connection = new PolledConnection(
                    accepted, thread, number.ToString("X8", CultureInfo.InvariantCulture), _room);
                connection.Start();
                return connection;
            }
            catch (ObjectDisposedException)
            {
                return null;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.OperationAborted)
            {
                return null;
            }
            catch (SocketException)
            {
                // It was reset before it was accepted.
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        socket.Dispose();
        await _unbinding.CancelAsync();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        socket.Dispose();
        foreach (var thread in _threads)
        {
            thread.Dispose();
        }

        return default;
    }
}
