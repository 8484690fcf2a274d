namespace Siberite.Testing.Histories.Checkers;

/// <summary>Gets without a reply explain why a waiting item was not seen: each may have had one.</summary>
internal static class Excuses
{
    /// <summary>Whether so many unseen items can have been with such readers from <paramref name="start"/> to
    /// <paramref name="end"/>.</summary>
    public static bool Cover(
        IReadOnlyCollection<Waiting> unseen, IReadOnlyCollection<UnknownRead> unknown, long start, long end)
    {
        // What turned up again later was held; what did not may have been taken for good long before.
        var held = unseen.Count(static wait => wait.End != Operation.Never);
        var holders = unknown.Count(u => u.Read.Invoke < end && u.Until > start);
        var holdersOrTakers = unknown.Count(
            u => u.Read.Invoke < end && (u.Until > start || u.MayHaveTaken));
        return held <= holders && unseen.Count <= holdersOrTakers;
    }
}
