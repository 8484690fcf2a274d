namespace Siberite.Testing.Histories;

/// <summary>Splits what happened to loose queues by shard: each is a strict queue of its own, on the silo whose gateway
/// took the set.</summary>
internal static class LooseShards
{
    /// <summary>The shard of a queue on a silo; a name that no queue can have.</summary>
    public static string NameOf(string queue, string? silo) => $"{queue}@{silo}";

    /// <summary>The silo of a shard; <see langword="null"/> if the name is not a shard's.</summary>
    public static string? SiloOf(string shard)
        => shard.IndexOf('@', StringComparison.Ordinal) is >= 0 and var at ? shard[(at + 1)..] : null;

    /// <summary>The operations with those of loose queues said of their shards. That a shard was found empty is not
    /// told: the reply speaks of all of them, and of what news has come by then. A get that waited stood in the line of
    /// its gateway's own shard, and may have had an item of that while it won another elsewhere.</summary>
    /// <param name="operations">As written down.</param>
    /// <param name="isLoose">Which queues are loose.</param>
    /// <param name="silos">All silos that have shards.</param>
    public static Operation[] Split(
        IReadOnlyCollection<Operation> operations, Func<string, bool> isLoose, IReadOnlyCollection<string> silos)
    {
        // A get that was sent before the set may have its item.
        var shards = operations.Where(operation => operation.Act == Act.Set && isLoose(operation.Queue))
            .ToDictionary(
                operation => operation.Item!.Value, operation => NameOf(operation.Queue, operation.Session.Gateway));
        var split = new List<Operation>();
        foreach (var operation in operations)
        {
            if (!isLoose(operation.Queue))
            {
                split.Add(operation);
            }
            else if (operation.Item is { } item)
            {
                var shard = shards.GetValueOrDefault(item, operation.Queue);
                split.Add(operation.At(shard));
                if (operation is { IsRead: true, Wait: > 0 })
                {
                    split.AddRange(LinesOf(operation, silos).Where(line => line != shard)
                        .Select(line => operation.At(line, isUndone: true)));
                }
            }
            else if (operation.Outcome != Outcome.Ok)
            {
                split.AddRange(silos.Select(silo => operation.At(NameOf(operation.Queue, silo))));
            }
        }

        return [.. split];
    }

    private static IEnumerable<string> LinesOf(Operation read, IReadOnlyCollection<string> silos)
        => read.Session.Gateway is { } gateway
            ? [NameOf(read.Queue, gateway)]
            : silos.Select(silo => NameOf(read.Queue, silo));
}
