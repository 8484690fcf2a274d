using System.Globalization;

namespace Siberite.Testing.Histories;

/// <summary>Who wrote an item and which of theirs it is. Travels as the item's flags, so that even an item of no bytes
/// says who it is.</summary>
internal readonly record struct ItemId(int Producer, int Number) : IComparable<ItemId>
{
    /// <summary>Most items one producer may write in one history.</summary>
    public const int MaxNumber = 0xFF_FFFF;

    public uint Flags => ((uint)Producer << 24) | (uint)Number;

    public static ItemId FromFlags(uint flags) => new((int)(flags >> 24), (int)(flags & MaxNumber));

    public int CompareTo(ItemId other) => Flags.CompareTo(other.Flags);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"p{Producer}#{Number}");
}
