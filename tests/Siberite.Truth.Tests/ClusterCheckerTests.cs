using Siberite.Testing.Histories;
using Siberite.Testing.Histories.Checkers;

namespace Siberite.Truth.Tests;

/// <summary>Tests of the judge: what a cluster must not do is seen, and what a fault excuses is not.</summary>
public sealed class ClusterCheckerTests
{
    private const string Queue = "q";
    private const string Loose = "loose";

    private readonly Ledger _ledger = new();
    private readonly List<Absence> _absences = [];
    private int _lastNumber;

    [Fact]
    public void A_quiet_history_is_clean()
    {
        var (set, item) = Set(Queue, "silo2");
        Answer(set, Outcome.Ok);
        Close(Open(Queue, item, "silo3"));

        Assert.True(Judge().IsClean);
    }

    [Fact]
    public void An_item_that_was_acknowledged_is_missed_whatever_was_refused()
    {
        Answer(Set(Queue, "silo2").Set, Outcome.Ok);
        var disturbance = Disturb("silo1");
        Answer(_ledger.Invoke(Session("silo2"), Act.Take, Queue), Outcome.Refused);
        _ledger.EndDisturbance(disturbance);

        Assert.Equal([Rule.NoLoss], Judge().BrokenRules);
    }

    [Fact]
    public void A_refused_set_must_leave_nothing_behind()
    {
        var disturbance = Disturb("silo1");
        var (set, item) = Set(Queue, "silo2");
        Answer(set, Outcome.Refused);
        _ledger.EndDisturbance(disturbance);
        Close(Open(Queue, item, "silo2"));

        Assert.Contains(Rule.NoPhantom, Judge().BrokenRules);
    }

