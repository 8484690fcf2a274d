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

/// <summary>How far a move is.</summary>
internal sealed record MoveAnswer(
    [property: JsonRequired] string From, [property: JsonRequired] string To, [property: JsonRequired] string Step,
    [property: JsonRequired] long Sent, [property: JsonRequired] long Left, string? Trouble);

/// <summary>How far a drain is.</summary>
internal sealed record DrainAnswer(
    [property: JsonRequired] string Silo, [property: JsonRequired] bool IsEmpty,
    [property: JsonRequired] long QueuesLeft, [property: JsonRequired] long Moved, string? Trouble);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(QueuesAnswer))]
[JsonSerializable(typeof(MoveAnswer))]
[JsonSerializable(typeof(DrainAnswer))]
internal sealed partial class AdminJson : JsonSerializerContext;
