using Siberite.Ctl.Copying;

namespace Siberite.Ctl.Tests;

/// <summary>What a copy that was cut short leaves behind.</summary>
public sealed class CopyJournalTests : IDisposable
{
    private const int LaneCount = 4;

    private static readonly WireItem Item = new(0, "same"u8.ToArray());

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("siberite-journal-");

    public void Dispose() => _directory.Delete(recursive: true);

    /// <remarks>
    /// Goal: the target has the first of them, so a later run must not begin with the ids of the last, or items between
    /// them change places.
    /// Method: lanes are used around, so that the first is not in the first lane.
    /// </remarks>
    [Fact]
    public void Items_with_the_same_bytes_get_their_ids_again_in_the_order_they_were_set()
    {
        var ids = SetAll(6)[^LaneCount..];

        // In the second run one more is set, which the third must find behind the others.
        var second = SetAll(LaneCount + 1);
        Assert.Equal(ids, second[..LaneCount]);
        Assert.DoesNotContain(second[LaneCount], ids);
        Assert.Equal(second[^LaneCount..], SetAll(LaneCount));
    }

    private List<string> SetAll(int count)
    {
        using var journal = CopyJournal.Open(_directory.FullName, "source:1", "work", LaneCount);
        return [.. Enumerable.Range(0, count).Select(i => journal.BeginSet(i % LaneCount, Item).Text)];
    }
}
