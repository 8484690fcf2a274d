using OpenQA.Selenium;
using OpenQA.Selenium.Chrome;
using Siberite.Server.Tests.Support;
using Siberite.Testing;
using static Siberite.Server.Tests.Support.Browser;

namespace Siberite.Server.Tests;

/// <summary>The pages as a person sees them, in a real browser.</summary>
[Trait("Category", "Slow")]
public sealed class BrowserTests(RunningServer server) : IClassFixture<RunningServer>, IDisposable
{
    private readonly Browser _browser = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Address => $"http://{server.Process.AdminEndPoint}/";

    public void Dispose() => _browser.Dispose();

    [Fact]
    public async Task Counts_appear_and_stay_fresh_without_a_reload()
    {
        await using var client = await server.ConnectAsync();
        await client.SetAsync("orders", flags: 0, "first"u8.ToArray(), Cancellation);
        var page = Open(Address);
        await UntilAsync(() => Cell(page, "orders", 1) == "1", "the page shows the item");
        page.ExecuteScript("window.sameDocument = true");

        await client.SetAsync("orders", flags: 0, "second"u8.ToArray(), Cancellation);
        await UntilAsync(() => Cell(page, "orders", 1) == "2", "the count follows");
        await client.GetAsync("orders", Cancellation);
        await client.GetAsync("orders", Cancellation);
        await UntilAsync(() => Cell(page, "orders", 1) == "0", "the count falls");

        Assert.Equal(true, page.ExecuteScript("return window.sameDocument"));
        Assert.Empty(Complaints(page));
    }

    [Fact]
    public async Task A_name_that_looks_like_HTML_is_text()
    {
        await using var client = await server.ConnectAsync();
        await client.SetAsync("<b>x", flags: 0, "1"u8.ToArray(), Cancellation);
        var page = Open(Address);
        await UntilAsync(() => Cell(page, "<b>x", 1) == "1", "the name is shown");
        await client.SetAsync("<b>x", flags: 0, "1"u8.ToArray(), Cancellation);
        await UntilAsync(() => Cell(page, "<b>x", 1) == "2", "and still after a refresh");

        Assert.Empty(page.FindElements(By.CssSelector("#rows b")));
    }

    [Fact]
    public async Task The_table_filters_and_sorts()
    {
        await using var client = await server.ConnectAsync();
        foreach (var (queue, count) in new[] { ("sorted-a", 1), ("sorted-b", 3), ("sorted-c", 2) })
        {
            for (var i = 0; i < count; i++)
            {
                await client.SetAsync(queue, flags: 0, "x"u8.ToArray(), Cancellation);
            }
        }

        var page = Open(Address);
        page.FindElement(By.Id("filter")).SendKeys("sorted-");
        await UntilAsync(() => Names(page) == "sorted-b sorted-c sorted-a", "most items come first");

        page.FindElement(By.CssSelector("[data-sort=items]")).Click();
        await UntilAsync(() => Names(page) == "sorted-a sorted-c sorted-b", "a second click turns it round");
        page.FindElement(By.CssSelector("[data-sort=name]")).Click();
        await UntilAsync(() => Names(page) == "sorted-a sorted-b sorted-c", "names go up");

        Assert.Equal("ascending", page.FindElement(By.CssSelector("th:first-child")).GetAttribute("aria-sort"));
    }

    [Fact]
    public async Task A_server_that_is_gone_is_announced()
    {
        using var directory = new TemporaryDirectory();
        await using var passing = await ServerProcess.StartAsync(directory["data"]);
        var page = Open($"http://{passing.AdminEndPoint}/");
        await UntilAsync(() => page.FindElement(By.Id("pulse")).GetAttribute("class") == "fresh", "the page is fresh");
        Assert.False(page.FindElement(By.Id("trouble")).Displayed);

        await passing.KillAsync();

        await UntilAsync(
            () => page.FindElement(By.Id("trouble")).Text.Contains("cannot be reached", StringComparison.Ordinal),
            "the banner says so");
    }

