namespace Siberite.Contracts;

/// <summary>What a <c>+</c> in a key means.</summary>
public enum PlusMeaning : byte
{
    /// <summary>Several queues of one set.</summary>
    MultiSet = 0,

    /// <summary>A child of a queue, which gets copies.</summary>
    Fanout = 1,
}
