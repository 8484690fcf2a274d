using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Siberite.Testing;
using Siberite.Testing.Clusters;

namespace Siberite.Cluster.Tests;

/// <summary>Three real silos on a real database, asked over the wire. Silos fail as processes do.</summary>
[Trait("Category", "Slow")]
public sealed class RealClusterTests(RealCluster cluster) : IClassFixture<RealCluster>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_killed_home_is_unavailable_by_name_and_serves_again_soon_after_it_is_back()
    {
        var (name, home, others) = await cluster.MakeQueueAsync("killed");
        await using var client = await ConnectAsync(others[0]);
        await using var other = await ConnectAsync(others[1]);
        for (var i = 0; i < 5; i++)
        {
            await client.SetAsync(name, 0, new[] { (byte)('0' + i) }, Cancellation);
        }

        await cluster.Silos[home].KillAsync();
        var killed = Stopwatch.StartNew();
        var firstReply = await client.AskAsync($"get {name}", Cancellation);
        var firstAnswer = killed.Elapsed;
        var expected = $"SERVER_ERROR queue unavailable: its silo {cluster.Silos[home].Name} is down";
        await Poll.UntilAsync(
            async () => await client.AskAsync($"get {name}", Cancellation) == expected,
            "the home is declared dead", TimeSpan.FromSeconds(60));
        var declared = killed.Elapsed;
        Assert.Equal(expected, await other.SetAsync(name, 0, "lost"u8.ToArray(), Cancellation));
        Assert.Equal("DELETED", await other.AskAsync("delete nobody-knows-it", Cancellation));
        Assert.StartsWith(
            "SERVER_ERROR not all silos were reached: silo", await other.AskAsync("flush_all", Cancellation),
            StringComparison.Ordinal);
        Assert.Contains("STAT silos_away 1", await StatsAsync(other));

        var watch = Stopwatch.StartNew();
        await cluster.Silos[home].StartAsync();
        var ready = watch.Elapsed;
        string last;
        do
        {
            last = await client.AskAsync($"get {name}/peek", Cancellation);
        }
        while (last == expected);
        var served = watch.Elapsed;
        Assert.StartsWith($"VALUE {name}", last, StringComparison.Ordinal);
        await client.ReadLineAsync(Cancellation);
        Assert.Equal("END", await client.ReadLineAsync(Cancellation));
        TestContext.Current.SendDiagnosticMessage(
            "first answer '{0}' after {1}, declared after {2}, ready after {3}, served after {4}", firstReply,
            firstAnswer, declared, ready, served);

        for (var i = 0; i < 5; i++)
        {
            var taken = await (i % 2 == 0 ? client : other).GetAsync(name, Cancellation);
            Assert.Equal([(byte)('0' + i)], taken.Item!.Payload);
        }

        Assert.InRange(served - ready, TimeSpan.Zero, Poll.Patience);
    }

    [Fact]
    public async Task What_sessions_of_a_killed_gateway_had_open_goes_back()
    {
        var (name, _, others) = await cluster.MakeQueueAsync("returned");
        await using var dying = await ConnectAsync(others[0]);
        await using var living = await ConnectAsync(others[1]);
        await living.SetAsync(name, 0, "one"u8.ToArray(), Cancellation);
        await living.SetAsync(name, 0, "two"u8.ToArray(), Cancellation);
        Assert.NotNull((await dying.GetAsync($"{name}/open", Cancellation)).Item);

        await cluster.Silos[others[0]].KillAsync();
        await Poll.UntilAsync(
            async () => (await StatsAsync(living)).Contains($"STAT queue_{name}_open_transactions 0"),
            "the open read is returned", TimeSpan.FromSeconds(60));

        Assert.Equal("one"u8.ToArray(), (await living.GetAsync(name, Cancellation)).Item!.Payload);
        await cluster.Silos[others[0]].StartAsync();
    }

    [Fact]
    public async Task A_paused_home_is_never_empty_and_answers_within_the_time_out()
    {
        var (name, home, others) = await cluster.MakeQueueAsync("paused");
        await using var client = await ConnectAsync(others[0]);
        await client.SetAsync(name, 0, "one"u8.ToArray(), Cancellation);

        await cluster.Silos[home].PauseAsync();
        var watch = Stopwatch.StartNew();
        var get = await client.AskAsync($"get {name}", Cancellation);
        var gotAfter = watch.Elapsed;
        var set = await client.SetAsync(name, 0, "two"u8.ToArray(), Cancellation);
        await cluster.Silos[home].ResumeAsync();
        TestContext.Current.SendDiagnosticMessage("get: {0} after {1}; set: {2}", get, gotAfter, set);

        Assert.StartsWith("SERVER_ERROR queue unavailable", get, StringComparison.Ordinal);
        Assert.StartsWith("SERVER_ERROR ", set, StringComparison.Ordinal);
        Assert.InRange(gotAfter, TimeSpan.Zero, Poll.Patience);

        var seen = new List<string>();
        await Poll.UntilAsync(
            async () =>
            {
                await cluster.RestartEndedAsync(home); // As a silo that finds itself declared dead.
                var reply = await client.AskAsync($"get {name}/peek", Cancellation);
                Assert.NotEqual("END", reply);
                return reply.StartsWith("VALUE", StringComparison.Ordinal) && await SkipItemAsync(client);
            },
            "the home is back", TimeSpan.FromSeconds(60));
        while (await client.GetAsync(name, Cancellation) is { Item: { } item })
        {
            seen.Add(System.Text.Encoding.ASCII.GetString(item.Payload));
        }

        Assert.Equal("one", seen[0]);
        Assert.True(seen.Count == 1 || (seen.Count == 2 && seen[1] == "two"), string.Join(' ', seen));
    }

    [Fact]
    public async Task A_copied_disk_is_refused_with_one_line()
    {
        var copy = cluster.Silos.Add();
        await cluster.Silos[0].StopAsync();
        await ToolRun.RunAsync("cp", "-r", cluster.Silos[0].DataDirectory, copy.DataDirectory);
        await cluster.Silos[0].StartAsync();

        copy.Launch();
        var code = await copy.Process.WaitForExitAsync();

        Assert.Equal(1, code);
        var complaint = Assert.Single(
            copy.Output.Split('\n'), line => line.StartsWith("siberite: ", StringComparison.Ordinal));
        Assert.Contains("the data directory is a copy: silo silo1", complaint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stopping_gateway_gives_back_and_ends_waits_before_it_leaves()
    {
        var (name, _, others) = await cluster.MakeQueueAsync("stopped");
        var (waited, _, _) = await cluster.MakeQueueAsync("waited");
        await using var leaving = await ConnectAsync(others[0]);
        await using var waiting = await ConnectAsync(others[0]);
        await using var staying = await ConnectAsync(others[1]);
        await staying.SetAsync(name, 0, "one"u8.ToArray(), Cancellation);
        Assert.NotNull((await leaving.GetAsync($"{name}/open", Cancellation)).Item);
        var wait = waiting.AskAsync($"get {waited}/t=60000", Cancellation);
        await Poll.UntilAsync(
            async () => (await StatsAsync(staying)).Contains($"STAT queue_{waited}_waiters 1"), "it waits",
            Poll.Patience);

        var code = await cluster.Silos[others[0]].StopAsync();

        Assert.Equal((0, "END"), (code, await wait)); // Cut off at the end of its time, it would have no answer.
        Assert.Equal("one"u8.ToArray(), (await staying.GetAsync(name, Cancellation)).Item!.Payload);
        await cluster.Silos[others[0]].StartAsync();
    }

    /// <remarks>What keeps the home records has ideas of its own about some of them.</remarks>
    [Fact]
    public async Task Names_of_every_legal_character_have_homes_of_their_own()
    {
        await using var one = await ConnectAsync(0);
        await using var two = await ConnectAsync(1);
        string[] names =
        [
            .. Enumerable.Range('!', '~' - '!').Select(letter => (char)letter)
                .Where(letter => letter is not ('/' or '+' or '.')).Select(letter => $"n{letter}"),
            "{0}", "}{", "0n", "N", "n", new string('n', 200),
        ];
        foreach (var name in names)
        {
            Assert.Equal(
                "STORED", await one.SetAsync(name, 0, System.Text.Encoding.ASCII.GetBytes(name), Cancellation));
        }

        foreach (var name in names)
        {
            var item = (await two.GetAsync(name, Cancellation)).Item!;
            Assert.Equal(name, System.Text.Encoding.ASCII.GetString(item.Payload));
        }
    }

    [Fact]
    public async Task The_page_of_any_silo_shows_the_queues_of_all()
    {
        const int QueueCount = 50; // Homes are drawn: one of three silos has none of so many once in 200 million times.
        for (var i = 0; i < QueueCount; i++)
        {
            await using var client = await ConnectAsync(i % 3);
            await client.SetAsync($"shown{i}", 0, "one"u8.ToArray(), Cancellation);
        }

        using var http = new HttpClient();
        for (var i = 0; i < 3; i++)
        {
            var text = await http.GetStringAsync(
                new Uri($"http://{cluster.Silos[i].AdminEndPoint}/api/queues?filter=shown"), Cancellation);
            var report = JsonDocument.Parse(text).RootElement;
            Assert.Equal(QueueCount, report.GetProperty("matching").GetInt32());
            var homes = report.GetProperty("queues").EnumerateArray()
                .Select(queue => queue.GetProperty("silo").GetString()).Distinct();
            Assert.Equal(3, homes.Count());
        }
    }

    private async Task<WireClient> ConnectAsync(int silo)
        => await WireClient.ConnectAsync(cluster.Silos[silo].EndPoint, Cancellation);

    private static async Task<bool> SkipItemAsync(WireClient client)
    {
        await client.ReadLineAsync(Cancellation);
        await client.ReadLineAsync(Cancellation);
        return true;
    }

    private static async Task<List<string>> StatsAsync(WireClient client)
    {
        var lines = new List<string>();
        for (var line = await client.AskAsync("stats", Cancellation); line != "END";
            line = await client.ReadLineAsync(Cancellation))
        {
            lines.Add(line);
        }

        return lines;
    }
}

/// <summary>Three silos that are up before and after each test.</summary>
public sealed class RealCluster : IAsyncLifetime
{
    private PostgresServer _database = null!;

    /// <summary>The silos.</summary>
    public ClusterOfProcesses Silos { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await PostgresServer.StartNewAsync();
        Silos = new ClusterOfProcesses(
            await _database.CreateClusterDatabaseAsync(), 3, "--Siberite:Cluster:Membership=Fast");
        await Silos.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Silos.DisposeAsync();
        await _database.DisposeAsync();
    }

    /// <summary>A queue that has an empty past.</summary>
    /// <returns>Its name, the number of its home, and those of the others.</returns>
    public async Task<(string Name, int Home, int[] Others)> MakeQueueAsync(string prefix)
    {
        var name = $"{prefix}-{Guid.NewGuid():n}"[..20];
        await using var client = await WireClient.ConnectAsync(
            Silos[0].EndPoint, TestContext.Current.CancellationToken);
        await client.SetAsync(name, 0, "made"u8.ToArray(), TestContext.Current.CancellationToken);
        await client.GetAsync(name, TestContext.Current.CancellationToken);
        var home = -1;
        await Poll.UntilAsync(
            async () =>
            {
                for (var i = 0; i < 3 && home < 0; i++)
                {
                    home = await IsAtAsync(Silos[0].AdminEndPoint, name, Silos[i].Name) ? i : -1;
                }

                return home >= 0;
            },
            "the queue is on the page, which is up to a second old", Poll.Patience);
        return (name, home, [(home + 1) % 3, (home + 2) % 3]);
    }

    /// <summary>Starts a silo that ended itself.</summary>
    public async Task RestartEndedAsync(int silo)
    {
        if (Silos[silo].Process.HasExited)
        {
            await Silos[silo].StartAsync();
        }
    }

    private static async Task<bool> IsAtAsync(IPEndPoint admin, string queue, string silo)
    {
        using var http = new HttpClient();
        var text = await http.GetStringAsync(
            new Uri($"http://{admin}/api/queues?filter={queue}"), TestContext.Current.CancellationToken);
        var rows = JsonDocument.Parse(text).RootElement.GetProperty("queues");
        return rows.GetArrayLength() == 1 && rows[0].GetProperty("silo").GetString() == silo;
    }
}
