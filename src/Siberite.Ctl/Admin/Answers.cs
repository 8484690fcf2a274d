using System.Text.Json.Serialization;

namespace Siberite.Ctl.Admin;

/// <summary>What <c>/api/queues</c> answers, as far as this tool reads it. Members that are missing fail.</summary>
internal sealed record QueuesAnswer(
    [property: JsonRequired] SiloAnswer Silo, [property: JsonRequired] TotalsAnswer Totals,
    [property: JsonRequired] int Matching, [property: JsonRequired] IReadOnlyList<QueueRowAnswer> Queues);

/// <summary>One queue of a list.</summary>
internal sealed record QueueRowAnswer(
    [property: JsonRequired] string Name, [property: JsonRequired] long Items, [property: JsonRequired] long Bytes,
    double? OldestSeconds, int OpenReads, int Waiters, double? InPerSecond, double? OutPerSecond, string Silo,
    bool IsUnreadable, bool IsPaused, long Delayed, long DeadLetters, int Cursors, string? State);

/// <summary>One silo.</summary>
internal sealed record SiloAnswer(
    [property: JsonRequired] string Version, [property: JsonRequired] long UptimeSeconds,
    [property: JsonRequired] string StoreId, [property: JsonRequired] string DataDirectory);

/// <summary>All queues of a silo.</summary>
internal sealed record TotalsAnswer([property: JsonRequired] int Queues, [property: JsonRequired] long Items);

/// <summary>How far a move is.</summary>
internal sealed record MoveAnswer(
    [property: JsonRequired] string From, [property: JsonRequired] string To, [property: JsonRequired] string Step,
    [property: JsonRequired] long Sent, [property: JsonRequired] long Left, string? Trouble,
    [property: JsonRequired] Guid Move);

/// <summary>How far a drain is.</summary>
internal sealed record DrainAnswer(
    [property: JsonRequired] string Silo, [property: JsonRequired] bool IsDraining,
    [property: JsonRequired] bool IsEmpty, [property: JsonRequired] long QueuesLeft,
    [property: JsonRequired] long Moved, string? Trouble);

/// <summary>One queue.</summary>
internal sealed record QueueAnswer(
    [property: JsonRequired] string Name, [property: JsonRequired] string Mode, [property: JsonRequired] bool IsPaused,
    [property: JsonRequired] long Items, [property: JsonRequired] long Bytes,
    [property: JsonRequired] IReadOnlyList<QueueHomeAnswer> Homes, long Delayed);

/// <summary>One queue on one silo.</summary>
internal sealed record QueueHomeAnswer(
    string Silo, string StoreId, long Items, long Bytes, DateTimeOffset? OldestEnqueuedAt, int OpenReads, int Waiters,
    long Appended, long Taken, long Closed, long Aborted, long Expired, long Discarded, bool IsUnreadable,
    long Delayed, long DelayedBytes, long Failed, long Retried, long DeadLetters, long Duplicates,
    bool IsHeldByCursors, IReadOnlyList<CursorAnswer>? Cursors);

/// <summary>One cursor of a queue on one silo.</summary>
internal sealed record CursorAnswer(
    [property: JsonRequired] string Name, long Items, int OpenReads, int Waiters, DateTimeOffset? UsedAt);

/// <summary>What a queue is told.</summary>
internal sealed record SettingsAnswer([property: JsonRequired] IReadOnlyList<SettingAnswer> Settings);

/// <summary>One setting.</summary>
internal sealed record SettingAnswer(
    [property: JsonRequired] string Key, [property: JsonRequired] string Value,
    [property: JsonRequired] string Origin, string? Section);

/// <summary>Some items.</summary>
internal sealed record ItemsAnswer([property: JsonRequired] IReadOnlyList<ItemAnswer> Items, string? Next);

/// <summary>One item.</summary>
internal sealed record ItemAnswer(
    [property: JsonRequired] string StoreId, [property: JsonRequired] long Sequence,
    [property: JsonRequired] int Bytes, [property: JsonRequired] byte[] Payload, string? Text, bool IsCut, uint Flags,
    DateTimeOffset? EnqueuedAt, DateTimeOffset? ExpiresAt, int Deliveries, bool IsOpen);

/// <summary>Items to append.</summary>
internal sealed record ItemsQuestion(IReadOnlyList<ItemQuestion> Items);

/// <summary>One of them.</summary>
internal sealed record ItemQuestion(byte[] Payload, uint Flags, DateTimeOffset? ExpiresAt);

/// <summary>What became of them.</summary>
internal sealed record StoredAnswer([property: JsonRequired] int Stored, string? Trouble);

/// <summary>How a part of a redrive ended.</summary>
internal sealed record RedriveAnswer(
    [property: JsonRequired] int Moved, [property: JsonRequired] bool IsOver, string? Trouble);

/// <summary>Why something was not done.</summary>
internal sealed record ProblemAnswer([property: JsonRequired] string Detail);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(QueuesAnswer))]
[JsonSerializable(typeof(MoveAnswer))]
[JsonSerializable(typeof(DrainAnswer))]
[JsonSerializable(typeof(QueueAnswer))]
[JsonSerializable(typeof(SettingsAnswer))]
[JsonSerializable(typeof(ItemsAnswer))]
[JsonSerializable(typeof(ItemsQuestion))]
[JsonSerializable(typeof(StoredAnswer))]
[JsonSerializable(typeof(RedriveAnswer))]
[JsonSerializable(typeof(ProblemAnswer))]
[JsonSerializable(typeof(IReadOnlyList<QueueRowAnswer>))]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class AdminJson : JsonSerializerContext;
