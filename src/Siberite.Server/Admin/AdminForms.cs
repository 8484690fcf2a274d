using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Siberite.Contracts;

namespace Siberite.Server.Admin;

/// <summary>One queue, all its homes together.</summary>
/// <param name="Name">The queue.</param>
/// <param name="Mode">Strict or Loose.</param>
/// <param name="IsPaused">Whether reads are refused.</param>
/// <param name="Items">Items that wait.</param>
/// <param name="Bytes">Their payload.</param>
/// <param name="Homes">The same and more, for each silo that has items of it and could be reached.</param>
internal sealed record QueueReport(
    string Name, string Mode, bool IsPaused, long Items, long Bytes, IReadOnlyList<QueueHomeReport> Homes)
{
    /// <summary>Items on all silos that are not due yet; not among <see cref="Items"/>.</summary>
    public long Delayed => Homes.Sum(home => home.Delayed);
}

/// <summary>One queue on one silo. Counts of what happened are since the silo started, but for
/// <paramref name="Appended"/>.</summary>
/// <param name="Silo">The silo's name.</param>
/// <param name="StoreId">Its store.</param>
/// <param name="Items">Items that wait there.</param>
/// <param name="Bytes">Their payload.</param>
/// <param name="OldestEnqueuedAt">When the next item was appended; <see langword="null"/> if there is none.</param>
/// <param name="OpenReads">Items in the hands of clients.</param>
/// <param name="Waiters">Clients that wait for an item.</param>
/// <param name="Appended">Items appended since the queue was created.</param>
/// <param name="Taken">Items handed out, redeliveries included.</param>
/// <param name="Closed">Items closed.</param>
/// <param name="Aborted">Items given back.</param>
/// <param name="Expired">Items that expired.</param>
/// <param name="Discarded">Items dropped because the queue was full.</param>
/// <param name="IsUnreadable">Whether its stored bytes cannot be read: it can only be deleted.</param>
internal sealed record QueueHomeReport(
    string Silo, string StoreId, long Items, long Bytes, DateTimeOffset? OldestEnqueuedAt, int OpenReads, int Waiters,
    long Appended, long Taken, long Closed, long Aborted, long Expired, long Discarded, bool IsUnreadable)
{
    public static QueueHomeReport Of(QueueStats queue, string silo) => new(
        silo, queue.Store.ToString(), queue.ItemCount, queue.ItemBytes, AdminTime.Of(queue.OldestEnqueuedAt),
        queue.OpenReadCount, queue.WaiterCount, queue.AppendedCount, queue.TakenCount, queue.ClosedCount,
        queue.AbortedCount, queue.ExpiredCount, queue.DiscardedCount, queue.IsUnreadable)
    {
        Delayed = queue.DelayedCount,
        DelayedBytes = queue.DelayedBytes,
        Failed = queue.FailedCount,
        Retried = queue.RetriedCount,
        DeadLetters = queue.DeadLetterCount,
        Duplicates = queue.DuplicateCount,
        IsHeldByCursors = queue.IsHeldByCursors,
        Cursors = [.. queue.Cursors.Select(CursorReport.Of)],
        Children = queue.Children,
    };

    /// <summary>Items that are not due yet.</summary>
    public long Delayed { get; private init; }

    /// <summary>Their payload.</summary>
    public long DelayedBytes { get; private init; }

    /// <summary>Open reads whose client was lost or whose lease ran out.</summary>
    public long Failed { get; private init; }

    /// <summary>Items kept back after they were opened in vain.</summary>
    public long Retried { get; private init; }

    /// <summary>Items that went to the dead-letter queue.</summary>
    public long DeadLetters { get; private init; }

    /// <summary>Sets refused because their id was seen before.</summary>
    public long Duplicates { get; private init; }

    /// <summary>Whether its cursors keep more than its settings call normal.</summary>
    public bool IsHeldByCursors { get; private init; }

    /// <summary>Its cursors, by name.</summary>
    public IReadOnlyList<CursorReport> Cursors { get; private init; } = [];

    /// <summary>Its children, by name, if it is the parent of a fanout.</summary>
    public IReadOnlyList<string> Children { get; private init; } = [];
}

/// <summary>One cursor of a queue on one silo.</summary>
/// <param name="Name">Its name within the queue.</param>
/// <param name="Items">Items that wait for it.</param>
/// <param name="OpenReads">Items in the hands of its clients.</param>
/// <param name="Waiters">Clients that wait for an item.</param>
/// <param name="UsedAt">When it was last asked for an item, or the silo's start.</param>
internal sealed record CursorReport(
    string Name, long Items, int OpenReads, int Waiters, DateTimeOffset? UsedAt)
{
    public static CursorReport Of(CursorStats cursor) => new(
        cursor.Name, cursor.ItemCount, cursor.OpenReadCount, cursor.WaiterCount, AdminTime.Of(cursor.UsedAt));
}

