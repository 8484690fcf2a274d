using System.Text.Json.Serialization;

namespace Siberite.Ctl.Admin;

/// <summary>What <c>/api/queues</c> answers, as far as this tool reads it. Members that are missing fail.</summary>
internal sealed record QueuesAnswer(
    [property: JsonRequired] SiloAnswer Silo, [property: JsonRequired] TotalsAnswer Totals);

/// <summary>One silo.</summary>
internal sealed record SiloAnswer(
    [property: JsonRequired] string Version, [property: JsonRequired] long UptimeSeconds,
    [property: JsonRequired] string StoreId, [property: JsonRequired] string DataDirectory);

/// <summary>All queues of a silo.</summary>
internal sealed record TotalsAnswer([property: JsonRequired] int Queues, [property: JsonRequired] long Items);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(QueuesAnswer))]
internal sealed partial class AdminJson : JsonSerializerContext;
