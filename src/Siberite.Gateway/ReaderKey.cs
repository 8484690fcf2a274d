using Siberite.Contracts;

namespace Siberite.Gateway;

/// <summary>Who reads: <c>queue</c>, or <c>queue "." cursor</c>. An empty cursor is none.</summary>
internal readonly ref struct ReaderKey
{
    private ReaderKey(ReadOnlySpan<byte> address, ReadOnlySpan<byte> queue, ReadOnlySpan<byte> cursor)
    {
        Address = address;
        Queue = queue;
        Cursor = cursor;
    }

    /// <summary>The whole, as <see cref="IQueue.Address"/> has it.</summary>
    public ReadOnlySpan<byte> Address { get; }

    public ReadOnlySpan<byte> Queue { get; }

    /// <summary>Empty for the queue's default reader.</summary>
    public ReadOnlySpan<byte> Cursor { get; }

    /// <summary>Takes a key apart whose parts may outlive the bytes they were read from.</summary>
    public static ReaderKey Parse(byte[] address)
        => TryParse(address, out var parsed) is null
            ? parsed
            : throw new SiberiteException(SiberiteError.QueueNameInvalid, "The key is not legal.", inner: null);

    /// <returns><see langword="null"/> when the key is well-formed; otherwise what the client is told.</returns>
    public static ErrorReply? TryParse(ReadOnlySpan<byte> key, out ReaderKey parsed)
    {
        var point = key.IndexOf(CursorName.Separator);
        var queue = point < 0 ? key : key[..point];
        var cursor = point < 0 ? default : key[(point + 1)..];
        parsed = new ReaderKey(cursor.IsEmpty ? queue : key, queue, cursor);
        return !QueueName.IsLegal(queue) ? ErrorReplies.InvalidQueueName
            : !cursor.IsEmpty && !CursorName.IsLegal(cursor) ? ErrorReplies.InvalidCursorName
            : null;
    }
}
