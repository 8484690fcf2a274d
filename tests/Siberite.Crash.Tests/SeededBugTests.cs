using Siberite.Crash.Tests.Fake;
using Siberite.Testing.Histories;
using Siberite.Testing.Histories.Checkers;

namespace Siberite.Crash.Tests;

/// <summary>The checkers are tests of tests: each known bug of a queue server must be seen by one of them.</summary>
public sealed class SeededBugTests(ITestOutputHelper output)
{
    private const int Attempts = 5;

    private static readonly Dictionary<Mutation, Rule[]> Expected = new()
    {
        [Mutation.DropClose] = [Rule.ClosedIsClosed],
        [Mutation.ResurrectClosed] = [Rule.ClosedIsClosed],
        [Mutation.AcknowledgeBeforeWrite] = [Rule.NoLoss],
        [Mutation.SwapTwoItems] = [Rule.Fifo],
        [Mutation.LoseAborted] = [Rule.OriginalPlace, Rule.EmptyIsEmpty],
        [Mutation.AbortToTail] = [Rule.OriginalPlace],
        [Mutation.AbortTwice] = [Rule.ClosedIsClosed, Rule.ExclusiveOpen, Rule.BoundedDuplicates],
        [Mutation.LoseAbortedForGood] = [Rule.NoLoss],
        [Mutation.DroppedToTail] = [Rule.OriginalPlace],
        [Mutation.LoseDropped] = [Rule.NoLoss],
        [Mutation.DuplicateTake] = [Rule.ClosedIsClosed, Rule.BoundedDuplicates],
        [Mutation.ForgetTake] = [Rule.ClosedIsClosed],
        [Mutation.SharedOpen] = [Rule.ExclusiveOpen],
        [Mutation.CorruptByte] = [Rule.NoCorruption],
        [Mutation.TruncatePayload] = [Rule.NoCorruption],
        [Mutation.StalePayload] = [Rule.NoCorruption],
        [Mutation.LoseFlags] = [Rule.NoPhantom],
        [Mutation.WrongQueue] = [Rule.NoPhantom],
        [Mutation.RefuseButStore] = [Rule.NoPhantom],
        [Mutation.LoseOnRestart] = [Rule.NoLoss, Rule.OriginalPlace, Rule.Fifo],
        [Mutation.LoseOpenOnCrash] = [Rule.NoLoss],
        [Mutation.OpenToTailOnCrash] = [Rule.OriginalPlace],
        [Mutation.ReverseOnRestart] = [Rule.Fifo, Rule.OriginalPlace],
        [Mutation.MultiSetPartial] = [Rule.NoLoss],
        [Mutation.MultiSetTorn] = [Rule.Fanout],
        [Mutation.FalseEmpty] = [Rule.EmptyIsEmpty],
        [Mutation.MissedWakeUp] = [Rule.EmptyIsEmpty],
        [Mutation.SkipHead] = [Rule.Fifo, Rule.OriginalPlace],
        [Mutation.LoseZeroLength] = [Rule.NoLoss],
        [Mutation.ChainClosesNext] = [Rule.NoLoss],
        [Mutation.CloseTwo] = [Rule.NoLoss],
        [Mutation.ClosedReturnsWithSession] = [Rule.ClosedIsClosed],
    };

    public static TheoryData<string, string> EveryMutationAndCrash()
    {
        var data = new TheoryData<string, string>();
        foreach (var mutation in Expected.Keys)
        {
            data.Add(mutation.ToString(), nameof(CrashKind.Kill));
        }

        data.Add(nameof(Mutation.AcknowledgeBeforeWrite), nameof(CrashKind.PowerCut));
        data.Add(nameof(Mutation.ResurrectClosed), nameof(CrashKind.PowerCut));
        data.Add(nameof(Mutation.ForgetTake), nameof(CrashKind.PowerCut));
        data.Add(nameof(Mutation.LoseOpenOnCrash), nameof(CrashKind.PowerCut));
        return data;
    }

    /// <remarks>Timing decides whether a bug has consequences, so a run in which it has none is played again.</remarks>
    [Theory]
    [MemberData(nameof(EveryMutationAndCrash))]
    public async Task A_seeded_bug_is_caught(string mutation, string crash)
    {
        var bug = Enum.Parse<Mutation>(mutation);
        for (var seed = 1; seed <= Attempts; seed++)
        {
            var (verdict, hasStruck) = await FakeRun.PlayAsync(bug, Enum.Parse<CrashKind>(crash), seed);
            if (hasStruck && verdict.BrokenRules.Overlaps(Expected[bug]))
            {
                var counts = verdict.Violations.CountBy(static v => v.Rule).Select(static p => $"{p.Key} {p.Value}");
                output.WriteLine($"{mutation} under {crash}: {string.Join(", ", counts)}, attempt {seed}");
                return;
            }
        }

        Assert.Fail($"{mutation} was caught by none of {string.Join(", ", Expected[bug])} in {Attempts} runs.");
    }

    [Fact]
    public void Every_mutation_has_an_expected_rule()
        => Assert.Equal(Enum.GetValues<Mutation>().Where(static m => m != Mutation.None), Expected.Keys.Order());

    [Theory]
    [InlineData(nameof(CrashKind.Kill), 1)]
    [InlineData(nameof(CrashKind.Kill), 2)]
    [InlineData(nameof(CrashKind.Kill), 3)]
    [InlineData(nameof(CrashKind.PowerCut), 4)]
    [InlineData(nameof(CrashKind.PowerCut), 5)]
    public async Task A_server_without_bugs_is_not_accused(string crash, int seed)
    {
        var (verdict, _) = await FakeRun.PlayAsync(Mutation.None, Enum.Parse<CrashKind>(crash), seed);

        Assert.True(verdict.IsClean, $"seed {seed}: {verdict}");
    }
}
