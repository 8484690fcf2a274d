using Siberite.Crash.Tests.Faults;
using Siberite.Crash.Tests.Search;
using Siberite.Testing.Histories;
using Siberite.Testing.Histories.Checkers;

namespace Siberite.Crash.Tests;

/// <summary>The checkers are cheap because they look at pairs. An exhaustive search over small histories says whether
/// they look rightly.</summary>
public sealed class CheckersAgainstSearchTests(ITestOutputHelper output)
{
    private const int Histories = 10_500;
    private const double EnoughOfTheImpossible = 0.9;

    private static readonly SmallBug[] Bugs = [.. Enum.GetValues<SmallBug>().Where(static bug => bug != SmallBug.None)];

    /// <remarks>
    /// Goal: the checkers never accuse a history that some correct server may have produced, and seldom acquit one that
    /// none can have produced.
    /// Method: small histories of a correct server, of buggy ones, and of correct ones changed afterwards; each is
    /// judged by the checkers and by trying every order of moments.
    /// </remarks>
    [Fact]
    public void The_checkers_agree_with_an_exhaustive_search_on_small_histories()
    {
        var seed = Seeds.Next();
        var tally = new Tally();
        Parallel.For(0, Histories, i =>
        {
            var (chronicle, isCorrect) = Play(unchecked(seed + (i * 7_919)), i);
            var verdict = Verdict.Of(chronicle, SmallWorld.Options);
            var finding = LinearizabilitySearch.Explain(chronicle, SmallWorld.Options);
            tally.Add(finding, verdict);

            var again = $"history {i} of {Seeds.CommandFor(nameof(CheckersAgainstSearchTests), seed)}";
            Assert.False(isCorrect && finding == Finding.Impossible, $"the search accuses a correct server: {again}");
            Assert.False(isCorrect && !verdict.IsClean, $"the checkers accuse a correct server: {again}\n{verdict}");
            Assert.False(
                finding == Finding.Explained && !verdict.IsClean, $"the checkers are unsound: {again}\n{verdict}");
        });

        output.WriteLine($"seed {seed}: {tally}");
        Assert.InRange(tally.Undecided, 0, Histories / 30);
        Assert.True(tally.CaughtShare > EnoughOfTheImpossible, tally.ToString());
    }

    private static (Chronicle Chronicle, bool IsCorrect) Play(int seed, int number)
    {
        var random = new Random(seed);
        var kind = number % 3;
        var bug = kind == 1 ? Bugs[random.Next(Bugs.Length)] : SmallBug.None;
        var (operations, crashes, isDrained) = SmallWorld.Play(seed, bug);
        if (kind == 2)
        {
            Perturbation.Apply(operations, random);
        }

        return (new Chronicle(operations, crashes, isDrained), kind == 0);
    }

    private sealed class Tally
    {
        private int _explained;
        private int _impossible;
        private int _caught;
        private int _undecided;

        public int Undecided => _undecided;

        public double CaughtShare => (double)_caught / _impossible;

        public void Add(Finding finding, Verdict verdict)
        {
            switch (finding)
            {
                case Finding.Explained:
                    Interlocked.Increment(ref _explained);
                    break;
                case Finding.Undecided:
                    Interlocked.Increment(ref _undecided);
                    break;
                default:
                    Interlocked.Increment(ref _impossible);
                    Interlocked.Add(ref _caught, verdict.IsClean ? 0 : 1);
                    break;
            }
        }

        public override string ToString()
            => $"{_explained} explained, {_impossible} impossible of which the checkers caught {_caught} "
                + $"({CaughtShare:p1}), {_undecided} undecided";
    }
}
