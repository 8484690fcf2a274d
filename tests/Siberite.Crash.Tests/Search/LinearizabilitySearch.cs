using Siberite.Testing.Histories;
using Siberite.Testing.Histories.Checkers;

namespace Siberite.Crash.Tests.Search;

internal enum Finding
{
    /// <summary>There is an order of moments in which a correct server answers just so.</summary>
    Explained,

    /// <summary>There is none.</summary>
    Impossible,

    /// <summary>Too many orders to try.</summary>
    Undecided,
}

/// <summary>Looks for an order in which a correct server would have answered what a small history says, by trying all
/// (Wing and Gong), but no combination of done steps and state twice.</summary>
internal sealed class LinearizabilitySearch
{
    private const int MaxVisits = 10_000;

    private readonly SearchStep[] _steps;
    private readonly HashSet<(UInt128 Done, ulong State)> _visited = [];
    private readonly bool[] _done;
    private int _missing;

    private LinearizabilitySearch(SearchStep[] steps)
    {
        _steps = steps;
        _done = new bool[steps.Length];
        _missing = steps.Count(static step => !step.IsOptional);
    }

    public static Finding Explain(Chronicle chronicle, CheckerOptions options)
    {
        var search = new LinearizabilitySearch(SearchStep.Of(chronicle, options));
        var queueCount = chronicle.Operations.SelectMany(static o => o.Queues).Distinct().Count();
        var isFound = search.Go(SearchState.Empty(queueCount), latestInvoke: long.MinValue, life: 0);
        return isFound ? Finding.Explained
            : search._visited.Count >= MaxVisits ? Finding.Undecided
            : Finding.Impossible;
    }

    private bool Go(SearchState state, long latestInvoke, int life)
    {
        if (_missing == 0)
        {
            return true;
        }

        if (_visited.Count >= MaxVisits || !_visited.Add((DoneMask(), state.Digest())))
        {
            return false;
        }

        var earliestReturn = Operation.Never;
        for (var i = 0; i < _steps.Length; i++)
        {
            if (!_done[i] && !_steps[i].IsOptional)
            {
                earliestReturn = Math.Min(earliestReturn, _steps[i].Return);
            }
        }

        for (var i = 0; i < _steps.Length; i++)
        {
            var step = _steps[i];
            if (!_done[i] && step.Life == life && step.Invoke < earliestReturn && step.Return > latestInvoke
                && IsInSessionOrder(step) && Try(i, state, Math.Max(latestInvoke, step.Invoke)))
            {
                return true;
            }
        }

        return false;
    }

    private bool Try(int index, SearchState state, long latestInvoke)
    {
        var step = _steps[index];
        _done[index] = true;
        _missing -= step.IsOptional ? 0 : 1;
        foreach (var next in state.After(step))
        {
            if (Go(next, latestInvoke, step.Kind == StepKind.Crash ? step.Life + 1 : step.Life))
            {
                return true;
            }
        }

        _missing += step.IsOptional ? 0 : 1;
        _done[index] = false;
        return false;
    }

    /// <summary>Nothing happens in a session after its end, and no life goes on with steps of an earlier one
    /// open.</summary>
    private bool IsInSessionOrder(SearchStep step)
    {
        for (var i = 0; i < _steps.Length; i++)
        {
            var other = _steps[i];
            if (step.Kind == StepKind.Crash
                ? !_done[i] && !other.IsOptional && other.Life == step.Life && other != step
                : _done[i] && other.Kind == StepKind.SessionEnd && other.Session == step.Session)
            {
                return false;
            }
        }

        return true;
    }

    private UInt128 DoneMask()
    {
        var mask = UInt128.Zero;
        foreach (var isDone in _done)
        {
            mask = (mask << 1) | (isDone ? UInt128.One : UInt128.Zero);
        }

        return mask;
    }
}
