namespace Siberite.Storage;

/// <summary>What one queue has of one payload file. Guarded by the gate of <see cref="PayloadFiles"/>.</summary>
internal sealed class PayloadShare(long queueId, PayloadFile file)
{
    public long QueueId => queueId;

    public PayloadFile File => file;

    /// <summary>The last item with a payload in it; 0 for none yet.</summary>
    public long LastSequence { get; set; }

    /// <summary>Payloads under way.</summary>
    public int DraftCount { get; set; }

    /// <summary>The pieces of the file that are the queue's, in order.</summary>
    public List<(long Offset, long Length)> Extents { get; } = [];

    /// <summary>Where the next payload begins.</summary>
    public long Next { get; set; }

    /// <summary>Where the last extent ends.</summary>
    public long Limit { get; set; }
}

/// <summary>All that one queue has of payload files.</summary>
internal sealed class PayloadShares
{
    /// <summary>In the order of their files.</summary>
    public LinkedList<PayloadShare> All { get; } = new();

    /// <summary>Items below it are trimmed.</summary>
    public long Trimmed { get; set; }
}
