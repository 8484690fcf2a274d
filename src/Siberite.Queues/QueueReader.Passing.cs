using Siberite.Contracts;

namespace Siberite.Queues;

// Items that another queue gets in the batch that closes them here: after a crash they are in one of the two.
internal sealed partial class QueueReader
{
    /// <summary>Closes an open read with the batch that is open now, which its caller holds.</summary>
    /// <remarks>Not at once: the reader's place is written as it stands by then, so a batch that was sealed before this
    /// one would say that the item is closed, and a crash between the two would lose it.</remarks>
    public void CloseWith(long batch, SessionId session, long sequence)
    {
        (Passing ??= []).Add((batch, session, sequence));
        Mark();
    }

    /// <summary>Closes what goes with the batch that is being written.</summary>
    private void SettlePassing()
    {
        if (Passing is null)
        {
            return;
        }

        var written = _shared.Commits.SealedBatch;
        foreach (var (_, session, sequence) in Passing.Where(pass => pass.Batch <= written))
        {
            if (_place.TryEnd(session, sequence, out var read))
            {
                ClosedCount++;
                _place.Close(sequence, read.Slot.PayloadBytes);
            }
        }

        Passing.RemoveAll(pass => pass.Batch <= written);
        if (Passing.Count == 0)
        {
            Passing = null;
        }
    }
}
