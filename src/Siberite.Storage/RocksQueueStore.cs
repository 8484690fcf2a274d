using System.Buffers.Binary;
using Microsoft.Extensions.Logging;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Storage;

/// <summary>Keeps queues in one RocksDB per data directory. FORMAT.md draws what is on disk.</summary>
public sealed partial class RocksQueueStore : IQueueStore
{
    /// <summary>Counts up when an older server must not read the database.</summary>
    internal const int StoreFormat = 1;

    internal const int FormatRecordBytes = sizeof(int) + 16;

    private static readonly TimeSpan RoomCheckInterval = TimeSpan.FromSeconds(1);

    private readonly DataDirectory _directory;
    private readonly RocksDatabase _database;
    private readonly PayloadFiles _payloads;
    private readonly StorageOptions _options;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;

    // Held for reading by every call, so that the database is not closed under one.
    private readonly ReaderWriterLockSlim _lifetime = new(LockRecursionPolicy.NoRecursion);
    private volatile Exception? _failure;
    private volatile bool _hasRoom;
    private long _roomCheckedAt;
    private bool _isClosed;

    private RocksQueueStore(
        DataDirectory directory, RocksDatabase database, PayloadFiles payloads, StorageOptions options,
        ILogger logger, TimeProvider time)
    {
        (_directory, _database, _payloads) = (directory, database, payloads);
        (_options, _logger, _time) = (options, logger, time);
        payloads.Failed = e => FailAside("write of a payload", e);
        payloads.Packs = options.PackedBatchBytes == 0;
        _hasRoom = FindRoom();
        _roomCheckedAt = time.GetTimestamp();
    }

    /// <inheritdoc/>
    public StoreId Id => _directory.Id;

    /// <inheritdoc/>
    public bool HasRoom
    {
        get
        {
            // Two threads may look at once; both see the same disk.
            if (_time.GetElapsedTime(Volatile.Read(ref _roomCheckedAt)) >= RoomCheckInterval)
            {
                Volatile.Write(ref _roomCheckedAt, _time.GetTimestamp());
                _hasRoom = FindRoom();
            }

            return _hasRoom;
        }
    }

    /// <summary>Takes the data directory and opens the store in it, creating both if need be.</summary>
    /// <param name="options">Read once.</param>
    /// <param name="logger">Hears of the opening, of space given back and of the first failure.</param>
    /// <param name="time">Paces the look at free space.</param>
    /// <exception cref="DataDirectoryException">The directory is in use, not ours, or damaged.</exception>
    public static RocksQueueStore Open(StorageOptions options, ILogger logger, TimeProvider time)
    {
        var started = time.GetTimestamp();
        var directory = DataDirectory.Open(options.DataDirectory);
        RocksDatabase? database = null;
        try
        {
            LogCheck.ThrowIfDamaged(directory.StorePath);
            database = RocksDatabase.Open(directory.StorePath, options, directory.MayCompact);
            CheckFormat(directory, database);
            var payloads = new PayloadFiles(directory.PayloadsPath, database);
            if (!database.Compacts)
            {
                LogNoCompaction(logger, directory.Path, DataDirectory.NoCompactionFile);
            }

            LogOpened(logger, directory.Path, directory.Id, (long)time.GetElapsedTime(started).TotalMilliseconds);
            return new RocksQueueStore(directory, database, payloads, options, logger, time);
        }
        catch (Exception e)
        {
            database?.Dispose();
            directory.Dispose();
            if (e is RocksException)
            {
                throw new DataDirectoryException(
                    $"The store in data directory {directory.Path} cannot be opened: {e.Message}", e);
            }

            throw;
        }
    }

    /// <inheritdoc/>
    public IStoreBatch CreateBatch() => new RocksStoreBatch(
        _database.ItemsFamily, _payloads, _options.PackedItemBytes > 0 ? _options.PackedItemBytes : int.MaxValue);

    /// <inheritdoc/>
    public void Write(IStoreBatch batch)
    {
        var mutations = (RocksStoreBatch)batch;
        EnterUse();
        try
        {
            ThrowIfFailed();
            mutations.WritePayloads();
            _database.Write(mutations.Written);
            _payloads.Packs = IsWorthPacking(mutations);
            TrimPayloads(mutations);
        }
        catch (Exception e) when (e is RocksException or IOException)
        {
            throw Fail("write", e);
        }
        finally
        {
            mutations.EndPayloads();
            _lifetime.ExitReadLock();
        }
    }

