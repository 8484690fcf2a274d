using System.Buffers;
using Siberite.Contracts;

namespace Siberite.Cluster;

/// <summary>An item on its way to a queue of another silo.</summary>
internal static class AppendCommands
{
    /// <remarks>Copies the payload: the command outlives the call.</remarks>
    public static QueueCommand Of(in ItemDraft draft)
        => new(
            QueueCommandKind.Append, default, draft.Large?.ToArray() ?? draft.Payload.ToArray(), draft.Flags,
            draft.ExpiresAt, draft.MustSync,
            default, Sequence: 0)
        { Delay = draft.Delay, ItemId = draft.Id };

    public static ItemDraft DraftOf(in QueueCommand append)
        => new(
            new ReadOnlySequence<byte>(append.Payload ?? []), append.Flags, append.ExpiresAt, append.MustSync)
        { Delay = append.Delay, Id = append.ItemId };
}
