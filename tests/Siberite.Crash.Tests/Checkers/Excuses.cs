using Siberite.Crash.Tests.History;

namespace Siberite.Crash.Tests.Checkers;

/// <summary>Gets without a reply explain why a waiting item was not seen: each may have had one.</summary>
internal static class Excuses
{
    /// <summary>Whether so many unseen items can have been with such readers from <paramref name="start"/> to
    /// <paramref name="end"/>.</summary>
    public static bool Cover(
        IReadOnlyCollection<Waiting> unseen, IReadOnlyCollection<UnknownRead> unknown, long start, long end)
    {
        // What never turned up again can only have been taken for good.
        var gone = unseen.Count(static wait => wait.End == Operation.Never);
        var takes = unknown.Count(u => u.Read.Act == Act.Take && u.Read.Invoke < end);
        var holders = unknown.Count(u => u.Read.Invoke < end && u.Until > start);
        return gone <= takes && unseen.Count - gone <= holders;
    }
}
