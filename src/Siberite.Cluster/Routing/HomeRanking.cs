using Siberite.Contracts;

namespace Siberite.Cluster;

/// <summary>Where a new queue should have its home, by rendezvous: every gateway that sees the same stores ranks them
/// alike, and a store that joins or leaves changes the place of no other queue.</summary>
/// <remarks>A proposal only: the queue directory has the last word, so gateways that see different stores agree
/// too.</remarks>
internal static class HomeRanking
{
    /// <summary>The stores, best first.</summary>
    public static StoreId[] Rank(QueueName name, IEnumerable<StoreId> stores)
        => [.. stores.Distinct().OrderByDescending(store => Weight(name, store)).ThenBy(store => store.Value)];

    /// <summary>FNV-1a over the name and the store id, and the finalizer of MurmurHash3 to spread its bits. The same on
    /// every machine and in every version: gateways of different versions must agree.</summary>
    private static ulong Weight(QueueName name, StoreId store)
    {
        const ulong Offset = 14695981039346656037;
        Span<byte> id = stackalloc byte[16];
        store.Value.TryWriteBytes(id, bigEndian: true, out _);
        var hash = Mix(Mix(Offset, name.Utf8.Span), id);
        hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
        hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53;
        return hash ^ (hash >> 33);
    }

    private static ulong Mix(ulong hash, ReadOnlySpan<byte> bytes)
    {
        const ulong Prime = 1099511628211;
        foreach (var b in bytes)
        {
            hash = (hash ^ b) * Prime;
        }

        return hash;
    }
}
