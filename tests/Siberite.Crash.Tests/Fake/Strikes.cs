namespace Siberite.Crash.Tests.Fake;

/// <summary>Decides when the one seeded bug strikes: every so many opportunities.</summary>
internal sealed class Strikes(Mutation mutation)
{
    private readonly TaskCompletionSource _struck = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _period = mutation switch
    {
        Mutation.LoseZeroLength or Mutation.MultiSetPartial or Mutation.DroppedToTail or Mutation.LoseDropped => 3,
        Mutation.AbortToTail or Mutation.ChainClosesNext or Mutation.MissedWakeUp => 5,
        _ => 15,
    };

    private int _opportunities;
    private volatile bool _isDoomed;

    /// <summary>Whether the crash is about to come.</summary>
    public bool IsDoomed
    {
        get => _isDoomed;
        set => _isDoomed = value;
    }

    /// <summary>Completes with the first strike.</summary>
    public Task Struck => _struck.Task;

    /// <summary>Whether this is the bug at all.</summary>
    public bool Has(Mutation asked) => mutation == asked;

    /// <summary>Strikes every time.</summary>
    public bool Is(Mutation asked)
    {
        if (mutation == asked)
        {
            _struck.TrySetResult();
        }

        return mutation == asked;
    }

    public bool Hits(Mutation asked, bool isOpportunity = true)
    {
        if (mutation != asked || !isOpportunity || Interlocked.Increment(ref _opportunities) % _period != 0)
        {
            return false;
        }

        _struck.TrySetResult();
        return true;
    }
}