    [Fact]
    public void A_queue_that_is_served_while_its_home_is_away_is_noticed()
    {
        var disturbance = Disturb("silo1");
        var absence = new Absence("silo1", _ledger.Mark(), isReachable: false);
        _absences.Add(absence);
        Answer(_ledger.Invoke(Session("silo2"), Act.Open, Queue), Outcome.Ok);
        absence.End = _ledger.Mark();
        _ledger.EndDisturbance(disturbance);

        Assert.Contains("did nothing", Assert.Single(Judge().Complaints), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("silo1", "silo2", true)]
    [InlineData("silo3", "silo2", false)]
    [InlineData("silo3", "silo3", true)]
    [InlineData("silo3", null, true)]
    public void An_error_is_excused_by_a_fault_of_the_home_or_the_gateway_alone(
        string disturbed, string? gateway, bool isExcused)
    {
        var disturbance = Disturb(disturbed);
        Answer(_ledger.Invoke(Session(gateway), Act.Open, Queue), Outcome.Refused);
        _ledger.EndDisturbance(disturbance);

        Assert.Equal(isExcused, Judge().IsClean);
    }

    /// <remarks>While a fault lasts, a home may have given up a gateway and its open reads.</remarks>
    [Theory]
    [InlineData("silo1", true)]
    [InlineData("silo3", false)]
    public void An_item_in_two_hands_is_excused_by_a_fault_of_either_side_alone(string disturbed, bool isExcused)
    {
        var (set, item) = Set(Queue, "silo2");
        Answer(set, Outcome.Ok);
        Open(Queue, item, "silo2"); // And keeps it.
        var disturbance = Disturb(disturbed);
        var second = Open(Queue, item, "silo2");
        _ledger.EndDisturbance(disturbance);
        Close(second);

        Assert.Equal(isExcused, !Judge().BrokenRules.Contains(Rule.ExclusiveOpen));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_close_that_was_answered_counts_unless_the_queue_moved_under_it(bool hasMoved)
    {
        var (set, item) = Set(Queue, "silo2");
        Answer(set, Outcome.Ok);
        var read = Open(Queue, item, "silo2");
        var move = hasMoved ? _ledger.BeginDisturbance("a move", DisturbanceKind.Move, [], [Queue]) : null;
        Close(read);
        if (move is not null)
        {
            _ledger.EndDisturbance(move);
        }

        Close(Open(Queue, item, "silo2"));

        Assert.Equal(!hasMoved, Judge().BrokenRules.Contains(Rule.ClosedIsClosed));
    }

    [Theory]
    [InlineData("silo1", "silo1", true)]
    [InlineData("silo1", "silo2", false)]
    public void Items_of_one_shard_are_in_order_and_those_of_two_need_not_be(
        string firstGateway, string secondGateway, bool isBroken)
    {
        var (first, firstItem) = Set(Loose, firstGateway);
        Answer(first, Outcome.Ok);
        var (second, secondItem) = Set(Loose, secondGateway);
        Answer(second, Outcome.Ok);
        Close(Open(Loose, secondItem, "silo3"));
        Close(Open(Loose, firstItem, "silo3"));

        Assert.Equal(isBroken, Judge().BrokenRules.Contains(Rule.Fifo));
    }

    /// <remarks>
    /// Goal: who waits in two lines and wins in both gives the local item back; that it was overtaken meanwhile is no
    /// fault, and anything else is.
    /// Method: the second item of a shard is handed out before the first, while some other get is under way.
    /// </remarks>
    [Theory]
    [InlineData("silo1", 1, true)]
    [InlineData(null, 1, true)]
    [InlineData("silo1", 0, false)]
    [InlineData("silo2", 1, false)]
    public void A_shard_is_overtaken_only_while_a_wait_on_its_silo_wins_elsewhere(
        string? gateway, int waitSeconds, bool isExcused)
    {
        var (first, firstItem) = Set(Loose, "silo1");
        Answer(first, Outcome.Ok);
        var (second, secondItem) = Set(Loose, "silo1");
        Answer(second, Outcome.Ok);
        var (elsewhere, elsewhereItem) = Set(Loose, "silo3");
        Answer(elsewhere, Outcome.Ok);

        var wait = _ledger.Invoke(
            Session(gateway), Act.Open, Loose, wait: TimeSpan.FromSeconds(waitSeconds));
        var overtaking = Open(Loose, secondItem, "silo2");
        _ledger.Return(wait, Outcome.Ok, elsewhereItem);
        Close(wait);
        Close(overtaking);
        Close(Open(Loose, firstItem, "silo2"));

        Assert.Equal(isExcused, !Judge().BrokenRules.Contains(Rule.Fifo));
    }

    [Fact]
    public void A_wait_that_has_won_elsewhere_excuses_nothing_after_its_reply()
    {
        var (first, firstItem) = Set(Loose, "silo1");
        Answer(first, Outcome.Ok);
        var (second, secondItem) = Set(Loose, "silo1");
        Answer(second, Outcome.Ok);
        var (elsewhere, elsewhereItem) = Set(Loose, "silo3");
        Answer(elsewhere, Outcome.Ok);

        var wait = _ledger.Invoke(Session("silo1"), Act.Open, Loose, wait: TimeSpan.FromSeconds(1));
        _ledger.Return(wait, Outcome.Ok, elsewhereItem);
        Close(wait);
        Close(Open(Loose, secondItem, "silo2"));
        Close(Open(Loose, firstItem, "silo2"));

        Assert.Contains(Rule.Fifo, Judge().BrokenRules);
    }

    private Session Session(string? gateway) => _ledger.BeginSession("client", int.MaxValue, gateway);

    private Disturbance Disturb(string silo)
        => _ledger.BeginDisturbance("a fault", DisturbanceKind.Silo, [silo], queues: []);

    private (Operation Set, ItemId Item) Set(string queue, string gateway)
    {
        var item = new ItemId(1, ++_lastNumber);
        return (_ledger.Invoke(Session(gateway), Act.Set, queue, item), item);
    }

    private Operation Open(string queue, ItemId item, string gateway)
    {
        var read = _ledger.Invoke(Session(gateway), Act.Open, queue);
        _ledger.Return(read, Outcome.Ok, item);
        return read;
    }

    private void Close(Operation read)
        => Answer(_ledger.Invoke(read.Session, Act.Close, read.Queue, read.Item), Outcome.Ok);

    private void Answer(Operation operation, Outcome outcome) => _ledger.Return(operation, outcome);

    /// <summary>The queue is at home on silo 1.</summary>
    private TruthVerdict Judge()
    {
        string[] silos = ["silo1", "silo2", "silo3"];
        var chronicle = _ledger.CloseCluster(queue => queue == Loose, silos, HomesOf);
        return TruthVerdict.Of(chronicle, HomesOf, _absences, probes: []);
    }

    private static IReadOnlyCollection<string> HomesOf(string queue) => queue == Queue ? ["silo1"] : [];
}
