using Siberite.Testing;

namespace Siberite.Ctl.Tests;

/// <summary><c>siberitectl cluster init</c> and <c>check</c> against a real PostgreSQL.</summary>
[Trait("Category", "Slow")]
public sealed class ClusterInitTests(Database database)
{
    private const string Snapshot = """
        SELECT md5(string_agg(what, ',' ORDER BY what)) FROM (
            SELECT oid::text || relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
            UNION ALL SELECT q.xmin::text || querytext FROM orleansquery q
            UNION ALL SELECT s.xmin::text || version FROM siberite_schema s) AS all_there (what)
        """;

    [Fact]
    public async Task A_second_init_changes_nothing_at_all()
    {
        var connection = await database.Server.CreateDatabaseAsync();
        var first = await InitAsync(connection);
        var before = await database.Server.QueryAsync(connection, Snapshot);

        var second = await InitAsync(connection);

        Assert.Equal(0, first.ExitCode);
        Assert.Contains("added table orleansstorage", first.Output, StringComparison.Ordinal);
        Assert.Equal(0, second.ExitCode);
        Assert.EndsWith("is ready; nothing to change\n", second.Output, StringComparison.Ordinal);
        Assert.Equal(before, await database.Server.QueryAsync(connection, Snapshot));
        Assert.Equal(0, (await CheckAsync(connection)).ExitCode);
    }

    [Fact]
    public async Task A_dry_run_shows_everything_and_leaves_nothing()
    {
        var connection = await database.Server.CreateDatabaseAsync();

        var run = await InitAsync(connection, "--dry-run");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("would add table orleansstorage", run.Output, StringComparison.Ordinal);
        Assert.Equal("0", await CountTablesAsync(connection));
        Assert.Equal(3, (await CheckAsync(connection)).ExitCode);
    }

    [Theory]
    [InlineData("DROP INDEX siberite_one_state_per_grain", "index siberite_one_state_per_grain")]
    [InlineData("DELETE FROM orleansquery WHERE querykey = 'InsertMembershipKey'", "query InsertMembershipKey")]
    [InlineData("DROP TABLE orleansmembershiptable", "table orleansmembershiptable")]
    [InlineData("DELETE FROM siberite_schema", "schema version 1")]
    public async Task Check_names_what_is_missing_and_init_adds_just_that(string damage, string missing)
    {
        var connection = await database.Server.CreateClusterDatabaseAsync();
        await database.Server.QueryAsync(connection, damage);

        var check = await CheckAsync(connection);
        var init = await InitAsync(connection);

        Assert.Equal(3, check.ExitCode);
        Assert.StartsWith($"missing: {missing}\n", check.Output, StringComparison.Ordinal);
        Assert.StartsWith($"added {missing}\n", init.Output, StringComparison.Ordinal);
        Assert.Equal(2, init.Output.Count(c => c == '\n'));
        Assert.Equal(0, (await CheckAsync(connection)).ExitCode);
    }

