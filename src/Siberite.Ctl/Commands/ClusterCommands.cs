using System.CommandLine;
using Siberite.Schema;

namespace Siberite.Ctl.Commands;

/// <summary><c>siberitectl cluster …</c>: the database that silos find each other through.</summary>
internal static class ClusterCommands
{
    /// <summary>As a silo reads it, so that one variable serves both.</summary>
    private const string ConnectionVariable = "Siberite__Cluster__ConnectionString";

    private static readonly Option<string?> Connection = new("--connection")
    {
        Description = $"PostgreSQL connection string; or set the variable {ConnectionVariable}",
        HelpName = "connection string",
    };

    private static readonly Option<bool> DryRun = new("--dry-run")
    {
        Description = "do it all, show what changes, and take it back",
    };

    public static Command Create()
    {
        var init = new Command("init", "create or complete what silos need in the database; may be repeated")
        {
            Connection, DryRun,
        };
        init.SetAction((line, cancellation) =>
            InitAsync(ConnectionOf(line), isDryRun: line.GetValue(DryRun), cancellation));
        var check = new Command("check", "say what silos would miss in the database") { Connection };
        check.SetAction((line, cancellation) => CheckAsync(ConnectionOf(line), cancellation));
        return new Command("cluster", "the database of a cluster") { init, check };
    }

    private static string ConnectionOf(ParseResult line)
        => line.GetValue(Connection) ?? Environment.GetEnvironmentVariable(ConnectionVariable) switch
        {
            null or "" => throw new CtlException(
                ExitCodes.Usage, $"--connection is needed, or the variable {ConnectionVariable}"),
            var text => text,
        };

    private static async Task<int> InitAsync(string connectionString, bool isDryRun, CancellationToken cancellation)
    {
        var name = await GuardAsync(() => Task.FromResult(ClusterDatabase.Describe(connectionString)));
        var changes = await Screen.DuringAsync(
            $"Preparing {name}",
            () => GuardAsync(() => SchemaChange.ApplyAsync(connectionString, isDryRun, cancellation)));
        foreach (var change in changes)
        {
            Screen.Say($"{(isDryRun ? "would add" : "added")} {change}");
        }

        Screen.Say((changes.Count, isDryRun) switch
        {
            (0, _) => $"{name} is ready; nothing to change",
            (_, true) => "dry run: nothing was changed",
            _ => $"{name} is ready",
        });
        return ExitCodes.Done;
    }

    private static async Task<int> CheckAsync(string connectionString, CancellationToken cancellation)
    {
        var missing = await GuardAsync(async () =>
        {
            await using var connection = await ClusterDatabase.OpenAsync(connectionString, cancellation);
            return await ClusterDatabase.FindMissingAsync(connection, cancellation);
        });
        foreach (var name in missing)
        {
            Screen.Say($"missing: {name}");
        }

        Screen.Say(missing.Count == 0
            ? $"{ClusterDatabase.Describe(connectionString)} is ready"
            : "siberitectl cluster init adds what is missing");
        return missing.Count == 0 ? ExitCodes.Done : ExitCodes.Missing;
    }

    /// <summary>What the database refuses becomes one line.</summary>
    private static async Task<T> GuardAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (ClusterDatabaseException e)
        {
            throw new CtlException(ExitCodes.Failed, e.Message, e);
        }
    }
}
