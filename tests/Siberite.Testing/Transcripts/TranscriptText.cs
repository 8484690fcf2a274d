using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Siberite.Testing.Transcripts;

/// <summary>Between the escaped text of a transcript and the bytes of the wire.</summary>
internal static partial class TranscriptText
{
    /// <summary>The bytes that a transcript's text stands for, with <paramref name="queue"/> for <c>{q}</c>.</summary>
    public static byte[] ToBytes(string text, string queue)
    {
        var expanded = Placeholder().Replace(text, match => match.Groups["count"] is { Success: true } count
            ? new StringBuilder().Insert(0, match.Groups["unit"].Value, int.Parse(count.ValueSpan)).ToString()
            : queue);
        var plain = Escape().Replace(expanded, match => match.Value[1] switch
        {
            'r' => "\r",
            'n' => "\n",
            't' => "\t",
            'x' => ((char)byte.Parse(match.ValueSpan[2..], NumberStyles.HexNumber)).ToString(),
            _ => "\\",
        });
        return Encoding.Latin1.GetBytes(plain);
    }

    /// <summary>The text of a transcript that stands for <paramref name="bytes"/>.</summary>
    public static string FromBytes(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        foreach (var b in bytes)
        {
            _ = b switch
            {
                (byte)'\r' => text.Append(@"\r"),
                (byte)'\n' => text.Append(@"\n"),
                (byte)'\t' => text.Append(@"\t"),
                (byte)'\\' => text.Append(@"\\"),
                >= (byte)' ' and <= (byte)'~' => text.Append((char)b),
                _ => text.Append(CultureInfo.InvariantCulture, $@"\x{b:x2}"),
            };
        }

        return text.ToString();
    }

    /// <summary>Whether <paramref name="line"/> is as <paramref name="pattern"/> says with its wildcards.</summary>
    public static bool Matches(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> line)
    {
        var regex = Regex.Escape(Encoding.Latin1.GetString(pattern))
            .Replace("<number>", @"\d+", StringComparison.Ordinal)
            .Replace("<word>", "[^ ]+", StringComparison.Ordinal);
        return Regex.IsMatch(Encoding.Latin1.GetString(line), $"^{regex}$", RegexOptions.CultureInvariant);
    }

    /// <summary>Whether a line's text may have, and has, wildcards.</summary>
    public static bool HasWildcards(string text)
        => WildLine().IsMatch(text);

    [GeneratedRegex(@"^(STAT |VERSION |  \w+=).*<(number|word)>")]
    private static partial Regex WildLine();

    [GeneratedRegex(@"\{q\}|\{(?<count>\d+)\*(?<unit>[^}]+)\}")]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"\\(?:x[0-9a-fA-F]{2}|[rnt\\])")]
    private static partial Regex Escape();
}
