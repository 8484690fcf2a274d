using System.Data.Common;
using Npgsql;

namespace Siberite.Schema;

/// <summary>Brings a database to what silos need.</summary>
internal static class SchemaChange
{
    /// <summary>Two at a time would trip over each other's tables. The number is this tool's own: "siberite" in
    /// ASCII.</summary>
    private const long LockNumber = 0x7369_6265_7269_7465;

    /// <summary>Adds what is missing, all of it or nothing.</summary>
    /// <param name="connectionString">Of the database.</param>
    /// <param name="isDryRun">Whether to take it all back in the end.</param>
    /// <param name="cancellation">Takes it all back.</param>
    /// <returns>What was added or renewed; empty when all was there.</returns>
    /// <exception cref="ClusterDatabaseException">The database refuses; nothing is changed.</exception>
    public static async Task<IReadOnlyList<string>> ApplyAsync(
        string connectionString, bool isDryRun, CancellationToken cancellation)
    {
        await using var connection = await ClusterDatabase.OpenAsync(connectionString, cancellation);
        try
        {
            await using var atomic = await connection.BeginTransactionAsync(cancellation);
            await ExecuteAsync(connection, $"SELECT pg_advisory_xact_lock({LockNumber})", cancellation);
            var missing = await ClusterDatabase.FindMissingAsync(connection, cancellation);
            ThrowIfForeign(missing);
            var before = await ReadQueriesAsync(connection, missing, cancellation);

            await ExecuteAsync(connection, "SET LOCAL client_min_messages = warning", cancellation);
            await ExecuteAsync(connection, ClusterDatabase.ReadScript("schema.sql"), cancellation);
            var renewed = (await ReadQueriesAsync(connection, [], cancellation))
                .Where(query => before.TryGetValue(query.Key, out var text) && text != query.Value)
                .Select(query => $"query {query.Key} (renewed)");
            await EndAsync(atomic, isDryRun, cancellation);
            return [.. missing, .. renewed];
        }
        catch (PostgresException e)
        {
            throw new ClusterDatabaseException(Explain(e, ClusterDatabase.Describe(connectionString)), e);
        }
        catch (DbException e)
        {
            throw new ClusterDatabaseException(
                $"lost {ClusterDatabase.Describe(connectionString)}: {ClusterDatabase.ReasonOf(e)}; "
                + "run siberitectl cluster check to see what is there", e);
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>A table that is there without a column of ours is somebody else's.</summary>
    private static void ThrowIfForeign(IReadOnlyList<string> missing)
    {
        if (missing.FirstOrDefault(name => name.StartsWith("column ", StringComparison.Ordinal)) is { } column)
        {
            var table = column["column ".Length..column.IndexOf('.', StringComparison.Ordinal)];
            throw new ClusterDatabaseException(
                $"table {table} is there but is not Siberite's: {column} is missing; use another database, or another "
                + "schema by \"Search Path=...\" in the connection string", inner: null);
        }
    }

    private static async Task<Dictionary<string, string>> ReadQueriesAsync(
        NpgsqlConnection connection, IReadOnlyList<string> missing, CancellationToken cancellation)
    {
        var queries = new Dictionary<string, string>(StringComparer.Ordinal);
        if (missing.Contains("table orleansquery"))
        {
            return queries;
        }

        await using var command = new NpgsqlCommand("SELECT QueryKey, QueryText FROM OrleansQuery", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            queries[reader.GetString(0)] = reader.GetString(1);
        }

        return queries;
    }

    private static Task EndAsync(NpgsqlTransaction atomic, bool isDryRun, CancellationToken cancellation)
        => isDryRun ? atomic.RollbackAsync(cancellation) : atomic.CommitAsync(cancellation);

    private static string Explain(PostgresException refusal, string database) => refusal.SqlState switch
    {
        PostgresErrorCodes.InsufficientPrivilege =>
            $"{database} gives no right to do this: {refusal.MessageText}; its owner can, or after "
            + "GRANT CREATE, USAGE ON SCHEMA to the user",
        PostgresErrorCodes.UniqueViolation =>
            $"{database} has two records of one grain state: {refusal.Detail ?? refusal.MessageText}; decide which one "
            + "is right and delete the other",
        _ => $"{database} refuses: {refusal.MessageText}",
    };
}
