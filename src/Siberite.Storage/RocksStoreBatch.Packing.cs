using System.Buffers;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using Siberite.Queues;

namespace Siberite.Storage;

// Payloads that go to payload files together with the batch: once, and not through RocksDB's log and tables.
internal sealed partial class RocksStoreBatch
{
    private readonly Dictionary<long, Pack> _packs = []; // By queue; those without a run only count.
    private readonly List<PackRun> _runs = [];
    private long _packedBytes;

    /// <summary>Bytes of payloads that are packed or could have been.</summary>
    public long PackableBytes { get; private set; }

    /// <summary>Queues they are of.</summary>
    public int PackableQueueCount => _packs.Count;

    /// <summary>Writes the packed payloads to their files, and what refers to these into the batch. Before the
    /// batch.</summary>
    /// <exception cref="IOException"/>
    public void WritePayloads()
    {
        foreach (var run in _runs)
        {
            run.Share.File.Write(run.Bytes, run.Offset);
            payloads.Refer(_buffer, run.Share);
        }
    }

    /// <summary>The batch is written, or never will be: what it has packed is under way no longer.</summary>
    public void EndPayloads()
    {
        foreach (var run in _runs)
        {
            run.GiveBack();
            if (run.IsFirst)
            {
                payloads.End(run.Share);
            }
        }

        _runs.Clear();
        _packs.Clear();
        _packedBytes = 0;
        PackableBytes = 0;
    }

    /// <returns>Whether the item is in the batch, with its payload in a pack.</returns>
    private bool TryPack(long queueId, in ItemHeader header, in ReadOnlySequence<byte> payload)
    {
        PackableBytes += payload.Length;
        ref var pack = ref CollectionsMarshal.GetValueRefOrAddDefault(_packs, queueId, out _);
        if (!payloads.Packs)
        {
            return false;
        }

        var bytes = (int)payload.Length;
        var known = pack.Run?.Share;
        var (share, offset) = payloads.Pack(queueId, bytes, header.Sequence, known);
        if (pack.Run is not { } run || share != known || run.Limit != offset || !run.HasRoomFor(bytes))
        {
            _runs.Add(pack.Run = run = new PackRun(share, offset) { IsFirst = share != known });
        }

        var packed = run.Add(bytes);
        payload.CopyTo(packed);
        _packedBytes += bytes;

        Span<byte> key = stackalloc byte[StoreKeys.ItemBytes];
        StoreKeys.WriteItem(key, queueId, header.Sequence);
        var value = _buffer.Put(itemsFamily, key, ItemValue.HeaderBytes + ItemValue.PlaceBytes);
        ItemValue.WriteHeader(value, header, ItemValue.LargeVersion);
        ItemValue.WritePlace(
            value[ItemValue.HeaderBytes..], share.File.Number, offset, bytes, XxHash3.HashToUInt64(packed));
        return true;
    }

    private record struct Pack
    {
        public PackRun? Run { get; set; }
    }

    /// <summary>Payloads of one queue that lie behind each other in its share.</summary>
    private sealed class PackRun(PayloadShare share, long offset)
    {
        private const int FirstBytes = 16 << 10;

        /// <summary>64 KiB: a write for as many items as a client pipelines, from a buffer that is small enough for the
        /// collector to move.</summary>
        private const int MaxBytes = 64 << 10;

        private byte[] _buffer = ArrayPool<byte>.Shared.Rent(FirstBytes);
        private int _count;

        public PayloadShare Share => share;

        public long Offset => offset;

        /// <summary>Whether it is the batch's first one in its share, which counts as a payload under way.</summary>
        public bool IsFirst { get; init; }

        /// <summary>Where the next payload has to lie in the file to belong to it.</summary>
        public long Limit => offset + _count;

        public ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, _count);

        public bool HasRoomFor(int bytes) => _count + bytes <= MaxBytes;

        /// <returns>Room for the next payload, to be filled.</returns>
        public Span<byte> Add(int bytes)
        {
            if (_buffer.Length - _count < bytes)
            {
                var larger = ArrayPool<byte>.Shared.Rent(Math.Max(checked(_count + bytes), 2 * _buffer.Length));
                Bytes.CopyTo(larger);
                ArrayPool<byte>.Shared.Return(_buffer);
                _buffer = larger;
            }

            _count += bytes;
            return _buffer.AsSpan(_count - bytes, bytes);
        }

        public void GiveBack()
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            (_buffer, _count) = ([], 0);
        }
    }
}
