using System.Text.Json;
using System.Text.Json.Serialization;

namespace Siberite.Ctl.Files;

/// <summary>The first line of an exported queue.</summary>
/// <param name="Format">Always <see cref="Name"/>.</param>
/// <param name="Version">Of the format: 1.</param>
/// <param name="Queue">The queue it was.</param>
internal sealed record ExportHead(
    [property: JsonRequired] string Format, [property: JsonRequired] int Version, [property: JsonRequired] string Queue)
{
    public const string Name = "siberite-queue";

    public const int LatestVersion = 1;
}

/// <summary>One item of an exported queue.</summary>
/// <param name="StoreId">Its home.</param>
/// <param name="Sequence">Its ordinal there.</param>
/// <param name="Flags">The client's flags.</param>
/// <param name="EnqueuedAt">When it was appended.</param>
/// <param name="ExpiresAt">When it stops being served; absent for never.</param>
/// <param name="Payload">In base64.</param>
internal sealed record ExportItem(
    [property: JsonRequired] string StoreId, [property: JsonRequired] long Sequence, uint Flags,
    DateTimeOffset? EnqueuedAt, DateTimeOffset? ExpiresAt, [property: JsonRequired] byte[] Payload);

/// <summary>The last line of an exported queue: nothing is missing.</summary>
/// <param name="End">How many items there are.</param>
internal sealed record ExportEnd([property: JsonRequired] long End);

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ExportHead))]
[JsonSerializable(typeof(ExportItem))]
[JsonSerializable(typeof(ExportEnd))]
internal sealed partial class ExportJson : JsonSerializerContext
{
    /// <summary>Reads one line.</summary>
    /// <returns><see langword="null"/> if it is none of that form.</returns>
    public static T? TryRead<T>(string line, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> form)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(line, form);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
