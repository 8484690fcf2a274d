using Siberite.Contracts;

namespace Siberite.Gateway;

/// <summary>Who reads, for commands that outlive the line they came on: a queue, or a cursor of it.</summary>
internal readonly record struct ReaderName(QueueName Queue, CursorName? Cursor)
{
    public static ReaderName Of(ReaderKey key)
        => new(QueueName.Parse(key.Queue), key.Cursor.IsEmpty ? null : CursorName.Parse(key.Cursor));

    public static ReaderName Of(IQueue reader) => Of(ReaderKey.Parse(reader.Address.ToArray()));

    public IQueue In(IQueue queue) => Cursor is null ? queue : queue.OpenCursor(Cursor);
}