    [Fact]
    public async Task An_older_query_is_renewed()
    {
        var connection = await database.Server.CreateClusterDatabaseAsync();
        await database.Server.QueryAsync(
            connection, "UPDATE orleansquery SET querytext = 'SELECT 1' WHERE querykey = 'ReadFromStorageKey'");

        var run = await InitAsync(connection);

        Assert.Contains("added query ReadFromStorageKey (renewed)", run.Output, StringComparison.Ordinal);
        Assert.EndsWith(
            "nothing to change\n", (await InitAsync(connection)).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Somebody_elses_table_is_left_alone_with_everything_else()
    {
        var connection = await database.Server.CreateDatabaseAsync();
        await database.Server.QueryAsync(connection, "CREATE TABLE orleansstorage (id int)");

        var run = await InitAsync(connection);

        AssertRefused(run, "table orleansstorage is there but is not Siberite's");
        Assert.Equal("1", await CountTablesAsync(connection));
    }

    [Fact]
    public async Task Two_records_of_one_grain_are_named_and_nothing_is_changed()
    {
        var connection = await database.Server.CreateClusterDatabaseAsync();
        await database.Server.QueryAsync(connection, """
            DROP INDEX siberite_one_state_per_grain;
            DELETE FROM siberite_schema;
            INSERT INTO orleansstorage SELECT 1, 0, 0, 1, 'home', 'queue/twice', 'siberite', '', now(), 1
            FROM generate_series(1, 2)
            """);

        AssertRefused(await InitAsync(connection), "queue/twice");
        Assert.Equal("0", await database.Server.QueryAsync(connection, "SELECT count(*) FROM siberite_schema"));
    }

    [Fact]
    public async Task A_user_without_rights_is_told_which()
    {
        var connection = await database.Server.CreateDatabaseAsync();
        await database.Server.QueryAsync(connection, "CREATE ROLE reader LOGIN");
        var asReader = connection.Replace("Username=siberite", "Username=reader", StringComparison.Ordinal);

        AssertRefused(await InitAsync(asReader), "permission denied for schema public");
    }

    [Theory]
    [InlineData("Host=127.0.0.1;Port=1;Database=x;Password=secret", "cannot reach database x on 127.0.0.1:1")]
    [InlineData("Host=127.0.0.1;Pasword=secret", "the connection string cannot be read")]
    [InlineData("secret", "the connection string cannot be read")]
    public async Task What_cannot_be_reached_is_one_line_without_the_password(string connection, string expected)
        => AssertRefused(await InitAsync(connection), expected);

    [Fact]
    public async Task The_silos_variable_does_for_the_connection()
    {
        var connection = await database.Server.CreateClusterDatabaseAsync();
        var environment = new Dictionary<string, string> { ["Siberite__Cluster__ConnectionString"] = connection };

        var run = await ToolRun.RunAsync(environment, "dotnet", Repository.CtlAssembly, "cluster", "check");

        Assert.Equal(0, run.ExitCode);
    }

    [Theory]
    [InlineData("--connection is needed", "cluster", "init")]
    [InlineData("Unrecognized command or argument 'destroy'", "cluster", "destroy")]
    [InlineData("Required command was not provided", "silo")]
    [InlineData("'nonsense' is no admin address; it is host:port", "silo", "status", "--admin", "nonsense")]
    [InlineData("'ftp://x' is no admin address", "silo", "status", "--admin", "ftp://x")]
    public async Task A_command_line_that_makes_no_sense_is_code_2(string expected, params string[] arguments)
    {
        var run = await ToolRun.CtlAsync(arguments);

        Assert.Equal(2, run.ExitCode);
        Assert.Equal("", run.Output);
        Assert.Contains(expected, run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inits_at_the_same_time_wait_for_each_other()
    {
        var connection = await database.Server.CreateDatabaseAsync();

        var runs = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => InitAsync(connection)));

        Assert.All(runs, run => Assert.Equal(0, run.ExitCode));
        Assert.Single(runs, run => run.Output.Contains("added table orleansquery", StringComparison.Ordinal));
    }

    private static Task<ToolRun> InitAsync(string connection, params string[] flags)
        => ToolRun.CtlAsync(["cluster", "init", "--connection", connection, .. flags]);

    private static Task<ToolRun> CheckAsync(string connection)
        => ToolRun.CtlAsync("cluster", "check", "--connection", connection);

    private Task<string> CountTablesAsync(string connection)
        => database.Server.QueryAsync(
            connection, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'");

    private static void AssertRefused(ToolRun run, string expected)
    {
        Assert.Equal(1, run.ExitCode);
        Assert.Equal("", run.Output);
        var line = run.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
        Assert.StartsWith("siberitectl: ", line, StringComparison.Ordinal);
        Assert.Contains(expected, line, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Errors, StringComparison.Ordinal);
    }
}
