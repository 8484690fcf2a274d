using System.Security.Cryptography;
using System.Text;

namespace Siberite.Gateway;

/// <summary>Who may use the gateway, where it asks: users and passwords of a file in memcached's format, one
/// <c>user:password</c> a line.</summary>
public sealed class ClientCredentials
{
    private readonly byte[][] _digests; // Of what a client sends.

    private ClientCredentials(IEnumerable<string> lines)
        => _digests = [.. lines.Select(AsSent).Select(SHA256.HashData)];

    /// <summary>Reads a file.</summary>
    /// <returns><see langword="null"/> if there is none: anybody may.</returns>
    public static ClientCredentials? Read(string path)
        => path.Length == 0 ? null : new ClientCredentials(LinesOf(path));

    /// <returns>Why the file cannot be used, as the end of a sentence; <see langword="null"/> if it can.</returns>
    public static string? FindTrouble(string path)
    {
        try
        {
            var lines = path.Length == 0 ? null : LinesOf(path);
            var bad = lines?.FindIndex(line => line.IndexOf(':') <= 0 || line[..line.IndexOf(':')].Contains(' '));
            return lines is { Count: 0 } ? "has no line user:password"
                : bad >= 0 ? $"line {bad + 1} that is not empty must be user:password, without a space in the user"
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"cannot be read: {e.Message}";
        }
    }

    /// <summary>Whether a client has sent <c>user password</c> of one of the lines. Takes the same time whatever is
    /// wrong.</summary>
    public bool Admits(ReadOnlySpan<byte> sent)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(sent, digest);
        var isKnown = false;
        foreach (var known in _digests)
        {
            isKnown |= CryptographicOperations.FixedTimeEquals(digest, known);
        }

        return isKnown;
    }

    private static List<string> LinesOf(string path) => [.. File.ReadLines(path).Where(line => line.Length > 0)];

    private static byte[] AsSent(string line)
    {
        var colon = line.IndexOf(':');
        return Encoding.UTF8.GetBytes($"{line[..colon]} {line[(colon + 1)..]}");
    }
}
