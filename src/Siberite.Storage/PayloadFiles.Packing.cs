namespace Siberite.Storage;

// Payloads that are written with their batch, one behind the other.
internal sealed partial class PayloadFiles
{
    private volatile bool _packs;

    /// <summary>Whether payloads that are appended now are to be packed.</summary>
    public bool Packs
    {
        get => _packs;
        set => _packs = value;
    }

    /// <summary>Finds room for the payload of an item in a batch.</summary>
    /// <param name="queueId">The item's queue.</param>
    /// <param name="bytes">The payload's.</param>
    /// <param name="sequence">The item's.</param>
    /// <param name="known">The share that the batch has of this queue's already, which counts as one payload under
    /// way.</param>
    /// <returns>The share, which counts as one more if it is not the one that was known, and the place.</returns>
    public (PayloadShare Share, long Offset) Pack(long queueId, int bytes, long sequence, PayloadShare? known)
    {
        lock (_gate)
        {
            var share = WithRoom(queueId, bytes, atPage: false);
            var offset = share.Next;
            share.Next += bytes;

            // Items of a move may come twice.
            share.LastSequence = Math.Max(share.LastSequence, sequence);
            if (share != known)
            {
                share.DraftCount++;
                share.File.Hold();
            }

            return (share, offset);
        }
    }

    /// <summary>Notes in a batch what the queue has of the file by now.</summary>
    public void Refer(WriteBatchBuffer batch, PayloadShare share)
    {
        lock (_gate)
        {
            PutShare(batch, share);
        }
    }
}
