using System.Buffers.Binary;
using System.Globalization;
using Siberite.Queues;

namespace Siberite.Storage;

// What a start finds.
internal sealed partial class PayloadFiles
{
    /// <summary>The next file's number and the first one that is not known to be wholly on disk.</summary>
    internal const string StateName = "store/payload-files";

    internal const int StateBytes = 2 * sizeof(long);

    internal const int DoubtfulBytes = sizeof(long);

    private static readonly byte[] StateKey = StoreKeys.State(StateName);

    private void ReadState()
    {
        (_nextNumber, _unsyncedFrom) = (1, 1);
        if (_database.ReadMetadata(StateKey) is not { } value)
        {
            return;
        }

        if (value.Length < StateBytes || (value.Length - StateBytes) % DoubtfulBytes != 0)
        {
            throw new RocksException("what is known of payload files is not understood");
        }

        _nextNumber = BinaryPrimitives.ReadInt64LittleEndian(value);
        _unsyncedFrom = BinaryPrimitives.ReadInt64LittleEndian(value.AsSpan(sizeof(long)));
        for (var place = StateBytes; place < value.Length; place += DoubtfulBytes)
        {
            _doubtful.Add(BinaryPrimitives.ReadInt64LittleEndian(value.AsSpan(place)));
        }
    }

    private byte[] WriteState()
    {
        var value = new byte[StateBytes + (_doubtful.Count * DoubtfulBytes)];
        BinaryPrimitives.WriteInt64LittleEndian(value, _nextNumber);
        BinaryPrimitives.WriteInt64LittleEndian(value.AsSpan(sizeof(long)), _unsyncedFrom);
        var place = StateBytes;
        foreach (var number in _doubtful)
        {
            BinaryPrimitives.WriteInt64LittleEndian(value.AsSpan(place), number);
            place += DoubtfulBytes;
        }

        return value;
    }

    private void LoadFiles()
    {
        foreach (var path in Directory.EnumerateFiles(_directory))
        {
            var name = Path.GetFileName(path);
            if (!long.TryParse(name, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number)
                || number <= 0 || name != NameOf(number))
            {
                continue; // Not ours.
            }

            var file = new PayloadFile(path, number)
            {
                IsSealed = true,
                IsListed = number < _unsyncedFrom,
                IsDirty = number >= _unsyncedFrom, // Its pages may still be in the system's hands.
                Length = new FileInfo(path).Length,
            };
            _files.Add(number, file);
            if (file.IsDirty)
            {
                _unsettled.Add(file);
            }

            _nextNumber = Math.Max(_nextNumber, number + 1);
        }
    }

    private void LoadShares()
    {
        var missing = new Dictionary<long, PayloadFile>();
        using var records = _database.ScanMetadata(StoreKeys.SharePrefix);
        for (records.SeekToFirst(); records.IsValid; records.MoveNext())
        {
            if (records.Key.Length != StoreKeys.ShareBytes)
            {
                throw new RocksException("there is a share of a payload file without a queue");
            }

            var queueId = StoreKeys.ReadQueueId(records.Key);
            var number = StoreKeys.ReadShareFile(records.Key);
            _nextNumber = Math.Max(_nextNumber, number + 1);

            // A file that is missing shows when its items are read, if there are any left.
            if (!missing.TryGetValue(number, out var file) && !_files.TryGetValue(number, out file))
            {
                missing.Add(number, file = new PayloadFile(PathOf(number), number) { IsSealed = true });
            }

            var share = new PayloadShare(queueId, file);
            if (!ShareValue.TryRead(records.Value, share))
            {
                throw new RocksException($"what queue {queueId} has of payload file {number} is not understood");
            }

            if (!_queues.TryGetValue(queueId, out var shares))
            {
                _queues.Add(queueId, shares = new PayloadShares());
            }

            shares.All.AddLast(share);
            file.ShareCount++;
            if (number >= _unsyncedFrom)
            {
                _doubtful.Add(number);
            }
        }

        records.ThrowIfFailed();
        _doubtful.IntersectWith(_queues.Values.SelectMany(shares => shares.All).Select(share => share.File.Number));
    }

    /// <summary>What the queues found at a start do not need any more has ended.</summary>
    public void Trim(IEnumerable<StoredQueue> queues)
    {
        lock (_gate)
        {
            var limits = queues.ToDictionary(
                queue => queue.Record.Id, queue => queue.Damage is null ? queue.Reader.Position : 0);
            foreach (var queueId in _queues.Keys.ToArray())
            {
                Trim(queueId, limits.GetValueOrDefault(queueId, long.MaxValue));
            }
        }
    }

    /// <remarks>Payloads that no batch came to refer to, and what an earlier run did not come to give back.</remarks>
    private void DropOrphans()
    {
        foreach (var file in _files.Values.Where(file => file.ShareCount == 0).ToArray())
        {
            _files.Remove(file.Number);
            file.Drop();
        }

        var taken = _queues.Values.SelectMany(shares => shares.All)
            .SelectMany(share => share.Extents.Select(extent => (share.File, extent.Offset, extent.Length)))
            .ToLookup(extent => extent.File);
        foreach (var file in _files.Values)
        {
            var end = 0L;
            foreach (var (_, offset, length) in taken[file].OrderBy(extent => extent.Offset))
            {
                AddLeftover(file, end, offset);
                end = Math.Max(end, offset + length);
            }

            AddLeftover(file, end, file.Length);
        }
    }

    private static void AddLeftover(PayloadFile file, long first, long limit)
    {
        if (first < limit)
        {
            file.Leftovers.Add((first, limit - first));
        }
    }
}

/// <summary>The value of a share's record, as FORMAT.md draws it.</summary>
internal static class ShareValue
{
    public const int LastSequenceBytes = 8;
    public const int ExtentBytes = 16;

    public static byte[] Write(PayloadShare share)
    {
        var value = new byte[LastSequenceBytes + (share.Extents.Count * ExtentBytes)];
        BinaryPrimitives.WriteInt64LittleEndian(value, share.LastSequence);
        var rest = value.AsSpan(LastSequenceBytes);
        foreach (var (offset, length) in share.Extents)
        {
            BinaryPrimitives.WriteInt64LittleEndian(rest, offset);
            BinaryPrimitives.WriteInt64LittleEndian(rest[sizeof(long)..], length);
            rest = rest[ExtentBytes..];
        }

        return value;
    }

    public static bool TryRead(ReadOnlySpan<byte> value, PayloadShare share)
    {
        if (value.Length < LastSequenceBytes || (value.Length - LastSequenceBytes) % ExtentBytes != 0)
        {
            return false;
        }

        share.LastSequence = BinaryPrimitives.ReadInt64LittleEndian(value);
        for (var rest = value[LastSequenceBytes..]; !rest.IsEmpty; rest = rest[ExtentBytes..])
        {
            share.Extents.Add((
                BinaryPrimitives.ReadInt64LittleEndian(rest),
                BinaryPrimitives.ReadInt64LittleEndian(rest[sizeof(long)..])));
        }

        return share.LastSequence > 0 && share.Extents.TrueForAll(
            extent => extent.Offset >= 0 && extent.Length > 0 && extent.Offset <= long.MaxValue - extent.Length);
    }
}
