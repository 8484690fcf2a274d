using System.Globalization;
using Siberite.Contracts;

namespace Siberite.Server.Settings;

/// <summary>What is legal for each setting of a queue, beyond its type.</summary>
internal static class QueueRules
{
    /// <summary>Ten years: longer is never, and must not overflow a date.</summary>
    private static readonly TimeSpan LongestDuration = TimeSpan.FromDays(3650);

    private static readonly Dictionary<string, Func<QueueOptions, string?>> Rules = new(StringComparer.Ordinal)
    {
        [nameof(QueueOptions.MaxItems)] = options => Number(options.MaxItems),
        [nameof(QueueOptions.MaxBytes)] = options => Number(options.MaxBytes),
        [nameof(QueueOptions.MaxItemBytes)] = options => Number(options.MaxItemBytes),
        [nameof(QueueOptions.MaxCursors)] = options => Number(options.MaxCursors, 10_000),
        [nameof(QueueOptions.RetentionAge)] = options => Duration(options.RetentionAge),
        [nameof(QueueOptions.RetentionBytes)] = options => Number(options.RetentionBytes),
        [nameof(QueueOptions.RetentionItems)] = options => Number(options.RetentionItems),
        [nameof(QueueOptions.CursorWarningBytes)] = options => Number(options.CursorWarningBytes),
    };

    /// <summary>The settings that have a rule.</summary>
    public static IEnumerable<string> Keys => Rules.Keys;

    /// <returns>What is wrong with the setting, or <see langword="null"/>.</returns>
    public static string? Check(string key, QueueOptions options)
        => Rules.TryGetValue(key, out var rule) ? rule(options) : null;

    private static string? Duration(TimeSpan value)
        => value >= TimeSpan.Zero && value <= LongestDuration ? null : $"{value}: must be 00:00:00 to {LongestDuration}";

    private static string? Number(long value, long most = long.MaxValue)
        => value >= 0 && value <= most
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"{value}: must be 0 to {most}");
}
