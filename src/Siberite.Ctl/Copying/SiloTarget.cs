namespace Siberite.Ctl.Copying;

/// <summary>A target that takes one of the sets with an id, and what is noted for it.</summary>
internal sealed class SiloTarget
{
    private static readonly string[] Limits = ["  MaxItems=", "  MaxBytes=", "  MaxItemBytes="];

    private readonly string _queue;
    private readonly WireAddress _address;

    private SiloTarget(string queue, WireAddress address, CopyJournal journal)
    {
        _queue = queue;
        _address = address;
        Journal = journal;
    }

    /// <summary>What is under way.</summary>
    public CopyJournal Journal { get; }

    /// <summary>Asks the server for what only a silo knows of all servers of this dialect.</summary>
    public static async Task<bool> IsSiloAsync(WireAddress address, CancellationToken cancellation)
    {
        using var server = await WireConnection.ConnectAsync(address, cancellation);
        try
        {
            await server.SendAsync("mn", cancellation);
            return await server.ReadLineAsync(cancellation) == "MN";
        }
        catch (CtlException)
        {
            return false; // It ends the connection: an ancestor.
        }
    }

    /// <summary>Begins with what an earlier run has noted, unless the queue's limits make that worthless.</summary>
    public static async Task<SiloTarget> OpenAsync(
        string queue, WireAddress address, CopyJournal journal, CancellationToken cancellation)
    {
        var target = new SiloTarget(queue, address, journal);
        if (await target.HasLimitsAsync(cancellation) == true)
        {
            journal.Forget();
        }

        return target;
    }

    /// <summary>Whether the queue may be full.</summary>
    /// <returns><see langword="null"/> if there is no such queue.</returns>
    public async Task<bool?> HasLimitsAsync(CancellationToken cancellation)
    {
        using var server = await WireConnection.ConnectAsync(_address, cancellation);
        await server.SendAsync($"dump_config {_queue}", cancellation);
        bool? found = null;
        for (var line = await server.ReadLineAsync(cancellation); line != "END";
            line = await server.ReadLineAsync(cancellation))
        {
            if (Limits.Any(limit => line.StartsWith(limit, StringComparison.Ordinal)))
            {
                found = found == true || !line.EndsWith("=0", StringComparison.Ordinal);
            }
        }

        return found;
    }
}
