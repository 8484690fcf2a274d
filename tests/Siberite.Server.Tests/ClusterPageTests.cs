using OpenQA.Selenium;
using Siberite.Server.Tests.Support;
using Siberite.Testing;
using Siberite.Testing.Clusters;
using static Siberite.Server.Tests.Support.Browser;

namespace Siberite.Server.Tests;

/// <summary>The pages of one silo of three, as a person sees them: they speak of all.</summary>
[Trait("Category", "Slow")]
public sealed class ClusterPageTests
{
    private const int SiloColumn = 10;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <remarks>
    /// Goal: any silo's pages say which silos there are, which queue lives where, and which homes are away.
    /// Method: a queue on each of three silos; the second is killed, and comes back.
    /// </remarks>
    [Fact]
    public async Task Every_silo_is_shown_where_its_queues_are_and_whether_it_is_away()
    {
        await using var database = await PostgresServer.StartNewAsync();
        await using var cluster = new ClusterOfProcesses(
            await database.CreateClusterDatabaseAsync(), 3, "--Siberite:Cluster:NewQueues=Local",
            "--Siberite:Cluster:Membership=Fast");
        await cluster.StartAsync();
        for (var number = 1; number <= 3; number++)
        {
            await using var client = await WireClient.ConnectAsync(cluster[number - 1].EndPoint, Cancellation);
            for (var item = 0; item < number; item++)
            {
                Assert.Equal("STORED", await client.SetAsync($"at{number}", 0, "x"u8.ToArray(), Cancellation));
            }
        }

        using var browser = new Browser();
        var address = $"http://{cluster[0].AdminEndPoint}/";
        var page = browser.Open(address);
        for (var number = 1; number <= 3; number++)
        {
            var (queue, silo, items) = ($"at{number}", $"silo{number}", $"{number}");
            await UntilAsync(
                () => Cell(page, queue, SiloColumn) == silo && Cell(page, queue, 1) == items,
                $"{queue} is shown on {silo} with its items");
        }

        Assert.False(page.FindElement(By.Id("away")).Displayed);

        await cluster[1].KillAsync();
        await UntilAsync(
            () => page.FindElement(By.Id("away")).Text
                == "Away: silo2. Queues that have their home there, with 2 items when last heard of, are unavailable "
                    + "and not shown.",
            "the page says that silo 2 is away, and what with it");
        await UntilAsync(() => Cell(page, "at2", SiloColumn) is null, "its queue is not shown as if it were empty");
        Assert.Equal(("silo1", "silo3"), (Cell(page, "at1", SiloColumn), Cell(page, "at3", SiloColumn)));

        await cluster[1].StartAsync();
        await UntilAsync(
            () => Cell(page, "at2", SiloColumn) == "silo2" && !page.FindElement(By.Id("away")).Displayed,
            "silo 2 is back with its queue");
        Assert.Empty(Complaints(page));

        page.Navigate().GoToUrl(new Uri(address + "dashboard/#/silos"));
        await UntilAsync(
            () => cluster.Silos.All(silo => page.FindElement(By.TagName("body")).Text
                .Contains(silo.Name, StringComparison.Ordinal)),
            "the dashboard lists every silo");
    }
}
