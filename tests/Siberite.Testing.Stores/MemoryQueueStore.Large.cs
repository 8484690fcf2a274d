using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Testing.Stores;

// Large payloads, as unkind as payload files can be: bytes are gone as soon as the trim of their item is written,
// unless somebody holds them.
public sealed partial class MemoryQueueStore
{
    private readonly Dictionary<(long QueueId, long Sequence), MemoryPayload> _payloads = [];

    /// <summary>Payloads from this size on may be begun as large ones. None, unless a test says otherwise.</summary>
    public int LargeBytes { get; init; } = int.MaxValue;

    /// <summary>Large payloads that somebody has not let go of.</summary>
    public int HeldPayloadCount
    {
        get
        {
            lock (_gate)
            {
                return _payloads.Values.Count(payload => payload.IsHeld);
            }
        }
    }

    public ILargeDraft? BeginLarge(long queueId, int bytes)
    {
        lock (_gate)
        {
            ThrowIfFailed();
            return new MemoryDraft(queueId, bytes);
        }
    }

    /// <summary>An item whose payload is a large one, as this run knows it.</summary>
    private StoredItem AsLarge(long queueId, StoredItem item)
    {
        var key = (queueId, item.Header.Sequence);
        if (!_payloads.TryGetValue(key, out var payload))
        {
            _payloads.Add(key, payload = new MemoryPayload(queueId, item.Payload));
        }

        return new StoredItem(item.Header, null, payload);
    }

    private void DropTrimmedPayloads()
    {
        foreach (var ((queueId, sequence), payload) in _payloads)
        {
            if (_current.IsTrimmed(queueId, sequence))
            {
                payload.Drop();
            }
        }
    }

    private sealed class MemoryDraft : ILargeDraft
    {
        private readonly MemoryPayload _payload;
        private int _written;

        public MemoryDraft(long queueId, int length)
        {
            _payload = new MemoryPayload(queueId, new byte[length]);
            _payload.Hold();
        }

        public void Write(ReadOnlySpan<byte> bytes)
        {
            bytes.CopyTo(_payload.Bytes.AsSpan(_written));
            _written += bytes.Length;
        }

        public ILargePayload Complete()
            => _written == _payload.Length ? _payload
                : throw new InvalidOperationException($"Of {_payload.Length} bytes {_written} were written.");

        public void Dispose() => _payload.Release();
    }
}

/// <summary>Bytes that are there until their item is trimmed and nobody holds them.</summary>
internal sealed class MemoryPayload(long queueId, byte[] bytes) : ILargePayload
{
    private readonly Lock _gate = new();
    private int _holds;
    private bool _isDropped;

    public long QueueId => queueId;

    public byte[] Bytes => bytes;

    public int Length => bytes.Length;

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

    public void Hold()
    {
        lock (_gate)
        {
            if (_isDropped && _holds == 0)
            {
                throw new InvalidOperationException("A payload is held after its item was trimmed.");
            }

            _holds++;
        }
    }

    public void Release()
    {
        lock (_gate)
        {
            if (_holds == 0)
            {
                throw new InvalidOperationException("A payload is let go of that nobody holds.");
            }

            _holds--;
        }
    }

    public void Read(int offset, Span<byte> target)
    {
        if (!IsHeld)
        {
            throw new InvalidOperationException("A payload is read that nobody holds.");
        }

        bytes.AsSpan(offset, target.Length).CopyTo(target);
    }

    public byte[] ToArray()
    {
        var copy = new byte[bytes.Length];
        Read(0, copy);
        return copy;
    }

    /// <summary>Its item was trimmed.</summary>
    public void Drop()
    {
        lock (_gate)
        {
            _isDropped = true;
        }
    }
}
