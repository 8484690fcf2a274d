using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Storage;

// Large payloads.
public sealed partial class RocksQueueStore
{
    /// <summary>Packed bytes that each queue of a batch is to have on average. 8 KiB: two pages.</summary>
    private const long MinPackBytes = 8 << 10;

    /// <inheritdoc/>
    public event Action<Exception>? Failed;

    /// <inheritdoc/>
    public int LargeBytes => _options.LargeItemBytes > 0 ? _options.LargeItemBytes : int.MaxValue;

    /// <inheritdoc/>
    public ILargeDraft? BeginLarge(long queueId, int bytes)
    {
        EnterUse();
        try
        {
            ThrowIfFailed();
            return _payloads.Begin(queueId, bytes);
        }
        catch (IOException e)
        {
            throw FailAside("making of a payload file", e);
        }
        finally
        {
            _lifetime.ExitReadLock();
        }
    }

    /// <summary>Whether the next batch, which will be much like this one, is to pack payloads: a write for each queue,
    /// and a sync more, must be little for each of them.</summary>
    private bool IsWorthPacking(RocksStoreBatch batch)
        => _options.PackedBatchBytes == 0
            || (batch.PackableBytes >= _options.PackedBatchBytes
                && batch.PackableBytes / batch.PackableQueueCount >= MinPackBytes);

    /// <remarks>A large one is read once and compared with its checksum, which also brings it where whoever sends it
    /// finds it soon.</remarks>
    /// <returns><see langword="null"/> if it was never promised to be on disk, and a power cut has torn it; or if the
    /// item is trimmed meanwhile.</returns>
    private StoredItem? FindPayload(in ItemHeader header, ReadOnlySpan<byte> place, long queueId, ref PackReader? packs)
    {
        var (number, offset, length, checksum) = ItemValue.ReadPlace(place);
        if (number <= 0 || offset < 0 || length < 0 || offset > long.MaxValue - length)
        {
            throw Unreadable(queueId, header.Sequence);
        }

        if (_payloads.Find(number) is { } file)
        {
            file.Hold();
            try
            {
                var payload = new LargePayload(file, offset, length, checksum);
                var found = length >= LargeBytes
                    ? new StoredItem(header, null, payload.IsIntact() ? payload : null)
                    : new StoredItem(header, (packs ??= new PackReader()).Read(payload));
                if (found is not { Bytes: null, Large: null })
                {
                    return found;
                }
            }
            catch (IOException e) when (!_payloads.IsTrimmed(queueId, number, header.Sequence))
            {
                throw UnreadablePayload(queueId, header.Sequence, number, e);
            }
            catch (IOException)
            {
                return null; // Its file was deleted under the read.
            }
            finally
            {
                file.Release();
            }
        }

        // Asked last: a share does not end before its items are gone, and its room is not used again before that.
        return _payloads.IsDoubtful(number) || _payloads.IsTrimmed(queueId, number, header.Sequence)
            ? null
            : throw UnreadablePayload(queueId, header.Sequence, number, inner: null);
    }

    /// <summary>Tells the engine as well, which has not called for this and waits for nothing.</summary>
    /// <remarks>On a thread of the pool: the caller may be anybody.</remarks>
    private SiberiteException FailAside(string operation, Exception cause)
    {
        var failure = Fail(operation, cause);
        ThreadPool.UnsafeQueueUserWorkItem(
            static work => work.Store.Failed?.Invoke(work.failure), (Store: this, failure), preferLocal: false);
        return failure;
    }

    private static SiberiteException UnreadablePayload(long queueId, long sequence, long file, Exception? inner)
        => new(
            SiberiteError.ItemUnreadable,
            $"Item {sequence} of queue {queueId} is not whole in payload file {PayloadFiles.NameOf(file)}.", inner);

    private void TrimPayloads(RocksStoreBatch batch)
    {
        foreach (var (queueId, limit) in batch.Trims)
        {
            _payloads.Trim(queueId, limit);
        }

        // Under the other policies a file only goes when no power cut can bring its items back.
        if (_payloads.HasUnused && _options.Durability == Durability.Os)
        {
            Drop(_payloads.TakeEndedUnsynced());
        }
    }

    private void SyncAll()
    {
        var ended = _payloads.HasEnded ? _payloads.TakeEnded() : [];
        _payloads.Sync();
        _database.SyncLog();
        Drop(ended);
    }

    private void ReclaimPayloads(bool isEmpty)
    {
        if (isEmpty)
        {
            _payloads.SealIfWorthIt();
        }

        if (_payloads.HasEnded)
        {
            SyncAll();
        }

        if (isEmpty)
        {
            _payloads.DropSpares();
        }

        _payloads.Punch();
    }

    /// <summary>Gives files back: those to be written over again at once, the others in the background.</summary>
    private void Drop(IReadOnlyList<PayloadShare> ended)
    {
        if (ended.Count > 0 && _payloads.Drop(ended) is { Count: > 0 } files)
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                static work => work.Store.Delete(work.files), (Store: this, files), preferLocal: false);
        }
    }

    private void Delete(List<PayloadFile> files)
    {
        try
        {
            EnterUse();
        }
        catch (ObjectDisposedException)
        {
            return; // The next start finds them.
        }

        try
        {
            if (_failure is null)
            {
                files.ForEach(file => file.Drop());
            }
        }
        catch (IOException e)
        {
            FailAside("deletion of payload files", e);
        }
        finally
        {
            _lifetime.ExitReadLock();
        }
    }
}
