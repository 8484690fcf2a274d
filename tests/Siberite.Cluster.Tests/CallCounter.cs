using System.Collections.Concurrent;
using Siberite.Contracts;

namespace Siberite.Cluster.Tests;

/// <summary>Counts the calls that grains receive, and can have some of them fail.</summary>
internal sealed class CallCounter : IIncomingGrainCallFilter
{
    private readonly ConcurrentDictionary<string, int> _counts = new();

    /// <summary>Called before each call with its interface, method and arguments; may throw.</summary>
    public Action<IIncomingGrainCallContext>? Before { get; set; }

    /// <summary>Awaited before each call; holds it up until it completes.</summary>
    public Func<IIncomingGrainCallContext, Task>? Hold { get; set; }

    /// <summary>Takes that gateways sent to queues of other silos.</summary>
    public int TakeCount => _counts.GetValueOrDefault("take");

    public int this[string method] => _counts.GetValueOrDefault(method);

    public async Task Invoke(IIncomingGrainCallContext context)
    {
        _counts.AddOrUpdate(context.MethodName, 1, static (_, count) => count + 1);
        if (context.InterfaceMethod.DeclaringType == typeof(IQueueGrain)
            && context.MethodName == nameof(IQueueGrain.ExecuteAsync))
        {
            var takes = ((QueueCall)context.Request.GetArgument(0)!).Commands.Items
                .Count(command => command.Kind == QueueCommandKind.Take);
            _counts.AddOrUpdate("take", takes, (_, count) => count + takes);
        }

        Before?.Invoke(context);
        if (Hold is { } hold)
        {
            await hold(context);
        }

        await context.Invoke();
    }

    public void Reset() => _counts.Clear();
}
