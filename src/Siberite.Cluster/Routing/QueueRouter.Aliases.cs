using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster;

// Names that stand for others. Where there are none, a command pays one comparison for them.
internal sealed partial class QueueRouter
{
    private readonly Lock _aliasing = new(); // Guards the making of the table.
    private volatile AliasTable _aliases = new(QueueSettings.None, []);

    private bool TryFindAlias(ReadOnlySpan<byte> name, [NotNullWhen(true)] out IQueue? alias)
    {
        alias = null;
        var settings = _queues.Settings.Snapshot;
        if (settings.Aliases.Count == 0)
        {
            return false;
        }

        var table = _aliases;
        return (ReferenceEquals(table.Settings, settings) ? table : Rebuild(settings)).TryFind(name, out alias);
    }

    private AliasTable Rebuild(QueueSettings settings)
    {
        lock (_aliasing)
        {
            if (ReferenceEquals(_aliases.Settings, settings))
            {
                return _aliases;
            }

            var known = _aliases;
            var table = new AliasTable(
                settings, settings.Aliases.Select(pair => new AliasQueue(pair.Key, pair.Value, this)));
            foreach (var name in settings.Aliases.Keys)
            {
                if (!known.TryFind(name.Utf8.Span, out _) && _queues.FindOpened(name) is { Exists: true })
                {
                    LogMasked(_log, name.Value);
                }
            }

            return _aliases = table;
        }
    }

    /// <summary>The queues that are meant, each once.</summary>
    private IReadOnlyList<QueueName> Expand(IReadOnlyList<QueueName> names)
        => _queues.Settings.Snapshot.Aliases is { Count: > 0 } aliases && names.Any(aliases.ContainsKey)
            ? [.. names.SelectMany(name => aliases.GetValueOrDefault(name) ?? [name]).Distinct()]
            : names;

    /// <summary>The aliases of certain settings.</summary>
    private sealed class AliasTable
    {
        private readonly FrozenDictionary<QueueName, AliasQueue> _byName;

        public AliasTable(QueueSettings settings, IEnumerable<AliasQueue> aliases)
        {
            Settings = settings;
            _byName = aliases.ToFrozenDictionary(alias => alias.Name, QueueNameComparer.Instance);
        }

        public QueueSettings Settings { get; }

        public bool TryFind(ReadOnlySpan<byte> name, [NotNullWhen(true)] out IQueue? alias)
        {
            alias = null;
            if (_byName.Count > 0
                && _byName.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name, out var found))
            {
                alias = found;
            }

            return alias is not null;
        }
    }
}
