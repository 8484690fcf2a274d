using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Siberite.Gateway;

/// <summary>Marks the address of the memcache listener, which is served by <see cref="PolledTransport"/> where there is
/// one.</summary>
public sealed class GatewayEndPoint(IPEndPoint listen) : IPEndPoint(listen.Address, listen.Port);

/// <summary>ASP.NET Core Kestrel's seam for another way to sockets: Linux's poll, for the memcache listener
/// alone.</summary>
internal sealed class PolledTransport : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    /// <inheritdoc/>
    public bool CanBind(EndPoint endpoint) => endpoint is GatewayEndPoint && OperatingSystem.IsLinux();

    /// <inheritdoc/>
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        try
        {
            socket.Listen(PolledListener.Backlog);
            return new(new PolledListener(socket));
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw e.SocketErrorCode == SocketError.AddressAlreadyInUse
                ? new AddressInUseException(e.Message, e)
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

    private long _acceptedCount;

    /// <inheritdoc/>
    public EndPoint EndPoint { get; } = socket.LocalEndPoint!;

    /// <inheritdoc/>
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            try
            {
                var accepted = await socket.AcceptAsync(cancellationToken);
                accepted.NoDelay = true;
                var number = ++_acceptedCount;
                var thread = _threads[number % _threads.Length];
                var connection = new PolledConnection(
                    accepted, thread, number.ToString("X8", CultureInfo.InvariantCulture));
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
    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        socket.Dispose();
        return default;
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