    [Fact]
    public async Task The_dashboard_shows_our_grains()
    {
        var page = Open(Address);
        page.FindElement(By.LinkText("Orleans dashboard")).Click();

        await UntilAsync(
            () => page.FindElement(By.TagName("body")).Text.Contains("Overview", StringComparison.Ordinal),
            "the dashboard renders");
        page.Navigate().GoToUrl(new Uri(Address + "dashboard/#/grains"));

        // A silo that is alone asks it for little. To end a queue is one of those things.
        await using var client = await server.ConnectAsync();
        await UntilAsync(
            async () =>
            {
                await client.SetAsync("grained", flags: 0, "x"u8.ToArray(), Cancellation);
                await client.AskAsync("delete grained", Cancellation);
                return page.FindElement(By.TagName("body")).Text.Contains("QueueGrain", StringComparison.Ordinal);
            },
            "our grain type is listed");

        Assert.Empty(Complaints(page));
    }

    [Fact]
    public async Task One_queue_is_looked_into_and_paused_and_resumed()
    {
        await using var client = await server.ConnectAsync();
        await client.SetAsync("opened", flags: 3, "<i>first</i>"u8.ToArray(), Cancellation);
        var page = await OpenQueueAsync("opened");

        await UntilAsync(
            () => page.FindElement(By.Id("queue-rows")).Text.Contains("<i>first</i>", StringComparison.Ordinal),
            "its item is shown as text");
        Assert.Contains("MaxItems", page.FindElement(By.Id("setting-rows")).Text, StringComparison.Ordinal);

        page.FindElement(By.Id("pause")).Click();
        await UntilAsync(() => page.FindElement(By.Id("pause")).Text == "Resume", "it is paused");
        Assert.Equal("SERVER_ERROR queue paused", (await client.GetAsync("opened", Cancellation)).Line);
        page.FindElement(By.CssSelector("#queue-dialog button[value=close]")).Click();
        await UntilAsync(() => Cell(page, "opened", 11) == "paused", "the table says so");

        OpenDialog(page, "opened");
        await UntilAsync(() => page.FindElement(By.Id("pause")).Text == "Resume", "and so does the dialog");
        page.FindElement(By.Id("pause")).Click();
        await UntilAsync(() => page.FindElement(By.Id("pause")).Text == "Pause", "it is resumed");
        Assert.NotNull((await client.GetAsync("opened", Cancellation)).Item);
        Assert.Empty(Complaints(page));
    }

    [Fact]
    public async Task Delayed_items_and_dead_letters_are_counted()
    {
        using var operators = new OperatorClient(server.Process);
        await operators.DoAsync("POST", "api/queues/ill", """{"MaxDeliveries": 1}""");
        await using (var client = await server.ConnectAsync())
        {
            await client.SetAsync("ill", flags: 0, "poison"u8.ToArray(), Cancellation);
            await client.SetAsync("ill/delay=600000", flags: 0, "later"u8.ToArray(), Cancellation);
            await client.GetAsync("ill/open", Cancellation);
        }

        var page = await OpenQueueAsync("ill");

        await UntilAsync(() => Cell(page, "ill", 7) == "1", "the table shows the dead letter");
        await UntilAsync(() => Cell(page, "ill_errors", 1) == "1", "and where it is");
        Assert.Equal("1", Cell(page, "ill", 6));
        page.FindElement(By.CssSelector("#queue-dialog button[value=close]")).Click();
        OpenDialog(page, "ill");
        await UntilAsync(
            () => page.FindElement(By.Id("queue-counts")).Text
                .Contains("1 opened in vain, 0 kept back, 1 dead letters", StringComparison.Ordinal),
            "the dialog tells them apart");
        Assert.Contains(
            "0 items, 0 B, 1 more are not due yet", page.FindElement(By.Id("queue-facts")).Text,
            StringComparison.Ordinal);
        Assert.Empty(Complaints(page));
    }

    [Fact]
    public async Task A_queue_that_an_abandoned_cursor_holds_is_shown()
    {
        using var operators = new OperatorClient(server.Process);
        await operators.DoAsync("POST", "api/queues/held", """{"CursorWarningBytes": 2}""");
        await using var client = await server.ConnectAsync();
        await client.SetAsync("held", flags: 0, "1"u8.ToArray(), Cancellation);
        await client.GetAsync("held.slow", Cancellation);
        await client.SetAsync("held", flags: 0, "23"u8.ToArray(), Cancellation);
        var page = await OpenQueueAsync("held");

        await UntilAsync(() => Cell(page, "held", 11) == "held by cursors", "the table says so");
        page.FindElement(By.CssSelector("#queue-dialog button[value=close]")).Click();
        OpenDialog(page, "held");
        await UntilAsync(
            () => page.FindElement(By.Id("queue-cursors")).Text
                == "Held by cursors: they keep more than CursorWarningBytes. Cursors: slow is 1 items behind, 0 open.",
            "the dialog says by which");
        Assert.Empty(Complaints(page));
    }

