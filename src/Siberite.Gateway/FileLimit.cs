using System.Globalization;

namespace Siberite.Gateway;

/// <summary>How many files this process may have open, and how many of them connections may take.</summary>
internal static class FileLimit
{
    /// <summary>Files kept for the store, the runtime and the pages. A connection too many is turned away; a store
    /// without files is the end of the process.</summary>
    private const int ReservedCount = 340;

    /// <summary>The most connections the limit leaves room for; at least one.</summary>
    public static int MaxConnections { get; } = Math.Max(1, Read() - ReservedCount);

    /// <summary>The hard limit, to which the runtime raises the soft one.</summary>
    private static int Read()
    {
        const string Limits = "/proc/self/limits";
        const string Wanted = "Max open files";
        var line = File.Exists(Limits)
            ? File.ReadLines(Limits).FirstOrDefault(line => line.StartsWith(Wanted, StringComparison.Ordinal))
            : null;
        var words = line?[Wanted.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words is [_, var hard, ..] && int.TryParse(hard, CultureInfo.InvariantCulture, out var limit)
            ? limit
            : int.MaxValue;
    }
}
