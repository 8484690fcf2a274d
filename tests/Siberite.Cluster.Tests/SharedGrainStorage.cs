using MemoryPack;
using Orleans.Storage;

namespace Siberite.Cluster.Tests;

/// <summary>Grain state of a whole cluster in one dictionary: it survives every silo, as a database does.</summary>
internal sealed class SharedGrainStorage : IGrainStorage
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(string, GrainId), (int Version, byte[] State)> _states = [];

    /// <summary>Called before each write; may throw.</summary>
    public Action<GrainId>? BeforeWrite { get; set; }

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        lock (_gate)
        {
            grainState.RecordExists = _states.TryGetValue((stateName, grainId), out var found);
            grainState.ETag = found.State is null ? null : ETag(found.Version);
            grainState.State = found.State is null
                ? Activator.CreateInstance<T>()
                : MemoryPackSerializer.Deserialize<T>(found.State)!;
        }

        return Task.CompletedTask;
    }

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        BeforeWrite?.Invoke(grainId);
        lock (_gate)
        {
            _states.TryGetValue((stateName, grainId), out var found);
            ThrowUnlessCurrent(found.State is null ? null : ETag(found.Version), grainState.ETag);
            _states[(stateName, grainId)] = (found.Version + 1, MemoryPackSerializer.Serialize(grainState.State));
            grainState.ETag = ETag(found.Version + 1);
            grainState.RecordExists = true;
        }

        return Task.CompletedTask;
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        BeforeWrite?.Invoke(grainId);
        lock (_gate)
        {
            _states.Remove((stateName, grainId));
            grainState.ETag = null;
            grainState.RecordExists = false;
            grainState.State = Activator.CreateInstance<T>();
        }

        return Task.CompletedTask;
    }

    private static string ETag(int version) => $"{version}";

    private static void ThrowUnlessCurrent(string? found, string? expected)
    {
        if (found != expected)
        {
            throw new InconsistentStateException("Written by somebody else.", found, expected);
        }
    }
}