/// <summary>What a queue is told.</summary>
/// <param name="Queue">The queue.</param>
/// <param name="Settings">Every setting there is.</param>
internal sealed record SettingsReport(string Queue, IReadOnlyList<SettingRow> Settings);

/// <summary>One setting.</summary>
/// <param name="Key">Its name.</param>
/// <param name="Value">Its value, as in a settings file.</param>
/// <param name="Origin">code, default, pattern, name or runTime; later ones count more.</param>
/// <param name="Section">The section of the files it comes from, if it comes from one.</param>
internal sealed record SettingRow(string Key, string Value, string Origin, string? Section)
{
    public static SettingRow Of(EffectiveSetting setting) => new(
        setting.Key, setting.Value, JsonNamingPolicy.CamelCase.ConvertName($"{setting.Origin}"),
        setting.Origin == SettingOrigin.RunTime ? null : setting.Section);
}

/// <summary>Some items, in their order.</summary>
/// <param name="Items">They.</param>
/// <param name="Next">To be given as <c>from</c> to read on; <see langword="null"/> at the end.</param>
internal sealed record ItemsReport(IReadOnlyList<ItemRow> Items, string? Next);

/// <summary>One item.</summary>
/// <param name="StoreId">Its home.</param>
/// <param name="Sequence">Its ordinal there.</param>
/// <param name="Bytes">The length of its payload.</param>
/// <param name="Payload">Its payload in base64, or the beginning of it.</param>
/// <param name="Text">The same as text, if it is printable.</param>
/// <param name="IsCut">Whether that is only the beginning.</param>
/// <param name="Flags">The flags it was set with.</param>
/// <param name="EnqueuedAt">When it was appended.</param>
/// <param name="ExpiresAt">When it stops being served; <see langword="null"/> for never.</param>
/// <param name="Deliveries">How often it was handed out in vain, where that is counted.</param>
/// <param name="IsOpen">Whether a client has it.</param>
internal sealed record ItemRow(
    string StoreId, long Sequence, int Bytes, byte[] Payload, string? Text, bool IsCut, uint Flags,
    DateTimeOffset? EnqueuedAt, DateTimeOffset? ExpiresAt, int Deliveries, bool IsOpen)
{
    private static readonly UTF8Encoding Strict =
        new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <param name="item">It.</param>
    /// <param name="maxShownBytes">Payload bytes to show; <see langword="null"/> for all, without a text.</param>
    public static ItemRow Of(InspectedItem item, int? maxShownBytes)
    {
        var isCut = item.Payload.Length > maxShownBytes;
        var shown = isCut ? item.Payload[..maxShownBytes!.Value] : item.Payload;
        return new ItemRow(
            item.Store.ToString(), item.Sequence, item.Payload.Length, shown,
            maxShownBytes is null ? null : TextOf(shown), isCut, item.Flags, AdminTime.Of(item.EnqueuedAt),
            AdminTime.Of(item.ExpiresAt), item.Deliveries, item.IsOpen);
    }

    private static string? TextOf(byte[] payload)
    {
        try
        {
            var text = Strict.GetString(payload);
            return text.Any(letter => char.IsControl(letter) && letter is not ('\t' or '\n' or '\r')) ? null : text;
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}

/// <summary>Items to append.</summary>
/// <param name="Items">In their order.</param>
internal sealed record ItemsBody(IReadOnlyList<ItemBody> Items);

/// <summary>One of them.</summary>
/// <param name="Payload">In base64.</param>
/// <param name="Flags">The client's flags.</param>
/// <param name="ExpiresAt">When it stops being served; <see langword="null"/> for never.</param>
internal sealed record ItemBody(byte[] Payload, uint Flags = 0, DateTimeOffset? ExpiresAt = null);

/// <summary>What became of items to append.</summary>
/// <param name="Stored">The first so many are stored.</param>
/// <param name="Trouble">Why the others are not.</param>
internal sealed record StoredReport(int Stored, string? Trouble);

/// <summary>How a part of a redrive ended.</summary>
/// <param name="Moved">Items moved by this request.</param>
/// <param name="IsOver">Whether there is nothing more to move, or the target takes no more.</param>
/// <param name="Trouble">Why it ended early.</param>
internal sealed record RedriveReport(int Moved, bool IsOver, string? Trouble);

/// <summary>Instants of the engine as JSON shows them.</summary>
internal static class AdminTime
{
    public static DateTimeOffset? Of(long unixMilliseconds)
        => unixMilliseconds == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(unixMilliseconds);
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(BoardReport))]
[JsonSerializable(typeof(MoveReport))]
[JsonSerializable(typeof(DrainReport))]
[JsonSerializable(typeof(QueueReport))]
[JsonSerializable(typeof(SettingsReport))]
[JsonSerializable(typeof(ItemsReport))]
[JsonSerializable(typeof(ItemsBody))]
[JsonSerializable(typeof(StoredReport))]
[JsonSerializable(typeof(RedriveReport))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(Dictionary<string, JsonElement>))]
internal sealed partial class AdminJson : JsonSerializerContext;
