using Microsoft.Extensions.DependencyInjection;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster;

/// <summary>What this silo has done, for whoever asks. The gateway is asked late: it comes after the silo, if at
/// all.</summary>
internal sealed class CounterBoard(LocalQueues queues, IServiceProvider services)
{
    public SiloCounters Read()
        => new(services.GetService<IClientCounters>()?.Read(), queues.GetCounters());
}
