using Siberite.Contracts;

namespace Siberite.Cluster;

/// <summary>What silos tell each other of their shards.</summary>
internal interface IShardPost
{
    /// <summary>Sends news soon, several in one call. It may be lost.</summary>
    void Tell(StoreId store, ShardNews news);

    /// <summary>Sends word soon that sessions here wait for items of a queue. It may be lost.</summary>
    void Expect(StoreId store, QueueName name);

    /// <summary>Asks how many items another silo's shards have.</summary>
    /// <exception cref="SiberiteException">It did not answer.</exception>
    Task<long[]> CountAsync(StoreId store, ShardQuery[] queries);
}

/// <summary>Over the grains of the other silos.</summary>
internal sealed class ShardPost(IGrainFactory grains, IActiveStores stores) : IShardPost
{
    private readonly System.Collections.Concurrent.ConcurrentDictionary<StoreId, Outbox> _outboxes = new();

    /// <inheritdoc/>
    public void Tell(StoreId store, ShardNews news) => OutboxOf(store).Add(news);

    /// <inheritdoc/>
    public void Expect(StoreId store, QueueName name) => OutboxOf(store).Add(name);

    /// <inheritdoc/>
    public async Task<long[]> CountAsync(StoreId store, ShardQuery[] queries)
    {
        try
        {
            return await GrainOf(store).CountAsync(stores.Local, queries);
        }
        catch (Exception e) when (GrainCallFailure.From(e, queries[0].Name) is { } failure)
        {
            throw failure.AsUnavailable(queries[0].Name);
        }
    }

    private StoreId Local => stores.Local;

    private Outbox OutboxOf(StoreId store)
        => _outboxes.GetOrAdd(store, static (store, post) => new Outbox(post.GrainOf(store), post.Local), this);

    private IShardsGrain GrainOf(StoreId store) => grains.GetGrain<IShardsGrain>(store.ToString());

    /// <summary>Gathers what is told to one silo while the call before it is made. One entry per queue at most.
    /// </summary>
    private sealed class Outbox(IShardsGrain grain, StoreId local) : IThreadPoolWorkItem
    {
        private readonly Lock _gate = new();
        private Dictionary<QueueName, ShardNews> _news = [];
        private HashSet<QueueName> _expected = [];
        private bool _isSending;

        public void Add(ShardNews news)
        {
            bool mustStart;
            lock (_gate)
            {
                // An invitation must not be hidden by news that came after it.
                var isInvitation = news.IsInvitation
                    || (_news.TryGetValue(news.Name, out var earlier) && earlier.IsInvitation);
                _news[news.Name] = news with { IsInvitation = isInvitation };
                mustStart = Begin();
            }

            StartIf(mustStart);
        }

        public void Add(QueueName name)
        {
            bool mustStart;
            lock (_gate)
            {
                _expected.Add(name);
                mustStart = Begin();
            }

            StartIf(mustStart);
        }

        void IThreadPoolWorkItem.Execute() => _ = SendAsync();

        private bool Begin()
        {
            var mustStart = !_isSending;
            _isSending = true;
            return mustStart;
        }

        private void StartIf(bool mustStart)
        {
            if (mustStart)
            {
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
            }
        }

        private async Task SendAsync()
        {
            while (TryTakeAll(out var news, out var expected))
            {
                try
                {
                    if (expected.Count > 0)
                    {
                        await grain.ExpectAsync(local, [.. expected]);
                    }

                    if (news.Count > 0)
                    {
                        await grain.HearAsync(local, [.. news.Values]);
                    }
                }
#pragma warning disable CA1031 // The silo is away or we are stopping: marks are mended by the next count.
                catch (Exception)
#pragma warning restore CA1031
                {
                }
            }
        }

        private bool TryTakeAll(out Dictionary<QueueName, ShardNews> news, out HashSet<QueueName> expected)
        {
            lock (_gate)
            {
                (news, expected) = (_news, _expected);
                _isSending = news.Count > 0 || expected.Count > 0;
                if (_isSending)
                {
                    (_news, _expected) = ([], []);
                }

                return _isSending;
            }
        }
    }
}
