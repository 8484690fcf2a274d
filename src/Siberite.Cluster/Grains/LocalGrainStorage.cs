using System.Globalization;
using MemoryPack;
using Orleans.Storage;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster;

/// <summary>Keeps grain state beside the queues of a standalone silo, under
/// <c>&lt;storage name&gt;/&lt;grain type&gt;/&lt;key&gt;</c>.</summary>
/// <remarks>
/// A write answers when it is as safe as the silo's durability policy makes a <c>set</c>: grain state and items share
/// one log, so an item that survives a crash finds every grain state written before it. The ETag counts versions
/// within the stored envelope; a cleared state starts again at 1.
/// </remarks>
internal sealed class LocalGrainStorage(string storageName, LocalQueues queues) : IGrainStorage
{
    private readonly Lock _gate = new(); // Comparing the version and replacing it are one step.
    private readonly Dictionary<string, Change> _uncommitted = []; // The store shows a change only once it is written.

    /// <inheritdoc/>
    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var key = KeyOf(grainId);
        await queues.Commits.WaitAsync(UncommittedOf(key)); // Nothing uncommitted is ever revealed.
        var envelope = ReadStored(key);
        grainState.RecordExists = envelope is not null;
        grainState.ETag = ETagOf(envelope);
        grainState.State = envelope is null
            ? Activator.CreateInstance<T>()
            : MemoryPackSerializer.Deserialize<T>(envelope.State)!;
    }

    /// <inheritdoc/>
    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var state = MemoryPackSerializer.Serialize(grainState.State);
        grainState.ETag = await ReplaceAsync(
            grainId, grainState.ETag, version => new StateEnvelope { Version = version + 1, State = state });
        grainState.RecordExists = true;
    }

    /// <inheritdoc/>
    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        grainState.ETag = await ReplaceAsync(grainId, grainState.ETag, static _ => null);
        grainState.RecordExists = false;
        grainState.State = Activator.CreateInstance<T>();
    }

    private static string? ETagOf(StateEnvelope? envelope)
        => envelope?.Version.ToString(CultureInfo.InvariantCulture);

    /// <returns>The new ETag, once the change is committed.</returns>
    /// <exception cref="InconsistentStateException">The stored version is not the expected one.</exception>
    private async Task<string?> ReplaceAsync(GrainId grainId, string? expected, Func<long, StateEnvelope?> next)
    {
        var key = KeyOf(grainId);
        Change change;
        lock (_gate)
        {
            var found = _uncommitted.TryGetValue(key, out var latest) ? latest.Envelope : ReadStored(key);
            if (ETagOf(found) != expected)
            {
                throw new InconsistentStateException(
                    $"The state of {grainId} was written by somebody else.", ETagOf(found), expected);
            }

            var envelope = next(found?.Version ?? 0);
            var value = envelope is null ? null : MemoryPackSerializer.Serialize(envelope);
            change = new Change(envelope, queues.PutState(key, value));
            _uncommitted[key] = change;
        }

        await queues.Commits.WaitAsync(change.Commit);
        lock (_gate)
        {
            if (_uncommitted.TryGetValue(key, out var latest) && latest == change)
            {
                _uncommitted.Remove(key);
            }
        }

        return ETagOf(change.Envelope);
    }

    private Commit UncommittedOf(string key)
    {
        lock (_gate)
        {
            return _uncommitted.TryGetValue(key, out var change) ? change.Commit : default;
        }
    }

    private StateEnvelope? ReadStored(string key)
        => queues.ReadState(key) is { } stored ? MemoryPackSerializer.Deserialize<StateEnvelope>(stored) : null;

    private string KeyOf(GrainId grainId) => $"{storageName}/{grainId.Type}/{grainId.Key}";

    private sealed class Change(StateEnvelope? envelope, Commit commit)
    {
        public StateEnvelope? Envelope => envelope;

        public Commit Commit => commit;
    }
}

/// <summary>Grain state as it is stored. Members are only ever added, with the next order.</summary>
[MemoryPackable(GenerateType.VersionTolerant)]
internal sealed partial class StateEnvelope
{
    [MemoryPackOrder(0)]
    public long Version { get; set; }

    [MemoryPackOrder(1)]
    public byte[] State { get; set; } = [];
}
