using OpenQA.Selenium;
using OpenQA.Selenium.Chrome;
using Siberite.Server.Tests.Support;
using Siberite.Testing;

namespace Siberite.Server.Tests;

/// <summary>The pages as a person sees them, in a real browser.</summary>
[Trait("Category", "Slow")]
public sealed class BrowserTests(RunningServer server) : IClassFixture<RunningServer>, IDisposable
{
    /// <summary>Starting a browser and its pages on a busy machine.</summary>
    private static readonly TimeSpan PagePatience = TimeSpan.FromSeconds(60);

    private readonly TemporaryDirectory _profile = new();
    private ChromeDriver? _browser;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Address => $"http://{server.Process.AdminEndPoint}/";

    public void Dispose()
    {
        _browser?.Dispose();
        _profile.Dispose();
    }

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
        await using var client = await server.ConnectAsync();
        await client.SetAsync("grained", flags: 0, "x"u8.ToArray(), Cancellation);
        var page = Open(Address);
        page.FindElement(By.LinkText("Orleans dashboard")).Click();

        await UntilAsync(
            () => page.FindElement(By.TagName("body")).Text.Contains("Overview", StringComparison.Ordinal),
            "the dashboard renders");
        page.Navigate().GoToUrl(new Uri(Address + "dashboard/#/grains"));
        await UntilAsync(
            () => page.FindElement(By.TagName("body")).Text.Contains("QueueGrain", StringComparison.Ordinal),
            "our grain type is listed");

        Assert.Empty(Complaints(page));
    }

    private static string? Cell(ChromeDriver page, string queue, int column)
        => (string?)page.ExecuteScript(
            "return [...document.querySelectorAll('#rows tr')]"
            + ".find(row => row.cells[0].textContent === arguments[0])?.cells[arguments[1]]?.textContent",
            queue, column);

    private static string? Names(ChromeDriver page)
        => (string?)page.ExecuteScript(
            "return [...document.querySelectorAll('#rows tr')].map(row => row.cells[0].textContent).join(' ')");

    /// <summary>What the browser found wrong with the page: refused scripts and styles, failed requests,
    /// errors.</summary>
    private static IEnumerable<string> Complaints(ChromeDriver page)
        => page.Manage().Logs.GetLog(LogType.Browser)
            .Where(entry => entry.Level >= LogLevel.Warning)
            .Select(entry => entry.Message);

    private static Task UntilAsync(Func<bool> condition, string what)
        => Poll.UntilAsync(
            () =>
            {
                try
                {
                    return Task.FromResult(condition());
                }
                catch (StaleElementReferenceException)
                {
                    return Task.FromResult(false); // The page replaced it meanwhile.
                }
            },
            what, PagePatience);

    private ChromeDriver Open(string address)
    {
        var options = new ChromeOptions { BinaryLocation = "/usr/bin/chromium" };
        options.AddArguments(
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            $"--user-data-dir={_profile.Path}");
        var service = ChromeDriverService.CreateDefaultService("/usr/bin", "chromedriver");
        _browser = new ChromeDriver(service, options, PagePatience);
        _browser.Navigate().GoToUrl(new Uri(address));
        return _browser;
    }
}
