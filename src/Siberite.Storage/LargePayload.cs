using System.IO.Hashing;
using Siberite.Contracts;

namespace Siberite.Storage;

/// <summary>A payload in a payload file.</summary>
/// <param name="file">The file.</param>
/// <param name="offset">Where it begins there.</param>
/// <param name="length">Its bytes.</param>
/// <param name="checksum">XXH3 of them.</param>
internal sealed class LargePayload(PayloadFile file, long offset, int length, ulong checksum) : ILargePayload
{
    private const int CheckedBytes = 64 << 10;

    [ThreadStatic]
    private static byte[]? _checkBuffer;

    public PayloadFile File => file;

    public long Offset => offset;

    public int Length => length;

    public ulong Checksum => checksum;

    /// <summary>What it was written to in this run; <see langword="null"/> if an earlier one wrote it.</summary>
    public PayloadShare? Share { get; init; }

    public void Hold() => file.Hold();

    public void Release() => file.Release();

    public void Read(int from, Span<byte> target)
    {
        try
        {
            if (file.Read(target, offset + from))
            {
                return;
            }
        }
        catch (IOException e)
        {
            throw Unreadable(e);
        }

        throw Unreadable(inner: null);
    }

    public byte[] ToArray()
    {
        var bytes = GC.AllocateUninitializedArray<byte>(length);
        Read(0, bytes);
        return XxHash3.HashToUInt64(bytes) == checksum ? bytes : throw Unreadable(inner: null);
    }

    /// <summary>Whether its bytes are what they were. Held by the caller.</summary>
    /// <exception cref="IOException"/>
    public bool IsIntact()
    {
        var buffer = _checkBuffer ??= GC.AllocateUninitializedArray<byte>(CheckedBytes);
        var hash = new XxHash3();
        for (var done = 0; done < length;)
        {
            var part = buffer.AsSpan(0, Math.Min(CheckedBytes, length - done));
            if (!file.Read(part, offset + done))
            {
                return false;
            }

            hash.Append(part);
            done += part.Length;
        }

        return hash.GetCurrentHashAsUInt64() == checksum;
    }

    private SiberiteException Unreadable(Exception? inner)
        => new(
            SiberiteError.ItemUnreadable,
            $"The payload at byte {offset} of payload file {PayloadFiles.NameOf(file.Number)} cannot be read.", inner);
}

/// <summary>A payload that is being written to a payload file.</summary>
internal sealed class LargeDraft(PayloadFiles files, PayloadShare share, long offset, int length) : ILargeDraft
{
    private XxHash3? _hash; // Only of what comes in pieces.
    private ulong _checksum = XxHash3.HashToUInt64([]);
    private int _written;
    private bool _isDisposed;

    public void Write(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, length - _written);
        if (bytes.IsEmpty)
        {
            return;
        }

        if (bytes.Length == length)
        {
            _checksum = XxHash3.HashToUInt64(bytes);
        }
        else
        {
            (_hash ??= new XxHash3()).Append(bytes);
        }

        files.Write(share.File, bytes, offset + _written);
        _written += bytes.Length;
    }

    public ILargePayload Complete()
    {
        if (_written != length)
        {
            throw new InvalidOperationException($"Of {length} bytes {_written} were written.");
        }

        return new LargePayload(share.File, offset, length, _hash?.GetCurrentHashAsUInt64() ?? _checksum)
        {
            Share = share,
        };
    }

    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            files.End(share);
        }
    }
}
