using System.Data.Common;
using System.Net.Sockets;
using Npgsql;

namespace Siberite.Schema;

/// <summary>The PostgreSQL database of a cluster: what it is called, and whether it has what silos need.</summary>
/// <remarks>Compiled into the silo and into <c>siberitectl</c>, so that both ask the same questions.</remarks>
internal static class ClusterDatabase
{
    /// <summary>How long a connection may take that does not say otherwise. 10 s: a person waits for it.</summary>
    private const int ConnectSeconds = 10;

    /// <summary>The database for people and logs: never with a password.</summary>
    /// <exception cref="ClusterDatabaseException">It is no connection string.</exception>
    public static string Describe(string connectionString)
    {
        var parts = Parse(connectionString);
        var user = parts.Username is null ? "" : $" as {parts.Username}";
        return $"database {parts.Database ?? parts.Username ?? "(default)"} on {parts.Host}:{parts.Port}{user}";
    }

    /// <summary>An open connection, which the caller disposes of.</summary>
    /// <exception cref="ClusterDatabaseException">There is no such database to be reached.</exception>
    public static async Task<NpgsqlConnection> OpenAsync(string connectionString, CancellationToken cancellation)
    {
        var parts = Parse(connectionString);
        parts.Pooling = false; // One use, and none of a server that was restarted since.
        parts.IncludeErrorDetail = true; // Names the row that is in the way; no row of ours is secret.
        if (!parts.ContainsKey("Timeout"))
        {
            parts.Timeout = ConnectSeconds;
        }

        var connection = new NpgsqlConnection(parts.ConnectionString);
        try
        {
            await connection.OpenAsync(cancellation);
            return connection;
        }
        catch (Exception e) when (e is DbException or SocketException or TimeoutException)
        {
            await connection.DisposeAsync();
            throw new ClusterDatabaseException($"cannot reach {Describe(connectionString)}: {ReasonOf(e)}", e);
        }
    }

    /// <summary>What silos would miss, one name each; empty when all is there.</summary>
    public static async Task<IReadOnlyList<string>> FindMissingAsync(
        NpgsqlConnection connection, CancellationToken cancellation)
    {
        var tables = await ReadNamesAsync(connection, "check-tables.sql", cancellation);
        return tables.Count > 0 ? tables : await ReadNamesAsync(connection, "check-contents.sql", cancellation);
    }

    /// <summary>One of the scripts beside this file.</summary>
    public static string ReadScript(string name)
    {
        using var stream = typeof(ClusterDatabase).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The script {name} is not in this assembly.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>The server's own words, without those around them.</summary>
    public static string ReasonOf(Exception failure) => failure switch
    {
        PostgresException postgres => postgres.MessageText,
        { InnerException: { } inner } => ReasonOf(inner),
        _ => failure.Message,
    };

    private static async Task<IReadOnlyList<string>> ReadNamesAsync(
        NpgsqlConnection connection, string script, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(ReadScript(script), connection);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var names = new List<string>();
        while (await reader.ReadAsync(cancellation))
        {
            names.Add(reader.GetString(0));
        }

        return names;
    }

    /// <remarks>The parser's own complaint is not passed on: it may quote what it could not read.</remarks>
    private static NpgsqlConnectionStringBuilder Parse(string connectionString)
    {
        try
        {
            var parts = new NpgsqlConnectionStringBuilder(connectionString);
            return parts.Host is null
                ? throw new ClusterDatabaseException("the connection string names no Host", inner: null)
                : parts;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or KeyNotFoundException)
        {
            throw new ClusterDatabaseException(
                "the connection string cannot be read: it must be as in "
                + "\"Host=db;Database=siberite;Username=siberite;Password=...\"", e);
        }
    }
}

/// <summary>Why the cluster's database cannot be used: one line without a password.</summary>
internal sealed class ClusterDatabaseException(string message, Exception? inner) : Exception(message, inner);
