namespace Siberite.Ctl.Copying;

/// <summary>The queues that a server's statistics tell of.</summary>
/// <remarks>
/// A statistic is <c>queue_&lt;name&gt;_&lt;key&gt;</c>, and names and keys may both contain <c>_</c>: Kestrel's
/// <c>queue_q_total_items</c> could be the items of a queue <c>q_total</c>. Every server has both <c>_items</c> and
/// <c>_open_transactions</c> for each queue, and no key that is one of them with something before it ends in the
/// second, so a name counts if it has both.
/// </remarks>
internal sealed class QueueList
{
    private const string Prefix = "STAT queue_";
    private readonly Dictionary<string, long> _items = new(StringComparer.Ordinal);
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);

    /// <summary>Asks a server.</summary>
    public static async Task<QueueList> ReadAsync(WireConnection server, CancellationToken cancellation)
    {
        var list = new QueueList();
        await server.SendAsync("stats", cancellation);
        for (var line = await server.ReadLineAsync(cancellation); line != "END";
            line = await server.ReadLineAsync(cancellation))
        {
            if (!line.StartsWith("STAT ", StringComparison.Ordinal) && line.Length > 0)
            {
                throw server.Refused(line);
            }

            list.Add(line);
        }

        return list;
    }

    /// <summary>The queues' names. Cursors, which show the items of their queue, are none.</summary>
    public IEnumerable<string> Names
        => _items.Keys.Where(name => _read.Contains(name) && !name.Contains('.')).Order(StringComparer.Ordinal);

    /// <summary>Items of a queue; 0 if it is not known.</summary>
    public long ItemsOf(string name) => _items.GetValueOrDefault(name);

    /// <summary>Takes one line in.</summary>
    internal void Add(string line)
    {
        var space = line.LastIndexOf(' ');
        if (!line.StartsWith(Prefix, StringComparison.Ordinal) || space <= Prefix.Length)
        {
            return;
        }

        var statistic = line[Prefix.Length..space];
        if (statistic.EndsWith("_open_transactions", StringComparison.Ordinal))
        {
            _read.Add(statistic[..^"_open_transactions".Length]);
        }
        else if (statistic.EndsWith("_items", StringComparison.Ordinal)
            && long.TryParse(line[(space + 1)..], out var items))
        {
            _items[statistic[..^"_items".Length]] = items;
        }
    }
}
