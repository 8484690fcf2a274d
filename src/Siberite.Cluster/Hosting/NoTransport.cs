using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;

namespace Siberite.Cluster;

/// <summary>Takes the place of the runtime's sockets in a silo that is alone: it listens nowhere and connects to
/// nobody.</summary>
/// <remarks>
/// The runtime registers its transports under keys of its own that are not public, so they are replaced where they
/// stand. Should a later version register none, the start fails: better than a port nobody knows of.
/// </remarks>
internal sealed class NoTransport : IConnectionListenerFactory, IConnectionFactory
{
    private static readonly NoTransport Instance = new();

    public static void Replace(IServiceCollection services)
    {
        ReplaceKeyed<IConnectionListenerFactory>(services);
        ReplaceKeyed<IConnectionFactory>(services);
    }

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
        => new(new NoListener(endpoint));

    public ValueTask<ConnectionContext> ConnectAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
        => throw new ConnectionAbortedException($"A standalone silo connects to nobody, and not to {endpoint}.");

    private static void ReplaceKeyed<T>(IServiceCollection services)
        where T : class
    {
        var transports = services
            .Where(service => service.ServiceType == typeof(T) && service.IsKeyedService)
            .ToArray();
        if (transports.Length == 0)
        {
            throw new InvalidOperationException($"The runtime registers no {typeof(T).Name}: it would open a port.");
        }

        foreach (var transport in transports)
        {
            services.Remove(transport);
            services.AddKeyedSingleton<T>(transport.ServiceKey, (T)(object)Instance);
        }
    }

    /// <remarks>Not disposable by the container twice: one listener per bind.</remarks>
    private sealed class NoListener(EndPoint endpoint) : IConnectionListener
    {
        private readonly TaskCompletionSource<ConnectionContext?> _unbound =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        public EndPoint EndPoint => endpoint;

        public ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
            => new(_unbound.Task);

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            _unbound.TrySetResult(null);
            return default;
        }

        public ValueTask DisposeAsync() => UnbindAsync();
    }
}
