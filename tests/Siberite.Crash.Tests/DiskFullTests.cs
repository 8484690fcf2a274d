using Siberite.Crash.Tests.Faults;
using Siberite.Testing;
using Siberite.Testing.Histories;
using Siberite.Testing.Histories.Workload;

namespace Siberite.Crash.Tests;

[Collection(nameof(RealServers)), Trait("Category", "Slow")]
public sealed class DiskFullTests(ITestOutputHelper output)
{
    private const string Queue = "one";
    private const string Reserve = "--Siberite:Storage:ReserveBytes=134217728";
    private const int DiskMebibytes = 448;
    private const int LargeItemBytes = 1_000_000;
    private const int MaxItems = 2_000;

    private static readonly WorkloadPlan Plan = new() { Targets = [Queue] };

    private int _sent;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_disk_filled_by_others_refuses_sets_and_nothing_else_until_there_is_room()
    {
        await using var disk = await LoopDisk.CreateOrSkipAsync(DiskMebibytes);
        await using var served = new ServedWorkload(disk.DataDirectory, [Reserve], Plan, seed: 0);
        await served.ServeAsync();
        await using var session = await served.BeginSessionAsync("client", Cancellation);
        for (var i = 0; i < 50; i++)
        {
            Assert.Equal(Outcome.Ok, await SetAsync(session, 1_000));
        }

        await disk.FillAsync(freeBytes: 64 << 20);
        await UntilSetIsAsync(session, Outcome.Refused, 1_000);
        for (var i = 0; i < 20; i++)
        {
            var item = await session.OpenAsync(Queue, TimeSpan.Zero, Cancellation);
            await session.CloseAsync(Queue, item!.Value, Cancellation);
            Assert.True(await session.TakeAsync(Queue, TimeSpan.Zero, Cancellation));
            Assert.Equal(Outcome.Refused, await SetAsync(session, 1_000));
        }

        disk.Unfill();
        await UntilSetIsAsync(session, Outcome.Ok, 1_000);
        await session.QuitAsync(Cancellation);
        await FinishAsync(served);
    }

    [Fact]
    public async Task A_disk_filled_by_items_takes_more_once_they_are_read()
    {
        await using var disk = await LoopDisk.CreateOrSkipAsync(DiskMebibytes);
        await using var served = new ServedWorkload(disk.DataDirectory, [Reserve], Plan, seed: 0);
        await served.ServeAsync();
        await using var session = await served.BeginSessionAsync("client", Cancellation);

        await UntilSetIsAsync(session, Outcome.Refused, LargeItemBytes);
        Assert.InRange(_sent, 50, MaxItems);
        await served.Run.DrainAsync(TimeSpan.Zero);
        await UntilSetIsAsync(session, Outcome.Ok, LargeItemBytes);
        await session.QuitAsync(Cancellation);
        await FinishAsync(served);
    }

    private async Task FinishAsync(ServedWorkload served)
    {
        var verdict = await served.FinishAsync();
        output.WriteLine(served.Summary);
        Assert.True(verdict.IsClean, $"{verdict}\n{served.ServerOutput}");
        Assert.Equal(0, await served.Server.StopAsync());
    }

    /// <summary>The server looks at the disk now and then, so it takes a while to notice; and what is stored must
    /// fit.</summary>
    private Task UntilSetIsAsync(LoggedSession session, Outcome wanted, int sizeBytes)
        => Poll.UntilAsync(
            async () => await SetAsync(session, sizeBytes) == wanted,
            $"a set that is {wanted}",
            TimeSpan.FromMinutes(1));

    private async Task<Outcome> SetAsync(LoggedSession session, int sizeBytes)
    {
        session.WriteSet(Queue, new ItemId(1, ++_sent), sizeBytes);
        await session.SendAsync(Cancellation);
        var outcome = await session.ReadStoredAsync(Cancellation);
        Assert.NotEqual(Outcome.Unknown, outcome);
        return outcome;
    }
}
