using System.Globalization;
using MemoryPack;
using Orleans.Storage;

namespace Siberite.Cluster.Tests;

/// <summary>Grain storage that all silos of a test share, in the place of PostgreSQL. It can be away.</summary>
internal sealed class TestGrainStorage : IGrainStorage
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, (byte[] State, long Version)> _records = [];

    /// <summary>Whether every call fails.</summary>
    public bool IsAway { get; set; }

    public bool Has(string grain)
    {
        lock (_gate)
        {
            return _records.ContainsKey(grain);
        }
    }

    /// <summary>Changes a record behind the back of its grain.</summary>
    public void Change<T>(string grain, Action<T> change)
    {
        lock (_gate)
        {
            var (stored, version) = _records[grain];
            var state = MemoryPackSerializer.Deserialize<T>(stored)!;
            change(state);
            _records[grain] = (MemoryPackSerializer.Serialize(state), version + 1);
        }
    }

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        lock (_gate)
        {
            ThrowIfAway();
            grainState.RecordExists = _records.TryGetValue($"{grainId}", out var record);
            grainState.ETag = grainState.RecordExists ? ETag(record.Version) : null;
            grainState.State = grainState.RecordExists
                ? MemoryPackSerializer.Deserialize<T>(record.State)!
                : Activator.CreateInstance<T>();
            return Task.CompletedTask;
        }
    }

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        lock (_gate)
        {
            var version = CheckedVersion(grainId, grainState.ETag) + 1;
            _records[$"{grainId}"] = (MemoryPackSerializer.Serialize(grainState.State), version);
            grainState.ETag = ETag(version);
            grainState.RecordExists = true;
            return Task.CompletedTask;
        }
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        lock (_gate)
        {
            CheckedVersion(grainId, grainState.ETag);
            _records.Remove($"{grainId}");
            grainState.ETag = null;
            grainState.RecordExists = false;
            grainState.State = Activator.CreateInstance<T>();
            return Task.CompletedTask;
        }
    }

    private static string ETag(long version) => version.ToString(CultureInfo.InvariantCulture);

    private long CheckedVersion(GrainId grainId, string? expected)
    {
        ThrowIfAway();
        var found = _records.TryGetValue($"{grainId}", out var record) ? record.Version : 0;
        return (found == 0 ? null : ETag(found)) == expected
            ? found
            : throw new InconsistentStateException("Written by somebody else.", ETag(found), expected);
    }

    private void ThrowIfAway()
    {
        if (IsAway)
        {
            throw new IOException("The storage is away.");
        }
    }
}
