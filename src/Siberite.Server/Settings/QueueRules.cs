using System.Globalization;
using Siberite.Contracts;

namespace Siberite.Server.Settings;

/// <summary>What is legal for each setting of a queue, beyond its type.</summary>
internal static class QueueRules
{
    private static readonly Dictionary<string, Func<QueueOptions, string?>> Rules = new(StringComparer.Ordinal)
    {
        [nameof(QueueOptions.MaxItems)] = options => Number(options.MaxItems),
        [nameof(QueueOptions.MaxBytes)] = options => Number(options.MaxBytes),
        [nameof(QueueOptions.MaxItemBytes)] = options => Number(options.MaxItemBytes),
        [nameof(QueueOptions.Delay)] = options => Duration(options.Delay),
        [nameof(QueueOptions.DedupWindow)] = options => Duration(options.DedupWindow),
        [nameof(QueueOptions.DedupMaxIds)] = options => Number(options.DedupMaxIds, least: 1, most: 10_000_000),
    };

    /// <summary>The settings that have a rule.</summary>
    public static IEnumerable<string> Keys => Rules.Keys;

    /// <returns>What is wrong with the setting, or <see langword="null"/>.</returns>
    public static string? Check(string key, QueueOptions options)
        => Rules.TryGetValue(key, out var rule) ? rule(options) : null;

    private static string? Number(long value, long least = 0, long most = long.MaxValue)
        => value >= least && value <= most
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"{value}: must be {least} to {most}");

    /// <summary>Ten years, beyond which a moment may leave the calendar.</summary>
    private static string? Duration(TimeSpan value)
        => value >= TimeSpan.Zero && value <= TimeSpan.FromDays(3650)
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"{value}: must be 00:00:00 to 3650.00:00:00");
}
