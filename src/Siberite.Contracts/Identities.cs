namespace Siberite.Contracts;

/// <summary>Names one data directory for ever: created once, kept in its identity file, the home of its
/// queues.</summary>
[GenerateSerializer, Immutable, Alias("siberite.store-id")]
public readonly record struct StoreId([property: Id(0)] Guid Value)
{
    /// <summary>32 hexadecimal digits; contains no <c>@</c>, so a grain key splits at the last one.</summary>
    public override string ToString() => Value.ToString("n");
}

/// <summary>Names one client's session within the cluster, for as long as its connection lives.</summary>
/// <param name="Gateway">Drawn at random at each start of a silo, so that a restarted silo's sessions are new
/// ones.</param>
/// <param name="Number">Counts up within that gateway.</param>
[GenerateSerializer, Immutable, Alias("siberite.session-id")]
public readonly record struct SessionId([property: Id(0)] long Gateway, [property: Id(1)] long Number);
