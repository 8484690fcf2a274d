using System.Buffers;
using System.Text;
using Siberite.Queues;

namespace Siberite.Storage.Tests;

/// <summary>Short words for what the tests write.</summary>
internal static class StoreBatches
{
    public static void Append(this IStoreBatch batch, long queueId, long sequence, string payload)
        => batch.Append(queueId, sequence, Encoding.UTF8.GetBytes(payload));

    public static void Append(this IStoreBatch batch, long queueId, long sequence, byte[] payload)
        => batch.AppendItem(queueId, Header(sequence), new ReadOnlySequence<byte>(payload));

    /// <summary>Adds an item with its payload in a payload file.</summary>
    public static void AppendLarge(
        this IStoreBatch batch, IQueueStore store, long queueId, long sequence, ReadOnlySpan<byte> payload)
    {
        using var draft = store.BeginLarge(queueId, payload.Length)!;
        draft.Write(payload[..(payload.Length / 3)]);
        draft.Write(payload[(payload.Length / 3)..]);
        batch.AppendLarge(queueId, Header(sequence), draft.Complete());
    }

    public static ItemHeader Header(long sequence)
        => new(sequence, Flags: 7, EnqueuedAt: 1000 + sequence, ExpiresAt: 0, AppendedBytes: 10 * sequence, 0);

    public static void Commit(this IQueueStore store, Action<IStoreBatch> fill)
    {
        var batch = store.CreateBatch();
        fill(batch);
        store.Write(batch);
        store.Sync();
    }

    public static List<StoredItem> Read(this IQueueStore store, long queueId, long first, long limit)
    {
        var items = new List<StoredItem>();
        store.ReadItems(queueId, first, limit, long.MaxValue, items);
        return items;
    }

    public static string[] ReadTexts(this IQueueStore store, long queueId, long first, long limit)
        => [.. store.Read(queueId, first, limit).Select(item => Encoding.UTF8.GetString(item.Payload))];
}