    [Fact]
    public async Task A_purge_and_a_deletion_ask_first()
    {
        await using var client = await server.ConnectAsync();
        await client.SetAsync("risked", flags: 0, "1"u8.ToArray(), Cancellation);
        var page = await OpenQueueAsync("risked");

        page.FindElement(By.Id("purge")).Click();
        await AnswerAsync(page, "Drop every item that waits in risked?", "no");
        Assert.NotNull((await client.GetAsync("risked/peek", Cancellation)).Item);
        page.FindElement(By.Id("purge")).Click();
        await AnswerAsync(page, "Drop every item that waits in risked?", "yes");
        await UntilAsync(() => page.FindElement(By.Id("queue-note")).Text == "Purged.", "it says so");
        Assert.Null((await client.GetAsync("risked/peek", Cancellation)).Item);

        page.FindElement(By.Id("delete")).Click();
        await AnswerAsync(page, "Delete risked with all its items and settings?", "yes");
        await UntilAsync(() => !page.FindElement(By.Id("queue-dialog")).Displayed, "the dialog is gone");
        await UntilAsync(() => Cell(page, "risked", 0) is null, "and the queue with it");
        Assert.Empty(Complaints(page));
    }

    [Fact]
    public async Task A_redrive_moves_the_items_and_says_what_it_cannot_do()
    {
        await using var client = await server.ConnectAsync();
        for (var i = 0; i < 3; i++)
        {
            await client.SetAsync("work_errors", flags: 0, "x"u8.ToArray(), Cancellation);
        }

        var page = await OpenQueueAsync("work_errors");
        Assert.Equal("work", page.FindElement(By.Id("redrive-to")).GetAttribute("value"));
        page.FindElement(By.Id("redrive")).Click();
        await AnswerAsync(page, "Move the items of work_errors to the tail of work?", "yes");
        await UntilAsync(
            () => page.FindElement(By.Id("queue-note")).Text == "There is no queue work_errors, or no queue work.",
            "the reason is said");

        await client.SetAsync("work", flags: 0, "y"u8.ToArray(), Cancellation);
        page.FindElement(By.Id("redrive")).Click();
        await AnswerAsync(page, "Move the items of work_errors to the tail of work?", "yes");
        await UntilAsync(
            () => page.FindElement(By.Id("queue-note")).Text == "3 of 3 items moved to work.", "they are moved");
        Assert.Equal("y"u8.ToArray(), (await client.GetAsync("work", Cancellation)).Item!.Payload);
        Assert.Equal("x"u8.ToArray(), (await client.GetAsync("work", Cancellation)).Item!.Payload);
    }

    private static string? Names(ChromeDriver page)
        => (string?)page.ExecuteScript(
            "return [...document.querySelectorAll('#rows tr')].map(row => row.cells[0].textContent).join(' ')");

    private async Task<ChromeDriver> OpenQueueAsync(string queue)
    {
        var page = Open(Address);
        await UntilAsync(() => Cell(page, queue, 12) == "Open", "the queue is in the table");
        OpenDialog(page, queue);
        await UntilAsync(
            () => page.FindElement(By.Id("queue-facts")).Text.Contains(" items, ", StringComparison.Ordinal),
            "the dialog has the queue");
        return page;
    }

    private static void OpenDialog(ChromeDriver page, string queue)
        => page.ExecuteScript(
            "[...document.querySelectorAll('#rows tr')]"
            + ".find(row => row.cells[0].textContent === arguments[0]).querySelector('button').click()",
            queue);

    private static async Task AnswerAsync(ChromeDriver page, string question, string answer)
    {
        await UntilAsync(
            () => page.FindElement(By.Id("confirm-text")).Text.StartsWith(question, StringComparison.Ordinal),
            "the page asks");
        page.FindElement(By.CssSelector($"#confirm-dialog button[value={answer}]")).Click();
        await UntilAsync(() => !page.FindElement(By.Id("confirm-dialog")).Displayed, "the question is gone");
    }

    private ChromeDriver Open(string address) => _browser.Open(address);
}
