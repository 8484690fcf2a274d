using System.Globalization;
using System.Text;

namespace Siberite.Testing.Transcripts;

/// <summary>Reads replies without knowing them beforehand.</summary>
internal sealed class TranscriptReplies(TranscriptClient client)
{
    /// <summary>Whether a line is the last one of a reply.</summary>
    public static bool EndsReply(ReadOnlySpan<byte> line)
    {
        var word = Encoding.Latin1.GetString(line).TrimEnd().Split(' ')[0];
        return word is "END" or "STORED" or "NOT_STORED" or "DELETED" or "OK" or "RESET" or "VERSION" or "ERROR"
            or "CLIENT_ERROR" or "SERVER_ERROR" or "Flushed" or "TOUCHED" or "NOT_FOUND";
    }

    /// <summary>Receives <paramref name="count"/> replies, fewer if the server closes or has no more to say.</summary>
    public async Task<List<byte[]>> ReceiveAsync(int count)
    {
        var lines = new List<byte[]>();
        while (count > 0)
        {
            var line = await client.ReceiveLineAsync();
            if (line.Bytes.Length > 0)
            {
                lines.Add(line.Bytes);
            }

            if (line.Ending != Ending.Open)
            {
                break;
            }

            if (EndsReply(line.Bytes))
            {
                count--;
            }
            else if (Encoding.Latin1.GetString(line.Bytes).Split(' ') is ["VALUE", _, _, var size, ..])
            {
                var data = await client.ReceiveAsync(int.Parse(size, CultureInfo.InvariantCulture) + 2);
                lines.Add(data.Bytes);
            }
        }

        return lines;
    }
}