    /// <inheritdoc/>
    public void Sync()
    {
        EnterUse();
        try
        {
            ThrowIfFailed();
            SyncAll();
        }
        catch (Exception e) when (e is RocksException or IOException)
        {
            throw Fail("sync", e);
        }
        finally
        {
            _lifetime.ExitReadLock();
        }
    }

    /// <inheritdoc/>
    public byte[]? ReadState(string key)
    {
        EnterUse();
        try
        {
            return _database.ReadMetadata(StoreKeys.State(key));
        }
        catch (RocksException e)
        {
            throw new SiberiteException(SiberiteError.ItemUnreadable, $"The state {key} cannot be read.", e);
        }
        finally
        {
            _lifetime.ExitReadLock();
        }
    }

    /// <summary>Syncs what was written, unless the store has failed, and closes it after calls under way.</summary>
    public void Dispose()
    {
        if (_isClosed)
        {
            return;
        }

        _database.StopRewriting();
        _lifetime.EnterWriteLock();
        _isClosed = true;
        _lifetime.ExitWriteLock();

        if (_failure is null)
        {
            try
            {
                _payloads.Sync(isLast: true);
                _database.SyncLog();
            }
            catch (Exception e) when (e is RocksException or IOException)
            {
                LogFailed(_logger, e, "last sync", _directory.Path);
            }
        }

        _payloads.Dispose();
        _database.Dispose();
        _directory.Dispose();
    }

    private static void CheckFormat(DataDirectory directory, RocksDatabase database)
    {
        Span<byte> expected = stackalloc byte[FormatRecordBytes];
        BinaryPrimitives.WriteInt32LittleEndian(expected, StoreFormat);
        directory.Id.Value.TryWriteBytes(expected[sizeof(int)..], bigEndian: true, out _);

        if (database.ReadMetadata(StoreKeys.Format) is not { } found)
        {
            var record = new WriteBatchBuffer();
            record.Put(StoreKeys.Format, expected);
            database.Write(record.Written);
            database.SyncLog();
        }
        else if (found.Length < FormatRecordBytes
            || BinaryPrimitives.ReadInt32LittleEndian(found) is < 1 or > StoreFormat)
        {
            throw new DataDirectoryException(
                $"The store in data directory {directory.Path} is of a format that this server does not know.", null);
        }
        else if (!found.AsSpan(sizeof(int), 16).SequenceEqual(expected[sizeof(int)..]))
        {
            throw new DataDirectoryException(
                $"The store in data directory {directory.Path} belongs to another {DataDirectory.IdentityFile}.", null);
        }
    }

    private bool FindRoom()
    {
        try
        {
            return new DriveInfo(_directory.Path).AvailableFreeSpace >= _options.ReserveBytes;
        }
        catch (IOException)
        {
            // Not a full disk but a broken one: the next write finds that out and says so.
            return true;
        }
    }

    private SiberiteException Fail(string operation, Exception cause)
    {
        _failure = cause;
        LogFailed(_logger, cause, operation, _directory.Path);
        if (cause is RocksException { IsCorruption: true })
        {
            ForbidCompaction();
        }

        return new SiberiteException(SiberiteError.StorageFailed, $"The {operation} failed: {cause.Message}", cause);
    }

    /// <summary>No write reads, so it was a compaction that met a bad block. It would again after a restart.</summary>
    private void ForbidCompaction()
    {
        try
        {
            _directory.ForbidCompaction();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogFailed(_logger, e, "note about the bad block", _directory.Path);
        }
    }

    /// <remarks>After a failed sync the kernel may drop the pages and call the next sync a success: going on would
    /// acknowledge lost items.</remarks>
    private void ThrowIfFailed()
    {
        if (_failure is { } cause)
        {
            throw new SiberiteException(
                SiberiteError.StorageFailed, $"The store has failed: {cause.Message}", cause);
        }
    }

    private void EnterUse()
    {
        _lifetime.EnterReadLock();
        if (_isClosed)
        {
            _lifetime.ExitReadLock();
            throw new ObjectDisposedException(nameof(RocksQueueStore));
        }
    }
}
