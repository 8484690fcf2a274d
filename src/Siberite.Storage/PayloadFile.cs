using Microsoft.Win32.SafeHandles;

namespace Siberite.Storage;

/// <summary>One file of large payloads.</summary>
/// <remarks>Thread-safe. A number that is used again after a crash does no harm: checksums tell. The handle is opened
/// when it is needed, and only closed while nobody holds it.</remarks>
internal sealed class PayloadFile(string path, long number) : IDisposable
{
    private readonly Lock _gate = new();
    private SafeFileHandle? _handle;
    private int _holds;
    private volatile bool _isDropped;
    private volatile bool _isDirty;

    public long Number => number;

    /// <summary>Whether its name is on disk. It is made when it is first written to, and nobody syncs it before
    /// that.</summary>
    public bool IsListed { get; set; }

    /// <summary>Bytes given out so far. Guarded by the files' gate, like all that follows.</summary>
    public long Length { get; set; }

    /// <summary>Whether nothing is added to it any more.</summary>
    public bool IsSealed { get; set; }

    /// <summary>Queues that have payloads in it which are not trimmed, or may yet have.</summary>
    public int ShareCount { get; set; }

    /// <summary>Of those, the ones that have trimmed all they had in it.</summary>
    public int EndedCount { get; set; }

    /// <summary>What was given to queues that have trimmed it all, and still takes room on the disk.</summary>
    public List<(long Offset, long Length)> Leftovers { get; } = [];

    /// <summary>Whether somebody reads from it, or is about to.</summary>
    public bool IsHeld
    {
        get
        {
            lock (_gate)
            {
                return _holds > 0;
            }
        }
    }

    /// <summary>Whether some of it may not be on disk. Set by hand for what an earlier run has written.</summary>
    public bool IsDirty
    {
        get => _isDirty;
        init => _isDirty = value;
    }

    public void Hold()
    {
        lock (_gate)
        {
            _holds++;
        }
    }

    public void Release()
    {
        lock (_gate)
        {
            _holds--;
            if (_holds == 0 && _isDropped)
            {
                CloseHandle();
            }
        }
    }

    /// <exception cref="IOException"/>
    public void Write(ReadOnlySpan<byte> bytes, long offset)
    {
        try
        {
            RandomAccess.Write(Handle(), bytes, offset);
        }
        catch (Exception e) when (IsIoInDisguise(e))
        {
            throw new IOException(e.Message, e);
        }

        _isDirty = true;
    }

    /// <returns>Whether all of <paramref name="target"/> was filled.</returns>
    /// <exception cref="IOException"/>
    public bool Read(Span<byte> target, long offset) => ReadUpTo(target, offset) == target.Length;

    /// <returns>How many bytes of <paramref name="target"/> were filled; fewer only at the file's end.</returns>
    /// <exception cref="IOException"/>
    public int ReadUpTo(Span<byte> target, long offset)
    {
        var handle = Handle();
        var filled = 0;
        while (filled < target.Length)
        {
            var count = RandomAccess.Read(handle, target[filled..], offset + filled);
            if (count == 0)
            {
                break;
            }

            filled += count;
        }

        return filled;
    }

    /// <summary>Returns when everything written before is on disk.</summary>
    /// <exception cref="IOException"/>
    public void Sync()
    {
        Hold();
        try
        {
            if (_isDirty && !_isDropped)
            {
                _isDirty = false; // What is written from now on is for the next sync.
                PosixFile.SyncData(Handle());
            }
        }
        finally
        {
            Release();
        }
    }

    /// <summary>Gives the room of a piece back. The file keeps its length.</summary>
    /// <exception cref="IOException"/>
    public void Punch(long offset, long length)
    {
        Hold();
        try
        {
            if (!_isDropped)
            {
                PosixFile.Punch(Handle(), offset, length);
            }
        }
        finally
        {
            Release();
        }
    }

    /// <summary>Closes the handle if nobody needs it now.</summary>
    public void Rest()
    {
        lock (_gate)
        {
            if (_holds == 0 && !_isDirty)
            {
                CloseHandle();
            }
        }
    }

    /// <summary>Gives the file another number, and its room to be written over. Not while anybody holds it.</summary>
    /// <returns>The file under that number, or <see langword="null"/> if it is held.</returns>
    /// <exception cref="IOException"/>
    public PayloadFile? TryRecycle(string newPath, long newNumber)
    {
        lock (_gate)
        {
            if (_holds > 0)
            {
                return null;
            }

            try
            {
                File.Move(path, newPath);
            }
            catch (Exception e) when (IsIoInDisguise(e))
            {
                throw new IOException(e.Message, e);
            }

            _isDropped = true;
            var recycled = new PayloadFile(newPath, newNumber) { _handle = _handle, _isDirty = true };
            _handle = null;
            return recycled;
        }
    }

    /// <summary>Deletes the file. Whoever holds it can still read it.</summary>
    /// <exception cref="IOException"/>
    public void Drop()
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (IsIoInDisguise(e))
        {
            throw new IOException(e.Message, e);
        }

        lock (_gate)
        {
            _isDropped = true;
            _isDirty = false;
            if (_holds == 0)
            {
                CloseHandle();
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            CloseHandle();
        }
    }

    private SafeFileHandle Handle()
    {
        lock (_gate)
        {
            if (_handle is null && _isDropped)
            {
                throw new IOException($"{Path.GetFileName(path)} was deleted");
            }

            try
            {
                return _handle ??= File.OpenHandle(
                    path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            }
            catch (Exception e) when (IsIoInDisguise(e))
            {
                throw new IOException(e.Message, e);
            }
        }
    }

    /// <summary>What .NET makes of EFBIG, EACCES and EPERM.</summary>
    private static bool IsIoInDisguise(Exception e) => e is ArgumentOutOfRangeException or UnauthorizedAccessException;

    private void CloseHandle()
    {
        _handle?.Dispose();
        _handle = null;
    }
}
