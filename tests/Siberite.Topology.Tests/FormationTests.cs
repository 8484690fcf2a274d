using Siberite.Testing;
using Siberite.Testing.Clusters;

namespace Siberite.Topology.Tests;

/// <summary>Real silos find each other through a real PostgreSQL.</summary>
[Trait("Category", "Slow")]
public sealed class FormationTests(Database database)
{
    /// <summary>The records of queues.</summary>
    private const string Homes = "FROM orleansstorage WHERE graintypestring = 'home'";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Three_silos_form_a_cluster_and_one_returns_after_a_crash_and_after_a_stop()
    {
        var connection = await database.Server.CreateClusterDatabaseAsync();
        await using var cluster = new ClusterOfProcesses(connection, 3);
        await cluster.StartAsync();
        Assert.Equal(["silo1", "silo2", "silo3"], await ReadActiveAsync(connection));

        // The runtime's own gateway for clients is closed.
        var ports = await database.Server.QueryAsync(
            connection, "SELECT DISTINCT proxyport FROM orleansmembershiptable");
        Assert.Equal("0", ports);

        await cluster[1].KillAsync();
        await cluster[1].StartAsync();
        Assert.Equal(["silo1", "silo2", "silo3"], await ReadActiveAsync(connection));

        Assert.Equal(0, await cluster[2].StopAsync());
        Assert.Equal(["silo1", "silo2"], await ReadActiveAsync(connection));
        await cluster[2].StartAsync();
        Assert.Equal(["silo1", "silo2", "silo3"], await ReadActiveAsync(connection));
    }

    [Fact]
    public async Task Silos_serve_on_without_their_database_and_find_it_again()
    {
        await using var server = await PostgresServer.StartNewAsync();
        await using var cluster = new ClusterOfProcesses(
            await server.CreateClusterDatabaseAsync(), 2, "--Siberite:Cluster:Membership=Fast");
        await cluster.StartAsync();
        await using var client = await WireClient.ConnectAsync(cluster[0].EndPoint, Cancellation);
        Assert.Equal("STORED", await client.SetAsync("before", 0, "1"u8.ToArray(), Cancellation));

        await server.KillAsync();

        Assert.Equal("STORED", await client.SetAsync("before", 0, "2"u8.ToArray(), Cancellation));
        Assert.True(await cluster[1].IsReadyAsync());
        await server.StartAsync();
        await cluster[1].KillAsync();
        await cluster[1].StartAsync();
    }

    [Fact]
    public async Task Queues_whose_names_read_as_one_number_have_records_of_their_own()
    {
        var connection = await database.Server.CreateClusterDatabaseAsync();
        await using var cluster = new ClusterOfProcesses(connection, 1);
        await cluster.StartAsync();
        await using var client = await WireClient.ConnectAsync(cluster[0].EndPoint, Cancellation);
        string[] names = ["10", "0A", "a", "A", "00000000000000000000000000000010"];

        foreach (var name in names)
        {
            Assert.Equal("STORED", await client.SetAsync(name, 0, "x"u8.ToArray(), Cancellation));
        }

        var records = await database.Server.QueryAsync(
            connection, $"SELECT split_part(grainidextensionstring, '/', 3) {Homes}");
        Assert.Equal(names.Order(StringComparer.Ordinal), records.Split('\n').Order(StringComparer.Ordinal));
        Assert.Equal("DELETED", await client.AskAsync("delete 0A", Cancellation));
        Assert.Equal("4", await database.Server.QueryAsync(connection, $"SELECT count(*) {Homes}"));
    }

    [Fact]
    public async Task The_rights_on_the_operations_page_are_enough_for_a_silo_and_no_more()
    {
        var connection = await database.Server.CreateClusterDatabaseAsync();
        await database.Server.QueryAsync(connection, $"CREATE ROLE silo LOGIN; {OperationsSql("GRANT SELECT")}");
        var asSilo = connection.Replace("Username=siberite", "Username=silo", StringComparison.Ordinal);
        await using var cluster = new ClusterOfProcesses(asSilo, 1);

        await cluster.StartAsync();
        await using var client = await WireClient.ConnectAsync(cluster[0].EndPoint, Cancellation);

        Assert.Equal("STORED", await client.SetAsync("q", 0, "x"u8.ToArray(), Cancellation));
        Assert.Equal("DELETED", await client.AskAsync("delete q", Cancellation));
        var right = "SELECT has_schema_privilege('silo', 'public', 'CREATE')";
        Assert.Equal("f", await database.Server.QueryAsync(connection, right));
    }

