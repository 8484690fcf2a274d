using System.Text.Json;
using System.Text.RegularExpressions;
using Siberite.Ctl.Tests.Support;
using Siberite.Testing;

namespace Siberite.Ctl.Tests;

/// <summary><c>siberitectl queue …</c> against a real server.</summary>
[Trait("Category", "Slow")]
public sealed class QueueCommandTests(RunningSilo silo) : IClassFixture<RunningSilo>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Queues_are_listed_for_people_and_for_scripts()
    {
        await silo.FillAsync("listed-a", 2);
        await silo.FillAsync("listed-b", 1);
        (await silo.CtlAsync("queue", "pause", "listed-b")).MustPrint();

        await Poll.UntilAsync(
            async () =>
            {
                var list = (await silo.CtlAsync("queue", "list", "listed-", "--json")).MustPrint();
                var rows = JsonDocument.Parse(list).RootElement.EnumerateArray()
                    .Select(row => string.Join(' ', row.GetProperty("name"), row.GetProperty("items"),
                        row.GetProperty("isPaused")));
                return rows.SequenceEqual(["listed-a 2 False", "listed-b 1 True"]);
            },
            "the list has them", Poll.Patience);
        var table = (await silo.CtlAsync("queue", "list", "listed-")).MustPrint();
        Assert.Matches(@"listed-a +2 ", table);
        Assert.Matches(@"listed-b +1 .*paused", table);
    }

    [Fact]
    public async Task Figures_and_items_of_one_queue_are_shown_and_stay()
    {
        await silo.FillAsync("looked", 3);
        await using var client = await silo.ConnectAsync();
        await client.SetAsync("looked", flags: 9, new byte[] { 27, (byte)'[', 255 }, Cancellation);

        var stats = (await silo.CtlAsync("queue", "stats", "looked")).MustPrint();
        Assert.StartsWith("queue      looked: strict, served\nitems      4\n", stats, StringComparison.Ordinal);
        var table = (await silo.CtlAsync("queue", "peek", "looked", "-n", "4")).MustPrint();
        Assert.Matches(@"\n +1 .* 0 +1 +0 +0 +\n", table);
        Assert.Contains("base64 G1v/", table, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b", table, StringComparison.Ordinal);
        var json = JsonDocument.Parse(
            (await silo.CtlAsync("queue", "peek", "looked", "--count", "1", "--json")).MustPrint());
        Assert.Equal(1, json.RootElement.GetProperty("items").GetArrayLength());
        Assert.Equal(4, JsonDocument.Parse(
            (await silo.CtlAsync("queue", "stats", "looked", "--json")).MustPrint())
            .RootElement.GetProperty("items").GetInt32());
    }

    [Fact]
    public async Task Delayed_items_and_dead_letters_are_counted()
    {
        (await silo.CtlAsync("queue", "create", "ill", "MaxDeliveries=1")).MustPrint();
        await using (var client = await silo.ConnectAsync())
        {
            await client.SetAsync("ill", flags: 0, "poison"u8.ToArray(), Cancellation);
            await client.SetAsync("ill/delay=600000", flags: 0, "later"u8.ToArray(), Cancellation);
            await client.GetAsync("ill/open", Cancellation);
        }

        await Poll.UntilAsync(
            async () => (await silo.CtlAsync("queue", "stats", "ill")).MustPrint()
                .Contains("failed   1 opened in vain, 0 kept back, 1 dead letters", StringComparison.Ordinal),
            "the dead letter is counted", Poll.Patience);
        Assert.Contains(
            "delayed    1\n", (await silo.CtlAsync("queue", "stats", "ill")).MustPrint(), StringComparison.Ordinal);
        await Poll.UntilAsync(
            async () => Regex.IsMatch((await silo.CtlAsync("queue", "list", "ill")).MustPrint(), @"ill +0 .* 1 +1 "),
            "the list has both", Poll.Patience);
    }

    [Fact]
    public async Task Cursors_are_shown_with_how_far_they_are_behind()
    {
        (await silo.CtlAsync("queue", "create", "cursed", "CursorWarningBytes=1")).MustPrint();
        await silo.FillAsync("cursed", 3);
        await using var client = await silo.ConnectAsync();
        await client.GetAsync("cursed.slow", Cancellation);
        await client.GetAsync("cursed.fast", Cancellation);
        await client.GetAsync("cursed.fast/open", Cancellation);

        var stats = (await silo.CtlAsync("queue", "stats", "cursed")).MustPrint();
        Assert.Contains("  cursor   fast: 1 items behind, 1 open, 0 waiters, last used ", stats,
            StringComparison.Ordinal);
        Assert.Contains("  cursor   slow: 2 items behind, 0 open, ", stats, StringComparison.Ordinal);
        await Poll.UntilAsync(
            async () => (await silo.CtlAsync("queue", "list", "cursed")).MustPrint()
                .Contains("held by cursors", StringComparison.Ordinal),
            "the list warns", Poll.Patience);
        Assert.Contains(
            "warning  held by cursors", (await silo.CtlAsync("queue", "stats", "cursed")).MustPrint(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_are_made_shown_and_taken_back()
    {
        (await silo.CtlAsync("queue", "create", "told", "MaxItems=1")).MustPrint();
        await using var client = await silo.ConnectAsync();
        Assert.Equal("STORED", await client.SetAsync("told", 0, "1"u8.ToArray(), Cancellation));
        Assert.Equal("NOT_STORED", await client.SetAsync("told", 0, "2"u8.ToArray(), Cancellation));

        (await silo.CtlAsync("queue", "set", "told", "MaxItems=2", "maxitembytes=1")).MustPrint();
        Assert.Equal("STORED", await client.SetAsync("told", 0, "2"u8.ToArray(), Cancellation));
        var table = (await silo.CtlAsync("queue", "settings", "told")).MustPrint();
        Assert.Matches(@"MaxItems +2 +run time", table);
        Assert.Matches(@"MaxBytes +0 +file, section default", table);

        (await silo.CtlAsync("queue", "unset", "told", "MaxItems")).MustPrint();
        Assert.Matches(
            @"MaxItemBytes +1 +run time",
            (await silo.CtlAsync("queue", "settings", "told")).MustPrint());
        (await silo.CtlAsync("queue", "unset", "told", "--all")).MustPrint();
        Assert.DoesNotContain(
            "run time", (await silo.CtlAsync("queue", "settings", "told")).MustPrint(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_drops_items_wants_a_yes()
    {
        await silo.FillAsync("risked", 2);

        foreach (var act in (string[])["purge", "delete"])
        {
            var refused = await silo.CtlAsync("queue", act, "risked");
            Assert.Equal(2, refused.ExitCode);
            Assert.Contains("--yes says that you are sure", refused.Errors, StringComparison.Ordinal);
        }

        Assert.Equal("risked was purged\n", (await silo.CtlAsync("queue", "purge", "risked", "--yes")).MustPrint());
        Assert.Equal("risked was deleted\n", (await silo.CtlAsync("queue", "delete", "risked", "-y")).MustPrint());
        Assert.Equal(3, (await silo.CtlAsync("queue", "stats", "risked")).ExitCode);
    }

    [Fact]
    public async Task A_paused_queue_is_resumed()
    {
        await silo.FillAsync("halted", 1);
        await using var client = await silo.ConnectAsync();

        (await silo.CtlAsync("queue", "pause", "halted")).MustPrint();
        Assert.Equal("SERVER_ERROR queue paused", (await client.GetAsync("halted", Cancellation)).Line);
        (await silo.CtlAsync("queue", "resume", "halted")).MustPrint();
        Assert.NotNull((await client.GetAsync("halted", Cancellation)).Item);
    }

    [Fact]
    public async Task A_redrive_moves_what_is_there_in_order()
    {
        await silo.FillAsync("mail_errors", 2_500);
        await silo.FillAsync("mail", 1);

        var part = await silo.CtlAsync("queue", "redrive", "mail_errors", "--max", "1", "--yes");
        Assert.Equal("1 items were moved from mail_errors to mail\n", part.MustPrint());
        var rest = await silo.CtlAsync("queue", "redrive", "mail_errors", "--to", "mail", "--yes");

        Assert.Equal("2499 items were moved from mail_errors to mail\n", rest.MustPrint());
        var items = await RunningSilo.DrainAsync(silo.Process, "mail");
        Assert.Equal(
            ["0", .. Enumerable.Range(0, 2_500).Select(i => $"{i}")],
            items.Select(item => System.Text.Encoding.ASCII.GetString(item.Payload)));
    }

    [Theory]
    [InlineData(3, "There is no queue nowhere.", "stats", "nowhere")]
    [InlineData(3, "There is no queue nowhere.", "peek", "nowhere")]
    [InlineData(3, "There is no queue nowhere.", "settings", "nowhere")]
    [InlineData(3, "There is no queue nowhere.", "set", "nowhere", "MaxItems=1")]
    [InlineData(3, "There is no queue nowhere.", "pause", "nowhere")]
    [InlineData(3, "There is no queue nowhere.", "purge", "nowhere", "--yes")]
    [InlineData(3, "There is no queue nowhere.", "redrive", "nowhere", "--to", "elsewhere", "--yes")]
    [InlineData(2, "--to is needed", "redrive", "nowhere", "--yes")]
    [InlineData(2, "'MaxItems' is no setting; it is key=value", "set", "nowhere", "MaxItems")]
    [InlineData(2, "a is given twice", "set", "nowhere", "a=1", "a=2")]
    [InlineData(2, "name the settings to take back", "unset", "nowhere")]
    [InlineData(1, "unknown setting Siberite:Queues:new:Colour", "create", "new", "Colour=red")]
    [InlineData(1, "The queue name is not legal.", "create", "a b")]
    [InlineData(1, "'count' must be 1 to 1000.", "peek", "nowhere", "-n", "0")]
    [InlineData(2, "Required", "stats")]
    public async Task What_cannot_be_done_is_said_in_one_line(int exitCode, string reason, params string[] arguments)
    {
        var run = await silo.CtlAsync(["queue", .. arguments]);

        Assert.Equal((exitCode, ""), (run.ExitCode, run.Output));
        Assert.Contains(reason, run.Errors, StringComparison.Ordinal);
        Assert.Single(run.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
