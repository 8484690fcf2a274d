using Siberite.Contracts;

namespace Siberite.Queues;

// Items whose payloads are in files of their own.
public sealed partial class CommitLog
{
    /// <summary>Adds an item whose payload is in its file already.</summary>
    internal Commit AppendLarge(long queueId, in ItemHeader header, ILargePayload payload, Durability durability)
    {
        lock (_gate)
        {
            ThrowIfFailed();
            _open.AppendLarge(queueId, header, payload);
            return CommitOpen(durability);
        }
    }
}
