using Siberite.Contracts;

namespace Siberite.Queues;

// What the queue is told, as of now.
public sealed partial class Queue
{
    private static readonly QueueOptions Unread = new();

    private QueueSettings? _settings; // Those that _options were taken from.
    private QueueOptions _options = Unread;
    private Durability _durability; // What they come to.

    /// <summary>What the queue is told as of now. Only under the gate.</summary>
    internal QueueOptions Options
    {
        get
        {
            var snapshot = _shared.Settings.Snapshot;
            if (!ReferenceEquals(snapshot, _settings))
            {
                (_settings, _options) = (snapshot, snapshot.Of(Name));
                _durability = _options.Durability == QueueDurability.Server
                    ? _shared.Commits.Durability
                    : (Durability)(_options.Durability - QueueDurability.Always);
            }

            return _options;
        }
    }

    /// <summary>Whether items come with the flags they were set with. Only under the gate.</summary>
    internal bool ShowsFlags => Options.Flags == ItemFlags.Kept;

    /// <summary>What replies about the queue wait for. Only under the gate.</summary>
    internal CommitLevel SetLevel
    {
        get
        {
            _ = Options; // Takes up new settings.
            return CommitLog.LevelOf(_durability);
        }
    }

    private Durability DurabilityOf(in ItemDraft draft)
    {
        _ = Options;
        return draft.MustSync ? Durability.Always : _durability;
    }
}
