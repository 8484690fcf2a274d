using Siberite.Contracts;

namespace Siberite.Cluster;

/// <summary>A name that stands for other queues: what is set into it goes to all of them or none, and there is nothing
/// to read.</summary>
internal sealed class AliasQueue(QueueName name, IReadOnlyList<QueueName> targets, QueueRouter router) : IQueue
{
    /// <inheritdoc/>
    public QueueName Name => name;

    /// <summary>The queues it stands for.</summary>
    public IReadOnlyList<QueueName> Targets => targets;

    /// <inheritdoc/>
    public bool TakesInPipelines => false;

    /// <inheritdoc/>
    public ValueTask<AppendResult> AppendAsync(in ItemDraft draft)
        => AppendAsync(draft.Copied());

    /// <inheritdoc/>
    public ValueTask<TakeResult> TakeAsync(SessionId session, TakeMode mode, TimeSpan wait) => default;

    /// <inheritdoc/>
    public void CancelWait(SessionId session)
    {
        // Nobody waits here: every take ends at once.
    }

    /// <inheritdoc/>
    public ValueTask<Commit> CloseAsync(SessionId session, long sequence) => default;

    /// <inheritdoc/>
    public ValueTask AbortAsync(SessionId session, long sequence) => default;

    /// <inheritdoc/>
    public ValueTask ReturnAsync(SessionId session, long sequence) => default;

    /// <inheritdoc/>
    public ValueTask<bool> TouchAsync(SessionId session, long sequence, TimeSpan lease) => default;

    /// <inheritdoc/>
    public ValueTask<Commit> PurgeAsync() => default;

    /// <inheritdoc/>
    public IQueueCursor OpenCursor(CursorName cursor) => new Cursor(this);

    private async ValueTask<AppendResult> AppendAsync(ItemDraft draft)
    {
        AppendResult result;
        do
        {
            result = targets.Count == 1
                ? await (await router.OpenAsync(targets[0])).AppendAsync(draft)
                : await router.AppendToAllAsync(targets, draft);
        }
        while (result.Status == AppendStatus.Gone); // Deleted meanwhile: this set comes after that.

        return result;
    }

    /// <summary>Of nothing.</summary>
    private sealed class Cursor(AliasQueue alias) : IQueueCursor
    {
        public QueueName Name => alias.Name;

        public bool TakesInPipelines => false;

        public ValueTask<TakeResult> TakeAsync(SessionId session, TakeMode mode, TimeSpan wait) => default;

        public void CancelWait(SessionId session) => alias.CancelWait(session);

        public ValueTask<Commit> CloseAsync(SessionId session, long sequence) => default;

        public ValueTask AbortAsync(SessionId session, long sequence) => default;

        public ValueTask ReturnAsync(SessionId session, long sequence) => default;

        public ValueTask<bool> TouchAsync(SessionId session, long sequence, TimeSpan lease) => default;

        public ValueTask<Commit> PurgeAsync() => default;

        public ValueTask<Commit> DropAsync() => default;

        public IQueueCursor OpenCursor(CursorName cursor) => this;
    }
}
