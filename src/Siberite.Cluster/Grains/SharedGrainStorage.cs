using System.Text.Json;
using System.Text.Json.Serialization;
using Orleans.Storage;

namespace Siberite.Cluster;

/// <summary>Keeps grain state in the cluster's database, under the same keys as a standalone silo:
/// <c>&lt;storage name&gt;/&lt;grain type&gt;/&lt;key&gt;</c>.</summary>
/// <remarks>The provider beneath it takes a key that reads as a hexadecimal number for that number, so that the queues
/// <c>a</c>, <c>A</c> and <c>0a</c> would have one record, and it forgets the grain's type. A key with both names in
/// front never reads as a number. It also takes a key for part of a format, so braces are written as <c>~7b</c> and
/// <c>~7d</c>: no queue name has a <c>~</c>.</remarks>
internal sealed class SharedGrainStorage(string storageName, IGrainStorage provider) : IGrainStorage
{
    /// <inheritdoc/>
    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        => provider.ReadStateAsync(stateName, KeyOf(grainId), grainState);

    /// <inheritdoc/>
    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        => provider.WriteStateAsync(stateName, KeyOf(grainId), grainState);

    /// <inheritdoc/>
    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        => provider.ClearStateAsync(stateName, KeyOf(grainId), grainState);

    private GrainId KeyOf(GrainId grainId)
        => GrainId.Create(grainId.Type, Escape($"{storageName}/{grainId.Type}/{grainId.Key}"));

    private static string Escape(string key)
        => key.Replace("{", "~7b", StringComparison.Ordinal).Replace("}", "~7d", StringComparison.Ordinal);
}

/// <summary>Grain state as JSON in the database.</summary>
/// <remarks>Silos of two versions read each other's during a rolling upgrade: members are only ever added, unknown ones
/// are skipped. An operator can read it with <c>psql</c> when nothing else is left.</remarks>
internal sealed class JsonStateSerializer : IGrainStorageSerializer
{
    private static readonly JsonSerializerOptions Options = new() { Converters = { new JsonStringEnumConverter() } };

    /// <inheritdoc/>
    public BinaryData Serialize<T>(T? input) => new(JsonSerializer.SerializeToUtf8Bytes(input, Options));

    /// <inheritdoc/>
    public T? Deserialize<T>(BinaryData input) => JsonSerializer.Deserialize<T>(input.ToMemory().Span, Options);
}
