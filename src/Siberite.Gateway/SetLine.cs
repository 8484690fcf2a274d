using System.Buffers.Text;

namespace Siberite.Gateway;

/// <summary>The arguments of a <c>set</c>: <c>key SP flags SP exptime SP bytes [SP "noreply"]</c>.</summary>
/// <remarks>
/// Once the length is known a bad line costs the client its command and not its connection: the data is swallowed.
/// Without it the data cannot be told from commands, so the session ends.
/// </remarks>
internal readonly ref struct SetLine
{
    /// <summary>Announced lengths beyond this are not even swallowed.</summary>
    private const long MaxSwallowedBytes = int.MaxValue;

    private SetLine(ReadOnlySpan<byte> key, uint flags, long exptime, long dataBytes, bool isSilent)
    {
        Key = key;
        Flags = flags;
        Exptime = exptime;
        DataBytes = dataBytes;
        IsSilent = isSilent;
    }

    public ReadOnlySpan<byte> Key { get; }

    public uint Flags { get; }

    /// <summary>As sent: see <see cref="Expiration"/>.</summary>
    public long Exptime { get; }

    /// <summary>Length of the data without its CRLF.</summary>
    public long DataBytes { get; }

    /// <summary>Whether the client wants no reply.</summary>
    public bool IsSilent { get; }

    /// <returns><see langword="null"/> when the line is sound. An error that keeps the session leaves
    /// <see cref="DataBytes"/> to swallow.</returns>
    public static ErrorReply? TryParse(LineTokens tokens, int maxItemBytes, out SetLine parsed)
    {
        parsed = default;
        var key = tokens.Next();
        var flagsToken = tokens.Next();
        var exptimeToken = tokens.Next();
        var bytesToken = tokens.Next();
        if (bytesToken.IsEmpty)
        {
            return ErrorReplies.BadSetLine;
        }

        if (!TryParseNumber(bytesToken, out var dataBytes))
        {
            return ErrorReplies.BadByteCount;
        }

        var last = tokens.Next();
        var isSilent = last.SequenceEqual("noreply"u8);
        parsed = new SetLine(key, 0, 0, dataBytes, isSilent);
        if (CheckLength(dataBytes, maxItemBytes) is { } tooLarge)
        {
            return tooLarge;
        }

        if ((!last.IsEmpty && !isSilent) || !tokens.Next().IsEmpty)
        {
            return ErrorReplies.BadLine;
        }

        if (!TryParseNumber(flagsToken, out var flags) || flags > uint.MaxValue)
        {
            return ErrorReplies.BadFlags;
        }

        if (!TryParseSigned(exptimeToken, out var exptime))
        {
            return ErrorReplies.BadExptime;
        }

        parsed = new SetLine(key, (uint)flags, exptime, dataBytes, isSilent);
        return key.Length > GetKey.MaxBytes ? ErrorReplies.KeyTooLong : null;
    }

    /// <summary>The line of a <c>set</c> that does what a meta command asks.</summary>
    public static SetLine Of(MetaCommand meta, long dataBytes)
        => new(meta.Key, meta.ItemFlags, meta.Exptime, dataBytes, isSilent: false);

    /// <returns><see langword="null"/> if an item may be so long.</returns>
    public static ErrorReply? CheckLength(long dataBytes, int maxItemBytes)
        => dataBytes <= maxItemBytes ? null
            : dataBytes > MaxSwallowedBytes ? ErrorReplies.FarTooLarge
            : ErrorReplies.TooLarge;

    /// <summary>The data length of a storage command we do not have, so that its data can be swallowed.</summary>
    public static bool TryParseForeignLength(ReadOnlySpan<byte> bytesToken, out long dataBytes)
        => TryParseNumber(bytesToken, out dataBytes) && dataBytes <= MaxSwallowedBytes;

    /// <summary>Digits only: no sign, no other base, no exponent.</summary>
    public static bool TryParseNumber(ReadOnlySpan<byte> token, out long number)
    {
        number = 0;
        return !token.IsEmpty
            && !token.ContainsAnyExceptInRange((byte)'0', (byte)'9')
            && Utf8Parser.TryParse(token, out number, out var used)
            && used == token.Length;
    }

    /// <summary>The same, or a minus sign and digits.</summary>
    public static bool TryParseSigned(ReadOnlySpan<byte> token, out long number)
    {
        var isNegative = !token.IsEmpty && token[0] == '-';
        var isSound = TryParseNumber(isNegative ? token[1..] : token, out number);
        number = isNegative ? -number : number;
        return isSound;
    }
}

/// <summary>Turns memcache's exptime into an instant.</summary>
internal static class Expiration
{
    /// <summary>30 days: memcached's border between relative and absolute (protocol.txt, "Expiration times").</summary>
    private const long MaxRelativeSeconds = 60 * 60 * 24 * 30;

    /// <summary>The last second of the year 9999, beyond which no clock of ours goes.</summary>
    private const long MaxUnixSeconds = 253_402_300_799;

    /// <returns>Unix milliseconds; 0 for never. A negative exptime is in the past at once.</returns>
    public static long At(long exptime, TimeProvider time)
    {
        if (exptime == 0)
        {
            return 0;
        }

        if (exptime is < 0 or > MaxRelativeSeconds)
        {
            return exptime < 0 ? 1 : Math.Min(exptime, MaxUnixSeconds) * 1000;
        }

        return time.GetUtcNow().ToUnixTimeMilliseconds() + (exptime * 1000);
    }
}
