using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Siberite.Gateway;

/// <summary>Which meta command it is.</summary>
internal enum MetaVerb : byte
{
    Get,
    Set,
    Delete,
}

/// <summary>A meta command's key and flags: <c>verb SP key *( SP flag )</c>, a flag being a letter and its
/// token.</summary>
/// <remarks>
/// Flags that only ask for something are answered as far as a queue knows it; flags that would have the command do
/// something else than a queue can are refused, before anything is taken or stored.
/// <code>
/// flag  in        here
/// b     all       the key is base64
/// k     all       the key comes back
/// O     all       the token comes back
/// q     all       no reply to a miss (mg), a stored item (ms), a delete (md)
/// c     mg ms     c0: items have no CAS value
/// s     mg ms     the item's size comes back
/// v     mg        the item comes back; without it the item stays where it is
/// f     mg        the item's flags come back
/// t h l mg        t-1 h0 l0: in the client's hands an item no longer expires, and nobody had it before
/// u     mg        nothing
/// F T   ms        the item's flags, its exptime
/// M     ms        S or set; other modes do not exist
/// I     ms        nothing: it is about CAS values
/// </code>
/// </remarks>
internal sealed class MetaCommand
{
    private readonly MetaVerb _verb;
    private readonly List<byte[]> _asked = []; // Flags that come back, in the client's order.
    private byte[] _sentKey = [];
    private uint _letters; // The small ones, a bit each.
    private uint _capitals;

    private MetaCommand(MetaVerb verb) => _verb = verb;

    /// <summary>The key as a classic command would have it.</summary>
    public byte[] Key { get; private set; } = [];

    /// <summary>The flags of the item to be stored.</summary>
    public uint ItemFlags { get; private set; }

    /// <summary>The exptime of the item to be stored.</summary>
    public long Exptime { get; private set; }

    /// <summary>The size of the item to be stored.</summary>
    public long ItemBytes { get; set; }

    /// <summary>Whether the usual answer is left out.</summary>
    public bool IsQuiet => Has('q');

    /// <summary>Whether the item itself is asked for.</summary>
    public bool ShowsValue => Has('v');

    /// <returns><see langword="null"/> when the command can be carried out; otherwise what the client is
    /// told.</returns>
    public static ErrorReply? TryParse(
        MetaVerb verb, ReadOnlySpan<byte> key, LineTokens flags, out MetaCommand parsed)
    {
        parsed = new MetaCommand(verb);
        if (key.IsEmpty)
        {
            return ErrorReplies.BadLine;
        }

        if (key.Length > GetKey.MaxBytes)
        {
            return ErrorReplies.KeyTooLong;
        }

        for (var flag = flags.Next(); !flag.IsEmpty; flag = flags.Next())
        {
            if (parsed.Take(flag) is { } error)
            {
                return error;
            }
        }

        parsed._sentKey = key.ToArray();
        return parsed.Has('b') ? parsed.DecodeKey() : parsed.KeepKey();
    }

    /// <summary>What comes back behind the code of a reply, with its leading space.</summary>
    /// <param name="itemFlags">Of the item that was found.</param>
    /// <param name="itemBytes">Its size; -1 if there is none, then only what identifies the command comes
    /// back.</param>
    public byte[] Echo(uint itemFlags, long itemBytes)
    {
        var echo = new StringBuilder();
        foreach (var flag in _asked)
        {
            var letter = (char)flag[0];
            var isOfItem = letter is not ('k' or 'O');
            if (isOfItem && itemBytes < 0)
            {
                continue;
            }

            _ = letter switch
            {
                'k' => echo.Append(" k").Append(Encoding.Latin1.GetString(_sentKey)).Append(Has('b') ? " b" : ""),
                'O' => echo.Append(' ').Append(Encoding.Latin1.GetString(flag)),
                'f' => echo.Append(CultureInfo.InvariantCulture, $" f{itemFlags}"),
                's' => echo.Append(CultureInfo.InvariantCulture, $" s{itemBytes}"),
                't' => echo.Append(" t-1"),
                _ => echo.Append(' ').Append(letter).Append('0'),
            };
        }

        return Encoding.Latin1.GetBytes(echo.ToString());
    }

    private ErrorReply? Take(ReadOnlySpan<byte> flag)
    {
        var letter = (char)flag[0];
        var token = flag[1..];
        if (!char.IsAsciiLetter(letter) || !MayHave(letter))
        {
            return ErrorReplies.InvalidFlag;
        }

        if (!TryNote(letter))
        {
            return ErrorReplies.DuplicateFlag;
        }

        switch (letter)
        {
            case 'F':
                var isNumber = SetLine.TryParseNumber(token, out var flags) && flags <= uint.MaxValue;
                ItemFlags = isNumber ? (uint)flags : 0;
                return isNumber ? null : ErrorReplies.BadFlags;
            case 'T':
                var isTime = SetLine.TryParseSigned(token, out var exptime);
                Exptime = exptime;
                return isTime ? null : ErrorReplies.BadExptime;
            case 'M':
                return token.SequenceEqual("S"u8) || token.SequenceEqual("set"u8) ? null : ErrorReplies.Unknown;
            case 'k' or 'O' or 'f' or 's' or 't' or 'h' or 'l' or 'c':
                _asked.Add(flag.ToArray());
                return null;
            default:
                return null;
        }
    }

    private bool MayHave(char letter) => _verb switch
    {
        MetaVerb.Get => "bkOqcsvfthlu",
        MetaVerb.Set => "bkOqcsFTMI",
        _ => "bkOq",
    } is var known && known.Contains(letter, StringComparison.Ordinal);

    private bool Has(char letter) => (SetOf(letter) & BitOf(letter)) != 0;

    private bool TryNote(char letter)
    {
        var isNew = !Has(letter);
        SetOf(letter) |= BitOf(letter);
        return isNew;
    }

    private ref uint SetOf(char letter) => ref char.IsAsciiLetterUpper(letter) ? ref _capitals : ref _letters;

    private static uint BitOf(char letter) => 1u << (letter & 0x1f);

    private ErrorReply? KeepKey()
    {
        Key = _sentKey;
        return null;
    }

    private ErrorReply? DecodeKey()
    {
        var decoded = new byte[Base64.GetMaxDecodedFromUtf8Length(_sentKey.Length)];
        var status = Base64.DecodeFromUtf8(_sentKey, decoded, out _, out var length);
        Key = decoded[..length];
        return status == OperationStatus.Done ? null : ErrorReplies.BadBase64;
    }
}
