using OpenQA.Selenium;
using OpenQA.Selenium.Chrome;
using Siberite.Testing;

namespace Siberite.Server.Tests.Support;

/// <summary>A browser without a window, with a profile of its own.</summary>
internal sealed class Browser : IDisposable
{
    /// <summary>Starting a browser and its pages on a busy machine.</summary>
    private static readonly TimeSpan PagePatience = TimeSpan.FromSeconds(60);

    private readonly TemporaryDirectory _profile = new();
    private ChromeDriver? _driver;

    /// <summary>A cell of the table of queues; <see langword="null"/> if the queue is not there.</summary>
    public static string? Cell(ChromeDriver page, string queue, int column)
        => (string?)page.ExecuteScript(
            "return [...document.querySelectorAll('#rows tr')]"
            + ".find(row => row.cells[0].textContent === arguments[0])?.cells[arguments[1]]?.textContent",
            queue, column);

    /// <summary>What the browser found wrong with the page: refused scripts and styles, failed requests,
    /// errors.</summary>
    public static IEnumerable<string> Complaints(ChromeDriver page)
        => page.Manage().Logs.GetLog(LogType.Browser)
            .Where(entry => entry.Level >= LogLevel.Warning)
            .Select(entry => entry.Message);

    public static Task UntilAsync(Func<bool> condition, string what)
        => UntilAsync(() => Task.FromResult(condition()), what);

    /// <summary>The same, with something to do before each look.</summary>
    public static Task UntilAsync(Func<Task<bool>> condition, string what)
        => Poll.UntilAsync(
            async () =>
            {
                try
                {
                    return await condition();
                }
                catch (StaleElementReferenceException)
                {
                    return false; // The page replaced it meanwhile.
                }
            },
            what, PagePatience);

    /// <summary>Opens a page, once.</summary>
    public ChromeDriver Open(string address)
    {
        var options = new ChromeOptions { BinaryLocation = "/usr/bin/chromium" };
        options.AddArguments(
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            $"--user-data-dir={_profile.Path}");
        var service = ChromeDriverService.CreateDefaultService("/usr/bin", "chromedriver");
        _driver = new ChromeDriver(service, options, PagePatience);
        _driver.Navigate().GoToUrl(new Uri(address));
        return _driver;
    }

    public void Dispose()
    {
        _driver?.Dispose();
        _profile.Dispose();
    }
}
