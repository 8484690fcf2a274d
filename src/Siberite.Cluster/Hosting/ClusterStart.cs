using System.Data.Common;
using System.Security.Cryptography;
using Siberite.Contracts;
using Siberite.Schema;

namespace Siberite.Cluster;

/// <summary>What a silo of a cluster makes sure of before it starts.</summary>
public static class ClusterStart
{
    /// <summary>Whether the certificates, if any, are good, and the database is there and has what silos need.
    /// </summary>
    /// <returns>One line that says what is wrong and what to do about it, never with a password;
    /// <see langword="null"/> when nothing is.</returns>
    public static async Task<string?> FindTroubleAsync(ClusterOptions options, CancellationToken cancellation)
    {
        try
        {
            if (options.TlsCertificatePath.Length > 0)
            {
                SiloCertificates.Load(options);
            }

            await using var connection = await ClusterDatabase.OpenAsync(options.ConnectionString, cancellation);
            var missing = await ClusterDatabase.FindMissingAsync(connection, cancellation);
            return missing.Count == 0
                ? null
                : $"{Describe(options)} lacks {Few(missing)}; run "
                    + "siberitectl cluster init --connection \"<connection string>\"";
        }
        catch (CryptographicException e)
        {
            return $"no TLS between silos: {e.Message}";
        }
        catch (ClusterDatabaseException e)
        {
            return e.Message;
        }
        catch (DbException e)
        {
            return $"cannot read {Describe(options)}: {ClusterDatabase.ReasonOf(e)}";
        }
    }

    /// <summary>The cluster's database for people and logs: never with a password.</summary>
    public static string Describe(ClusterOptions options) => ClusterDatabase.Describe(options.ConnectionString);

    /// <summary>Whether <see cref="Describe"/> can be asked: the connection string is one.</summary>
    public static string? FindTroubleInText(string connectionString)
    {
        try
        {
            _ = ClusterDatabase.Describe(connectionString);
            return null;
        }
        catch (ClusterDatabaseException e)
        {
            return e.Message;
        }
    }

    private static string Few(IReadOnlyList<string> names)
        => string.Join(", ", names.Take(5)) + (names.Count > 5 ? $" and {names.Count - 5} more" : "");
}
