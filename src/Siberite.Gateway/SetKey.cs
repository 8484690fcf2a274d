using System.Buffers.Text;
using System.Text;

namespace Siberite.Gateway;

/// <summary>What the options of a set's key say.</summary>
/// <param name="MustSync">Whether the reply waits for the disk.</param>
/// <param name="Delay">How long the item is kept back; <see langword="null"/> if it is not said.</param>
/// <param name="Id">What the client calls the set; <see langword="null"/> for nothing.</param>
internal readonly record struct SetOptions(bool MustSync, TimeSpan? Delay, byte[]? Id);

/// <summary>The key of a set.</summary>
/// <remarks><code>
/// key    = queue *( "+" queue ) *( "/" option )
/// option = "sync" / "delay=" milliseconds / "id=" 1*128OCTET
/// </code>Options come in any order, in whatever case; of several of one kind the last one counts.</remarks>
internal static class SetKey
{
    /// <summary>Longest id in bytes. 128: no client's own names are longer, and with the queue's they fit into the 250
    /// bytes of a key.</summary>
    public const int MaxIdBytes = 128;

    /// <summary>Longest delay, ten years: more is a mistake of units.</summary>
    public const long MaxDelayMilliseconds = 315_360_000_000;

    /// <returns><see langword="null"/> when the key is well-formed.</returns>
    public static ErrorReply? TryParse(
        ReadOnlySpan<byte> key, int maxTargets, out ReadOnlySpan<byte> targets, out int targetCount,
        out SetOptions options)
    {
        var slash = key.IndexOf((byte)'/');
        targets = slash < 0 ? key : key[..slash];
        targetCount = targets.Count((byte)'+') + 1;
        options = default;
        if (slash >= 0 && ParseOptions(key[(slash + 1)..], ref options) is { } error)
        {
            return error;
        }

        return targetCount > maxTargets ? ErrorReplies.TooManyTargets : null;
    }

    private static ErrorReply? ParseOptions(ReadOnlySpan<byte> text, ref SetOptions options)
    {
        foreach (var range in text.Split((byte)'/'))
        {
            var option = text[range];
            if (Ascii.EqualsIgnoreCase(option, "sync"u8))
            {
                options = options with { MustSync = true };
            }
            else if (TryCut(option, "delay="u8, out var delayText))
            {
                if (!TryParseDelay(delayText, out var delay))
                {
                    return ErrorReplies.BadDelay;
                }

                options = options with { Delay = delay };
            }
            else if (TryCut(option, "id="u8, out var id))
            {
                if (id.Length is 0 or > MaxIdBytes || id.ContainsAnyExceptInRange((byte)'!', (byte)'~'))
                {
                    return ErrorReplies.BadId;
                }

                options = options with { Id = id.ToArray() };
            }
            else if (!option.IsEmpty)
            {
                return ErrorReplies.InvalidSetOption;
            }
        }

        return null;
    }

    private static bool TryCut(ReadOnlySpan<byte> option, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        var isNamed = option.Length >= name.Length && Ascii.EqualsIgnoreCase(option[..name.Length], name);
        value = isNamed ? option[name.Length..] : default;
        return isNamed;
    }

    /// <summary>Digits only: who means less than nothing, or a fraction, means something else.</summary>
    private static bool TryParseDelay(ReadOnlySpan<byte> text, out TimeSpan delay)
    {
        delay = default;
        if (text.IsEmpty
            || text.ContainsAnyExceptInRange((byte)'0', (byte)'9')
            || !Utf8Parser.TryParse(text, out long milliseconds, out _)
            || milliseconds > MaxDelayMilliseconds)
        {
            return false;
        }

        delay = TimeSpan.FromMilliseconds(milliseconds);
        return true;
    }
}
