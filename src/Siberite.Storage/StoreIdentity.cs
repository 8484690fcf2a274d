using System.Text.Json.Serialization;

namespace Siberite.Storage;

/// <summary>What the identity file says.</summary>
/// <param name="Format">Version of everything in the directory.</param>
/// <param name="StoreId">32 hexadecimal digits.</param>
internal sealed record StoreIdentity(
    [property: JsonPropertyName("format")] int Format, [property: JsonPropertyName("storeId")] string StoreId);

[JsonSerializable(typeof(StoreIdentity))]
internal sealed partial class IdentityJson : JsonSerializerContext;
