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
        [nameof(QueueOptions.MaxMemoryBytes)] = options => Number(options.MaxMemoryBytes, least: 1),
        [nameof(QueueOptions.MaxItemBytes)] = options => Number(options.MaxItemBytes),
        [nameof(QueueOptions.MaxCursors)] = options => Number(options.MaxCursors, most: 10_000),
        [nameof(QueueOptions.RetentionAge)] = options => Duration(options.RetentionAge),
        [nameof(QueueOptions.RetentionBytes)] = options => Number(options.RetentionBytes),
        [nameof(QueueOptions.RetentionItems)] = options => Number(options.RetentionItems),
        [nameof(QueueOptions.CursorWarningBytes)] = options => Number(options.CursorWarningBytes),
        [nameof(QueueOptions.Delay)] = options => Duration(options.Delay),
        [nameof(QueueOptions.DedupWindow)] = options => Duration(options.DedupWindow),
        [nameof(QueueOptions.DedupMaxIds)] = options => Number(options.DedupMaxIds, least: 1, most: 10_000_000),
        [nameof(QueueOptions.OpenReadTimeout)] = options => Duration(options.OpenReadTimeout),
        [nameof(QueueOptions.MaxDeliveries)] = options => Number(options.MaxDeliveries, most: ushort.MaxValue),
        [nameof(QueueOptions.DeadLetterQueue)] = options => Name(options.DeadLetterQueue),
        [nameof(QueueOptions.RetryDelay)] = options => Duration(options.RetryDelay),
        [nameof(QueueOptions.RetryMaxDelay)] = options => Duration(options.RetryMaxDelay),
        [nameof(QueueOptions.MaxAge)] = options => Duration(options.MaxAge),
        [nameof(QueueOptions.ExpireToQueue)] = options => Name(options.ExpireToQueue),
        [nameof(QueueOptions.MaxExpireSweep)] = options => Number(options.MaxExpireSweep, most: int.MaxValue),
        [nameof(QueueOptions.MaxQueueAge)] = options => Duration(options.MaxQueueAge),
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

    private static string? Name(string value)
        => value.Length == 0 || QueueName.IsLegal(System.Text.Encoding.UTF8.GetBytes(value))
            ? null
            : $"'{value}': must be a queue's name, in which * stands for that of this one, or empty";

    /// <summary>Ten years, beyond which a moment may leave the calendar.</summary>
    private static string? Duration(TimeSpan value)
        => value >= TimeSpan.Zero && value <= TimeSpan.FromDays(3650)
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"{value}: must be 00:00:00 to 3650.00:00:00");
}
