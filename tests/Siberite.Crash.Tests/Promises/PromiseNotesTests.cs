namespace Siberite.Crash.Tests.Promises;

/// <summary>The checker is a test of tests: it must see each fault that a server could have.</summary>
public sealed class PromiseNotesTests
{
    public static TheoryData<string, string> Faults() => new()
    {
        { "lost", "ended 0 times" },
        { "twice in its queue", "ended 2 times" },
        { "in its queue and in its exit", "ended 2 times" },
        { "early", "early" },
        { "torn copy", "in one of" },
        { "copy of nothing", "in one of" },
        { "same id twice", "were taken" },
        { "same id told twice", "told STORED" },
        { "id of nothing", "0 were taken" },
        { "new id refused", "told NOT_STORED" },
        { "skipped by the cursor", "skipped" },
        { "out of order", "in their order" },
        { "back after its close", "after it was closed" },
        { "back before its lease ran out", "before it was free" },
        { "dead too early", "after 1 deliveries" },
        { "opened too often", "in vain more than" },
        { "outlives its process", "outlived" },
        { "refused and there", "was refused and is in" },
        { "refused without need", "although it had" },
        { "more than the limit", "took 2 items" },
        { "new one dropped", "kept an older one" },
        { "all dropped", "kept 0 items" },
    };

    [Fact]
    public void A_server_without_faults_is_not_accused() => Assert.Empty(Flawless().Check());

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_seeded_fault_is_caught(string fault, string sentence)
    {
        var notes = Flawless();
        Seed(notes, fault);

        Assert.Contains(notes.Check(), broken => broken.Contains(sentence, StringComparison.Ordinal));
    }

    private static PromiseNotes Flawless()
    {
        var notes = new PromiseNotes();
        notes.Exits.Add("toxic", "toxic_errors");
        notes.Copies.Add("fan", "fan+copy");
        notes.Cursors.Add("work", "work.audit");
        notes.MaxDeliveries.Add("toxic", 2);
        notes.MaxItems.Add("narrow", 1);
        notes.Newest.Add("recent", 2);
        notes.Fleeting.Add("brisk");
        notes.Sets.AddRange(
        [
            new("w1", "work", 0) { End = SetEnd.Stored }, new("w2", "work", 0),
            new("w3", "work", 0) { End = SetEnd.Stored },
            new("late", "late", 100) { DelayMilliseconds = 50, End = SetEnd.Stored },
            new("i1", "dedup", 0) { Id = "1" }, new("i2", "dedup", 0) { Id = "1", End = SetEnd.Stored },
            new("i3", "dedup", 0) { Id = "1", End = SetEnd.Refused },
            new("f1", "fan", 0) { End = SetEnd.Stored }, new("f2", "fan", 0),
            new("t1", "toxic", 0) { End = SetEnd.Stored }, new("t2", "toxic", 0) { End = SetEnd.Stored },
            new("n1", "narrow", 0) { End = SetEnd.Stored }, new("n2", "narrow", 0) { End = SetEnd.Refused },
            new("r1", "recent", 0) { End = SetEnd.Stored }, new("r2", "recent", 0) { End = SetEnd.Stored },
            new("r3", "recent", 0), new("r4", "recent", 0) { End = SetEnd.Stored },
            new("b1", "brisk", 0) { End = SetEnd.Stored, Life = 1 },
        ]);
        notes.Reads.AddRange(
        [
            new("w1", "work.audit", 10), new("w1", "work.audit", 20) { IsClosed = true },
            new("w2", "work.audit", 30) { IsClosed = true }, new("w3", "work.audit", 40) { IsClosed = true },
            new("w1", "work", 200) { IsClosed = true }, new("w2", "work", 200) { IsClosed = true },
            new("w3", "work", 200) { IsClosed = true }, new("late", "late", 150) { IsClosed = true },
            new("i2", "dedup", 200) { IsClosed = true },
            new("f1", "fan", 200) { IsClosed = true }, new("f1", "fan+copy", 200) { IsClosed = true },
            new("t1", "toxic", 20), new("t1", "toxic", 30), new("t1", "toxic_errors", 200) { IsClosed = true },
            new("t2", "toxic", 40) { IsAborted = true, HeldUntil = 90 }, new("t2", "toxic", 90),
            new("t2", "toxic", 200) { IsClosed = true },
            new("n1", "narrow", 200) { IsClosed = true },
            new("r2", "recent", 200) { IsClosed = true }, new("r4", "recent", 200) { IsClosed = true },
            new("b1", "brisk", 20) { Life = 1, IsClosed = true },
        ]);
        return notes;
    }

    private static void Seed(PromiseNotes notes, string fault)
    {
        var (sets, reads) = (notes.Sets, notes.Reads);
        switch (fault)
        {
            case "lost":
                reads.RemoveAll(read => read.Payload == "t2");
                break;
            case "twice in its queue":
                reads.Add(new("t2", "toxic", 300) { IsClosed = true });
                break;
            case "in its queue and in its exit":
                reads.Add(new("t1", "toxic", 300) { IsClosed = true });
                break;
            case "early":
                reads.Add(new("late", "late", 140));
                break;
            case "torn copy":
                reads.RemoveAll(read => read.Reader == "fan+copy");
                break;
            case "copy of nothing":
                reads.Add(new("f2", "fan+copy", 300) { IsClosed = true });
                break;
            case "same id twice":
                reads.Add(new("i3", "dedup", 300) { IsClosed = true });
                break;
            case "same id told twice":
                sets.Add(new("i4", "dedup", 0) { Id = "1", End = SetEnd.Stored });
                break;
            case "id of nothing":
                reads.RemoveAll(read => read.Payload == "i2");
                break;
            case "new id refused":
                sets.Add(new("i5", "dedup", 0) { Id = "2", End = SetEnd.Refused });
                break;
            case "skipped by the cursor":
                reads.RemoveAll(read => read.Payload == "w3" && read.Reader == "work.audit");
                break;
            default:
                SeedKept(notes, fault);
                break;
        }
    }

    private static void SeedKept(PromiseNotes notes, string fault)
    {
        var (sets, reads) = (notes.Sets, notes.Reads);
        switch (fault)
        {
            case "back before its lease ran out":
                reads.Insert(reads.FindIndex(read => read.ReadAt == 90), new("t2", "toxic", 87));
                break;
            case "dead too early":
                reads.RemoveAll(read => read.Payload == "t1" && read.ReadAt == 20);
                break;
            case "opened too often":
                reads.Insert(0, new("t1", "toxic", 10));
                break;
            case "outlives its process":
                reads.Insert(0, new("b1", "brisk", 10) { Life = 2 });
                break;
            case "refused and there":
                reads.Add(new("n2", "narrow", 200));
                break;
            case "refused without need":
                sets.Insert(0, new("n0", "narrow", 0) { End = SetEnd.Refused });
                break;
            case "more than the limit":
                reads.Add(new("n2", "narrow", 200) { IsClosed = true });
                break;
            case "new one dropped":
                reads.RemoveAll(read => read.Payload == "r4");
                break;
            case "all dropped":
                reads.RemoveAll(read => read.Reader == "recent");
                break;
            case "out of order":
                reads.Insert(0, new("w2", "work.audit", 5));
                break;
            default:
                reads.Add(new("w2", "work.audit", 50));
                break;
        }
    }
}
