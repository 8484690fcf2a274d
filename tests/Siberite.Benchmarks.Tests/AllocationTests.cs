using Siberite.Benchmarks.Local;

namespace Siberite.Benchmarks.Tests;

/// <summary>An item on the local path costs its payload's one array, and nothing else that the collector has to look
/// after.</summary>
/// <remarks>Everything runs on the test's thread, so its own count of allocated bytes is the whole truth.</remarks>
public sealed class AllocationTests
{
    private const int Items = 10_240;
    private const int Pipelined = 64;

    /// <summary>An array of bytes: header, length, and the bytes rounded up to words.</summary>
    private const double PayloadArrayBytes = 16 + 8 + Frames.PayloadBytes;

    /// <summary>No object is smaller than 24 bytes, so one more per item does not pass.</summary>
    private const double MostBytes = PayloadArrayBytes + 12;

    private const double MostBytesPerTurn = 256;

    private static readonly byte[] Sets = Frames.Repeat(Frames.Set, Pipelined);
    private static readonly byte[] Gets = Frames.Repeat(Frames.Get, Pipelined);
    private static readonly byte[] CloseOpens = Frames.Repeat(Frames.CloseOpen, Pipelined);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_item_costs_the_engine_its_payload_alone(bool hasStore)
    {
        using var engine = hasStore ? LocalEngine.OverRocks(new StillTime()) : LocalEngine.OverNothing(new StillTime());
        Check(BytesPerItem(Pipelined, () =>
        {
            for (var count = 0; count < Pipelined; count++)
            {
                engine.Append(Frames.Payload);
                engine.Take();
            }
        }));
    }

    [Fact]
    public void An_item_set_and_taken_through_a_session_costs_its_payload_alone()
    {
        using var session = new PipeSession(LocalEngine.OverNothing(new StillTime()));
        Check(BytesPerItem(Pipelined, () =>
        {
            session.Ask(Sets, Pipelined * Frames.StoredBytes);
            session.Ask(Gets, Pipelined * Frames.ValueBytes);
        }));
    }

    [Fact]
    public void An_item_read_reliably_through_a_session_costs_its_payload_alone()
    {
        using var session = new PipeSession(LocalEngine.OverNothing(new StillTime()));
        session.Ask(Frames.Set, Frames.StoredBytes);
        Check(BytesPerItem(Pipelined, () =>
        {
            session.Ask(Sets, Pipelined * Frames.StoredBytes);
            session.Ask(CloseOpens, Pipelined * Frames.ValueBytes);
        }));
    }

    /// <remarks>A turn of a session's loop may cost what keeps its place while it waits for more bytes; an item that
    /// comes alone takes two.</remarks>
    [Fact]
    public void One_item_at_a_time_costs_two_turns_of_the_loop_beside_its_payload()
    {
        using var session = new PipeSession(LocalEngine.OverNothing(new StillTime()));
        Check(BytesPerItem(1, () =>
        {
            session.Ask(Frames.Set, Frames.StoredBytes);
            session.Ask(Frames.Get, Frames.ValueBytes);
        }), 2 * MostBytesPerTurn);
    }

    /// <remarks>The other tests are worth what this one shows: that they notice a single small object.</remarks>
    [Fact]
    public void One_object_more_per_item_is_noticed()
    {
        using var engine = LocalEngine.OverNothing(new StillTime());
        var kept = new object[1];
        var bytes = BytesPerItem(1, () =>
        {
            engine.Append(Frames.Payload);
            engine.Take();
            kept[0] = new object();
        });
        Assert.True(bytes > MostBytes, $"An object more made {bytes:N1} bytes an item.");
    }

    private static void Check(double bytesPerItem, double mayAlsoCost = 0)
    {
        TestContext.Current.TestOutputHelper?.WriteLine($"{bytesPerItem:N1} bytes an item.");
        Assert.InRange(bytesPerItem, PayloadArrayBytes, MostBytes + mayAlsoCost);
    }

    /// <summary>Runs <paramref name="step"/> until everything that grows has grown, then counts.</summary>
    private static double BytesPerItem(int itemsPerStep, Action step)
    {
        Repeat(Items / itemsPerStep, step);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Repeat(Items / itemsPerStep, step);
        return (GC.GetAllocatedBytesForCurrentThread() - before) / (double)Items;
    }

    private static void Repeat(int times, Action step)
    {
        for (var count = 0; count < times; count++)
        {
            step();
        }
    }
}
