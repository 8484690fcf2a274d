using System.Diagnostics;

namespace Siberite.Truth.Tests.Observing;

/// <summary>From the first look that was not served, to the first served one after the last such.</summary>
/// <param name="Start">Ticks of the ledger's clock: when the first look in vain was sent.</param>
/// <param name="End">When the queue was served again.</param>
/// <param name="FirstRefusal">What the first look in vain was told.</param>
internal readonly record struct Outage(long Start, long End, string FirstRefusal)
{
    /// <summary>A look that takes longer was not served meanwhile, whatever it is told at last.</summary>
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(1);

    public TimeSpan Length => Stopwatch.GetElapsedTime(Start, End);

    /// <summary>What a probe saw from a moment on; <see langword="null"/> if it was always served.</summary>
    public static Outage? Of(IEnumerable<Look> looks, long since)
    {
        Outage? outage = null;
        var isOver = true;
        foreach (var look in looks.Where(look => look.Return >= since))
        {
            var isSlow = Stopwatch.GetElapsedTime(look.Invoke, look.Return) > Slow;
            if (!look.IsServed || isSlow)
            {
                outage ??= new Outage(look.Invoke, look.Return, look.Refusal ?? "a slow answer");
                isOver = false;
            }

            if (look.IsServed && !isOver)
            {
                outage = outage!.Value with { End = look.Return };
                isOver = true;
            }
        }

        return isOver ? outage : outage!.Value with { End = long.MaxValue };
    }
}
