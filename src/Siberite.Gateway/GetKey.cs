using System.Buffers.Text;
using System.Text;

namespace Siberite.Gateway;

/// <summary>What the options of a get ask for.</summary>
[Flags]
internal enum GetOptions : byte
{
    None = 0,
    Open = 1,
    Close = 2,
    Abort = 4,
    Peek = 8,
    Timed = 16,
}

/// <summary>The key of a get, taken apart: <c>queue [ "." [ cursor ] ] *( "/" option )</c>, option = open / close /
/// abort / peek / t=ms.</summary>
/// <remarks>Options come in any order and case; empty ones are passed over. A typo is refused and never ends as a
/// destructive plain get.</remarks>
internal readonly ref struct GetKey
{
    /// <summary>Longest key that memcache clients send, options included.</summary>
    public const int MaxBytes = 250;

    private GetKey(ReaderKey reader, GetOptions options, TimeSpan wait)
    {
        Reader = reader;
        Options = options;
        Wait = wait;
    }

    public ReaderKey Reader { get; }

    public GetOptions Options { get; }

    public TimeSpan Wait { get; }

    /// <returns><see langword="null"/> when the key is well-formed; otherwise what the client is told.</returns>
    public static ErrorReply? TryParse(ReadOnlySpan<byte> key, TimeSpan maxWait, out GetKey parsed)
    {
        parsed = default;
        if (key.Length > MaxBytes)
        {
            return ErrorReplies.KeyTooLong;
        }

        var slash = key.IndexOf((byte)'/');
        var name = slash < 0 ? key : key[..slash];
        var options = GetOptions.None;
        var wait = TimeSpan.Zero;
        var rest = slash < 0 ? default : key[(slash + 1)..];
        while (!rest.IsEmpty)
        {
            slash = rest.IndexOf((byte)'/');
            var option = slash < 0 ? rest : rest[..slash];
            rest = slash < 0 ? default : rest[(slash + 1)..];
            if (option.IsEmpty)
            {
                continue;
            }

            if (option.Length >= 2 && (option[0] | 0x20) == 't' && option[1] == '=')
            {
                if (!TryParseWait(option[2..], maxWait, out wait))
                {
                    return ErrorReplies.BadTimeout;
                }

                options |= GetOptions.Timed;
                continue;
            }

            var flag = Match(option);
            if (flag == GetOptions.None)
            {
                return ErrorReplies.InvalidCommand;
            }

            options |= flag;
        }

        var error = ReaderKey.TryParse(name, out var reader);
        error = name.IsEmpty ? ErrorReplies.NoQueueName : error;
        parsed = new GetKey(reader, options, wait);
        return Check(options) ?? error;
    }

    private static GetOptions Match(ReadOnlySpan<byte> option)
        => Ascii.EqualsIgnoreCase(option, "open"u8) ? GetOptions.Open
            : Ascii.EqualsIgnoreCase(option, "close"u8) ? GetOptions.Close
            : Ascii.EqualsIgnoreCase(option, "abort"u8) ? GetOptions.Abort
            : Ascii.EqualsIgnoreCase(option, "peek"u8) ? GetOptions.Peek
            : GetOptions.None;

    private static ErrorReply? Check(GetOptions options)
    {
        const GetOptions Acts = GetOptions.Open | GetOptions.Close | GetOptions.Peek;
        if ((options & GetOptions.Abort) != 0 && (options & Acts) != 0)
        {
            return ErrorReplies.AbortNotAlone;
        }

        if ((options & GetOptions.Peek) != 0)
        {
            return (options & GetOptions.Open) != 0 ? ErrorReplies.PeekWithOpen
                : (options & GetOptions.Close) != 0 ? ErrorReplies.PeekWithClose
                : null;
        }

        return null;
    }

    /// <summary>Milliseconds; zero and less mean at once, and however long a number is cut to the longest
    /// wait.</summary>
    private static bool TryParseWait(ReadOnlySpan<byte> digits, TimeSpan maxWait, out TimeSpan wait)
    {
        wait = TimeSpan.Zero;
        var isNegative = !digits.IsEmpty && digits[0] == '-';
        var number = isNegative ? digits[1..] : digits;
        if (number.IsEmpty || number.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
        {
            return false;
        }

        if (!isNegative)
        {
            var fits = Utf8Parser.TryParse(number, out long milliseconds, out _);
            wait = fits && milliseconds < maxWait.TotalMilliseconds ? TimeSpan.FromMilliseconds(milliseconds) : maxWait;
        }

        return true;
    }
}
