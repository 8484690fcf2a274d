using System.Text.Json;
using Siberite.Contracts;

namespace Siberite.Storage;

/// <summary>The content of the identity file: which store this is, and in which format.</summary>
internal sealed record DirectoryIdentity(StoreId StoreId)
{
    /// <summary>Counts up when an older server must not touch the directory.</summary>
    public const int Format = 1;

    private const string FormatName = "format";
    private const string StoreIdName = "storeId";

    public byte[] ToJson()
    {
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            writer.WriteNumber(FormatName, Format);
            writer.WriteString(StoreIdName, StoreId.ToString());
            writer.WriteEndObject();
        }

        json.WriteByte((byte)'\n');
        return json.ToArray();
    }

    /// <returns>The identity, or why there is none, as the end of a sentence.</returns>
    public static (DirectoryIdentity? Identity, string? Refusal) Parse(byte[] json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object
                || !root.TryGetProperty(FormatName, out var format)
                || format.ValueKind != JsonValueKind.Number
                || !format.TryGetInt32(out var version)
                || version < 1)
            {
                return (null, "names no format");
            }

            if (version > Format)
            {
                return (null, $"is of format {version}; this server knows formats up to {Format}");
            }

            return root.TryGetProperty(StoreIdName, out var id)
                && id.ValueKind == JsonValueKind.String
                && Guid.TryParseExact(id.GetString(), "n", out var value)
                && value != Guid.Empty
                ? (new DirectoryIdentity(new StoreId(value)), null)
                : (null, "names no store id");
        }
        catch (JsonException)
        {
            return (null, "is not JSON");
        }
    }
}
