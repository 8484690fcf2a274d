using Siberite.Ctl.Tests.Support;

namespace Siberite.Ctl.Tests;

/// <summary><c>siberitectl queue export</c> and <c>import</c> against a real server.</summary>
[Trait("Category", "Slow")]
public sealed class FileCommandTests(RunningSilo silo) : IClassFixture<RunningSilo>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Items_come_out_of_a_file_as_they_went_in()
    {
        var file = silo.PathOf("whole");
        await silo.FillAsync("whole", 2_500);
        await using var client = await silo.ConnectAsync();
        await client.SetAsync("whole", flags: 77, new byte[300_000], Cancellation);
        await client.SetAsync("whole", flags: 0, Array.Empty<byte>(), Cancellation);
        await client.AskAsync("set whole 5 100 1\r\nx", Cancellation);

        var export = await silo.CtlAsync("queue", "export", "whole", file);
        Assert.Equal($"2503 items of whole are in {file}\n", export.MustPrint());
        var import = await silo.CtlAsync("queue", "import", "copied", file);
        Assert.Equal($"2503 items of {file} are in copied\n", import.MustPrint());

        var before = await RunningSilo.DrainAsync(silo.Process, "whole");
        var peeked = (await silo.CtlAsync("queue", "peek", "copied", "-n", "1000")).MustPrint();
        Assert.DoesNotMatch(@"20\d\d-.*20\d\d-", peeked); // None of the first expires.
        var after = await RunningSilo.DrainAsync(silo.Process, "copied");
        Assert.Equal(2_503, before.Count);
        Assert.Equal(
            before.Select(item => (item.Flags, Convert.ToHexString(item.Payload))),
            after.Select(item => (item.Flags, Convert.ToHexString(item.Payload))));
    }

    [Fact]
    public async Task Expiry_goes_with_an_item()
    {
        var file = silo.PathOf("expiring");
        await using var client = await silo.ConnectAsync();
        await client.AskAsync("set expiring 5 100 1\r\nx", Cancellation);
        (await silo.CtlAsync("queue", "export", "expiring", file)).MustPrint();
        (await silo.CtlAsync("queue", "import", "expiring-too", file)).MustPrint();

        Assert.Matches(@"20\d\d-.*20\d\d-", (await silo.CtlAsync("queue", "peek", "expiring-too")).MustPrint());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(40)]
    [InlineData(2_000)]
    public async Task An_export_that_was_cut_short_goes_on_where_it_ended(int cutBytes)
    {
        var (queue, file) = ($"cut-{cutBytes}", silo.PathOf($"cut-{cutBytes}"));
        await silo.FillAsync(queue, 1_200);
        (await silo.CtlAsync("queue", "export", queue, file)).MustPrint();
        var whole = await File.ReadAllBytesAsync(file, Cancellation);
        await File.WriteAllBytesAsync(file, whole[..^cutBytes], Cancellation);

        Assert.Equal(2, (await silo.CtlAsync("queue", "export", queue, file)).ExitCode);
        (await silo.CtlAsync("queue", "export", queue, file, "--resume")).MustPrint();

        Assert.Equal(whole, await File.ReadAllBytesAsync(file, Cancellation));
        Assert.Equal(
            $"1200 items of {queue} are in {file}\n",
            (await silo.CtlAsync("queue", "export", queue, file, "--resume")).MustPrint());
    }

    [Fact]
    public async Task An_import_that_ended_early_goes_on_where_it_ended()
    {
        var file = silo.PathOf("early");
        await silo.FillAsync("early", 30);
        (await silo.CtlAsync("queue", "export", "early", file)).MustPrint();
        (await silo.CtlAsync("queue", "create", "narrow", "MaxItems=10")).MustPrint();

        var first = await silo.CtlAsync("queue", "import", "narrow", file);
        Assert.Equal(1, first.ExitCode);
        Assert.Contains("10 items were stored, then: Queue narrow takes no", first.Errors, StringComparison.Ordinal);
        (await silo.CtlAsync("queue", "unset", "narrow", "--all")).MustPrint();
        Assert.Contains(
            "--resume goes on", (await silo.CtlAsync("queue", "import", "narrow", file)).Errors,
            StringComparison.Ordinal);
        (await silo.CtlAsync("queue", "import", "narrow", file, "--resume")).MustPrint();

        var items = await RunningSilo.DrainAsync(silo.Process, "narrow");
        Assert.Equal(
            Enumerable.Range(0, 30).Select(i => $"{i}"),
            items.Select(item => System.Text.Encoding.ASCII.GetString(item.Payload)));
    }

    [Fact]
    public async Task A_file_without_an_end_is_taken_only_when_told_so()
    {
        var file = silo.PathOf("endless");
        await silo.FillAsync("endless", 5);
        (await silo.CtlAsync("queue", "export", "endless", file)).MustPrint();
        var lines = await File.ReadAllLinesAsync(file, Cancellation);
        await File.WriteAllTextAsync(file, string.Join('\n', lines[..3]) + "\n{\"storeId\":\"ha", Cancellation);

        var refused = await silo.CtlAsync("queue", "import", "endless-too", file);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("has no end", refused.Errors, StringComparison.Ordinal);
        (await silo.CtlAsync("queue", "import", "endless-too", file, "--partial")).MustPrint();

        Assert.Equal(2, (await RunningSilo.DrainAsync(silo.Process, "endless-too")).Count);
    }

    [Theory]
    [InlineData("", "is no export of a queue")]
    [InlineData("{\"format\":\"other\",\"version\":1,\"queue\":\"q\"}\n", "is no export of a queue")]
    [InlineData("{\"format\":\"siberite-queue\",\"version\":2,\"queue\":\"q\"}\n", "is no export of a queue")]
    [InlineData("{\"format\":\"siberite-queue\",\"version\":1,\"queue\":\"q\"}\nwhat\nelse\n", "item 1 of the file")]
    public async Task A_file_of_something_else_is_refused(string text, string reason)
    {
        var file = silo.PathOf(Guid.NewGuid().ToString("n"));
        await File.WriteAllTextAsync(file, text, Cancellation);

        var run = await silo.CtlAsync("queue", "import", "strange", file, "--partial");

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains(reason, run.Errors, StringComparison.Ordinal);
        Assert.Equal(3, (await silo.CtlAsync("queue", "stats", "strange")).ExitCode);
    }

    [Fact]
    public async Task Files_that_cannot_be_had_are_named()
    {
        await silo.FillAsync("filed", 1);

        var import = await silo.CtlAsync("queue", "import", "filed", silo.PathOf("no-such-file"));
        var export = await silo.CtlAsync("queue", "export", "filed", silo.PathOf("no-such/file"));

        Assert.Contains("cannot read ", import.Errors, StringComparison.Ordinal);
        Assert.Contains("cannot write ", export.Errors, StringComparison.Ordinal);
        Assert.Equal((1, 1), (import.ExitCode, export.ExitCode));
    }
}
