using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Siberite.Contracts;

namespace Siberite.Gateway;

/// <summary>Adds the memcache gateway to an ASP.NET Core host.</summary>
public static class GatewayHosting
{
    /// <summary>Registers the gateway. The host also needs an <c>IQueueRouter</c>, a <c>TimeProvider</c> and the
    /// options.</summary>
    /// <param name="services">The host's.</param>
    /// <param name="identity">Of this run.</param>
    public static IServiceCollection AddSiberiteGateway(this IServiceCollection services, GatewayIdentity identity)
    {
        services.AddSingleton(identity);
        services.AddSingleton<GatewayCounters>();
        services.AddSingleton<IClientCounters>(provider => provider.GetRequiredService<GatewayCounters>());
        services.AddSingleton<SessionList>();
        services.AddSingleton<GatewayParts>();

        // The last one that can serve an endpoint does: the first is for pages, and where there is no poll.
        services.AddSingleton<IConnectionListenerFactory, SocketTransportFactory>();
        services.AddSingleton<IConnectionListenerFactory, PolledTransport>();
        services.Configure<SocketTransportOptions>(options =>
        {
            // A send is complete when the kernel has every byte of it, and not when they fit a buffer of ours: only
            // then is a plain get's item closed.
            options.MaxWriteBufferSize = 1;
            options.NoDelay = true;
            options.Backlog = PolledListener.Backlog;
        });
        return services;
    }

    /// <summary>Makes an endpoint speak memcache.</summary>
    public static void UseSiberiteGateway(this ListenOptions endpoint)
        => endpoint.UseConnectionHandler<GatewayConnectionHandler>();
}
