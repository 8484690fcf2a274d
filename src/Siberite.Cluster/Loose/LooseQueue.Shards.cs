using System.Buffers;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster;

// The shards: which one a sequence means, and what goes to all of them.
internal sealed partial class LooseQueue
{
    private const int SequenceBits = 48;
    private const long SequenceMask = (1L << SequenceBits) - 1;

    /// <summary>15 bits, so that sequences stay positive.</summary>
    private const int MaxShards = (1 << 15) - 1;

    private readonly Lock _gate = new(); // Guards the list of shards.
    private readonly List<GrainQueue> _remotes = []; // Shard n stands at n - 1.
    private volatile Task _learned;
    private volatile Queue _local;
    private volatile bool _isJoined;

    /// <inheritdoc/>
    /// <remarks>While this silo is not yet in the queue's record, the answer is <see cref="AppendStatus.Gone"/>: to
    /// resolve the name again puts it there, and a deletion then finds this shard.</remarks>
    public ValueTask<AppendResult> AppendAsync(in ItemDraft draft)
    {
        if (_silo.IsDraining && TryFindShelter(out var shelter))
        {
            return AppendAsync(shelter, draft.Copied());
        }

        return _isJoined ? _local.AppendAsync(draft) : new(new AppendResult(AppendStatus.Gone, default));
    }

    /// <inheritdoc/>
    public ValueTask<Commit> CloseAsync(SessionId session, long sequence)
        => ShardOf(sequence).CloseAsync(session, sequence & SequenceMask);

    /// <inheritdoc/>
    public void CloseSent(SessionId session, long sequence)
        => ShardOf(sequence).CloseSent(session, sequence & SequenceMask);

    /// <inheritdoc/>
    public ValueTask AbortAsync(SessionId session, long sequence)
        => ShardOf(sequence).AbortAsync(session, sequence & SequenceMask);

    /// <inheritdoc/>
    public ValueTask ReturnAsync(SessionId session, long sequence)
        => ShardOf(sequence).ReturnAsync(session, sequence & SequenceMask);

    /// <inheritdoc/>
    public ValueTask<bool> TouchAsync(SessionId session, long sequence, TimeSpan lease)
        => ShardOf(sequence).TouchAsync(session, sequence & SequenceMask, lease);

    /// <inheritdoc/>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.QueueUnavailable"/>: a shard was not reached; the
    /// others are purged.</exception>
    public async ValueTask<Commit> PurgeAsync()
    {
        var local = await _local.PurgeAsync();
        await OnAllAsync(store => RemoteAt(store).PurgeAsync().AsTask());
        return local;
    }

    /// <summary>Takes up the shard of this silo, which may be a new one.</summary>
    /// <param name="local">It.</param>
    /// <param name="isJoined">Whether this silo is in the queue's record.</param>
    public void Renew(Queue local, bool isJoined)
    {
        _isJoined = isJoined || (_isJoined && _local == local);
        _local = local;
    }

    /// <summary>Whether the local shard has been used up: it was deleted, or let go of unused.</summary>
    public bool MustRenew => !_isJoined || _local.HasEnded;

    /// <summary>Puts the item into a shard that may not be there yet.</summary>
    private async ValueTask<AppendResult> AppendAsync(GrainQueue shelter, ItemDraft draft)
    {
        var result = await shelter.AppendAsync(draft);
        if (result.Status == AppendStatus.Gone)
        {
            await _silo.OpenShardAsync(Name, shelter.Store);
            result = await shelter.AppendAsync(draft);
        }

        return result;
    }

    /// <summary>This silo's shard.</summary>
    public IQueue Local => _local;

    /// <summary>A shard could not be asked.</summary>
    public void NoteAway(GrainQueue shard, SiberiteException failure)
        => _silo.NoteAway(this, shard.Store, failure);

    private async Task<TakeResult> AskAsync(ShardAsk ask, SessionId session, TakeMode mode)
    {
        try
        {
            var remote = RemoteAt(ask.Store, out var shard);
            var result = await remote.TakeAsync(session, mode, TimeSpan.Zero);
            return result.Status == TakeStatus.Taken
                ? result with { Item = result.Item with { Sequence = Encode(shard, result.Item.Sequence) } }
                : default;
        }
        catch (SiberiteException e) when (e.Error != SiberiteError.ShuttingDown)
        {
            // Its silo is away and takes its own items with it, no more. One that was won goes back by itself.
            _silo.NoteAway(this, ask.Store, e);
            return default;
        }
    }

    /// <summary>This silo's shard, and those of other silos, away or not.</summary>
    public async Task<IReadOnlyList<IQueue>> FindAllShardsAsync()
        => [_local, .. (await _silo.FindShardsAsync(Name)).Select(RemoteAt)];

    /// <summary>What a sequence of <paramref name="shard"/> is called here.</summary>
    public long Encode(IQueue shard, long sequence)
    {
        if (shard is not GrainQueue remote)
        {
            return Encode(shard: 0, sequence);
        }

        RemoteAt(remote.Store, out var number);
        return Encode(number, sequence);
    }

    /// <summary>The shard and the sequence there that <paramref name="sequence"/> stands for.</summary>
    public (IQueue Shard, long Sequence) Decode(long sequence) => (ShardOf(sequence), sequence & SequenceMask);

    private static long Encode(int shard, long sequence)
        => sequence <= SequenceMask
            ? ((long)shard << SequenceBits) | sequence
            : throw new InvalidOperationException($"A shard has used up its sequences: {sequence}.");

    private IQueue ShardOf(long sequence)
    {
        var shard = (int)(sequence >> SequenceBits);
        if (shard == 0)
        {
            return _local;
        }

        lock (_gate)
        {
            return _remotes[shard - 1];
        }
    }

    private GrainQueue RemoteAt(StoreId store) => RemoteAt(store, out _);

    private GrainQueue RemoteAt(StoreId store, out int shard)
    {
        lock (_gate)
        {
            var index = _remotes.FindIndex(remote => remote.Store == store);
            if (index < 0)
            {
                if (_remotes.Count == MaxShards)
                {
                    throw new SiberiteException(
                        SiberiteError.QueueUnavailable, $"Queue {Name} has met too many silos.", inner: null);
                }

                index = _remotes.Count;
                _remotes.Add(_silo.Remote(new QueueAddress(Name, store)));
            }
            else if (_remotes[index].IsRetired)
            {
                _remotes[index] = _silo.Remote(new QueueAddress(Name, store)); // It was a strict queue's.
            }

            shard = index + 1;
            return _remotes[index];
        }
    }

    /// <summary>Another silo that takes what this one no longer should.</summary>
    private bool TryFindShelter(out GrainQueue shelter)
    {
        var others = _silo.Stores.OpenOthers();
        var chosen = others.Count == 0 ? default : others[_silo.NextTurn() % others.Count];
        shelter = others.Count == 0 ? null! : RemoteAt(chosen);
        return others.Count > 0;
    }

    /// <summary>Does something on every other shard there may be, also when one fails.</summary>
    private async Task OnAllAsync(Func<StoreId, Task> act)
    {
        var stores = await _silo.FindShardsAsync(Name);
        var acts = stores.Select(act).ToArray();
        try
        {
            await Task.WhenAll(acts);
        }
        catch (SiberiteException e)
        {
            var missed = acts.Count(each => !each.IsCompletedSuccessfully);
            throw new SiberiteException(
                SiberiteError.QueueUnavailable,
                $"Of queue {Name}, {missed} of {stores.Count + 1} shards were not reached; the others are done.",
                e);
        }
    }
}