    [Fact]
    public async Task Queues_of_a_lost_disk_can_be_given_up_as_the_operations_page_says()
    {
        var connection = await database.Server.CreateClusterDatabaseAsync();
        await using var cluster = new ClusterOfProcesses(connection, 1);
        await cluster.StartAsync();
        await using (var client = await WireClient.ConnectAsync(cluster[0].EndPoint, Cancellation))
        {
            Assert.Equal("STORED", await client.SetAsync("lost", 0, "x"u8.ToArray(), Cancellation));
        }

        var store = await database.Server.QueryAsync(
            connection, $"SELECT convert_from(payloadbinary, 'UTF8')::jsonb -> 'Stores' ->> 0 {Homes}");
        await cluster[0].StopAsync();
        Directory.Delete(cluster[0].DataDirectory, recursive: true);
        await cluster[0].StartAsync();

        await using (var client = await WireClient.ConnectAsync(cluster[0].EndPoint, Cancellation))
        {
            var refusal = await client.SetAsync("lost", 0, "y"u8.ToArray(), Cancellation);
            Assert.StartsWith("SERVER_ERROR", refusal, StringComparison.Ordinal);
        }

        await cluster[0].StopAsync();
        await database.Server.QueryAsync(
            connection, OperationsSql("DELETE FROM").Replace("<store id>", store, StringComparison.Ordinal));
        await cluster[0].StartAsync();
        await using var again = await WireClient.ConnectAsync(cluster[0].EndPoint, Cancellation);
        Assert.Equal("STORED", await again.SetAsync("lost", 0, "y"u8.ToArray(), Cancellation));
    }

    [Theory]
    [InlineData("lacks table orleansmembershiptable", "")]
    [InlineData("lacks index siberite_one_state_per_grain", "DROP INDEX siberite_one_state_per_grain")]
    [InlineData("lacks query WriteToStorageKey", "DELETE FROM orleansquery WHERE querykey = 'WriteToStorageKey'")]
    [InlineData("lacks schema version 1", "UPDATE siberite_schema SET version = 0")]
    public async Task A_silo_says_in_one_line_what_its_database_lacks_and_what_mends_it(string expected, string damage)
    {
        var connection = damage.Length == 0
            ? await database.Server.CreateDatabaseAsync()
            : await database.Server.CreateClusterDatabaseAsync();
        if (damage.Length > 0)
        {
            await database.Server.QueryAsync(connection, damage);
        }

        await using var cluster = new ClusterOfProcesses(connection, 1);
        cluster[0].Launch();

        Assert.Equal(1, await cluster[0].Process.WaitForExitAsync());
        var line = Assert.Single(cluster[0].Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains(expected, line, StringComparison.Ordinal);
        Assert.Contains("siberitectl cluster init --connection", line, StringComparison.Ordinal);
        Assert.DoesNotContain("unused", line, StringComparison.Ordinal); // The password.
        (await ToolRun.CtlAsync("cluster", "init", "--connection", connection)).MustSucceed("cluster init");
        await cluster[0].StartAsync();
    }

    [Fact]
    public async Task The_load_balancer_sends_clients_to_silos_that_are_ready()
    {
        var connection = await database.Server.CreateClusterDatabaseAsync();
        await using var cluster = new ClusterOfProcesses(connection, 2);
        await cluster[0].StartAsync();
        await using var proxy = await HaProxy.StartAsync(cluster);
        await Poll.UntilAsync(
            () => Task.FromResult(proxy.Output.Contains("silos/silo2 is DOWN", StringComparison.Ordinal)),
            "the second silo is found down", Poll.Patience);

        for (var number = 0; number < 5; number++)
        {
            await using var client = await WireClient.ConnectAsync(proxy.EndPoint, Cancellation);
            Assert.StartsWith("VERSION ", await client.AskAsync("version", Cancellation), StringComparison.Ordinal);
        }

        await cluster[1].StartAsync();
        await Poll.UntilAsync(
            () => Task.FromResult(proxy.Output.Contains("silos/silo2 is UP", StringComparison.Ordinal)),
            "the second silo is found up", Poll.Patience);
    }

    private async Task<string[]> ReadActiveAsync(string connection)
    {
        var names = await database.Server.QueryAsync(
            connection, "SELECT siloname FROM orleansmembershiptable WHERE status = 3 ORDER BY siloname");
        return names.Split('\n');
    }

    /// <summary>The block of SQL on the operations page that begins so.</summary>
    private static string OperationsSql(string beginning)
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "infra/docs/operations.md"));
        var block = page.Split("```sql\n").Skip(1).Select(part => part.Split("```")[0]);
        return Assert.Single(block, sql => sql.StartsWith(beginning, StringComparison.Ordinal));
    }
}
