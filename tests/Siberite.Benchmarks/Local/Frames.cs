using System.Text;

namespace Siberite.Benchmarks.Local;

/// <summary>Bytes as a client sends them.</summary>
internal static class Frames
{
    public const int PayloadBytes = 64;

    public static byte[] Payload { get; } = Encoding.ASCII.GetBytes(new string('x', PayloadBytes));

    public static byte[] Set { get; } =
        Encoding.ASCII.GetBytes($"set work 0 0 {PayloadBytes}\r\n{new string('x', PayloadBytes)}\r\n");

    public static byte[] Get { get; } = "get work\r\n"u8.ToArray();

    public static byte[] CloseOpen { get; } = "get work/close/open\r\n"u8.ToArray();

    public static int StoredBytes => "STORED\r\n".Length;

    public static int ValueBytes => $"VALUE work 0 {PayloadBytes}\r\n".Length + PayloadBytes + "\r\nEND\r\n".Length;

    public static byte[] Repeat(ReadOnlySpan<byte> frame, int count)
    {
        var repeated = new byte[frame.Length * count];
        for (var index = 0; index < count; index++)
        {
            frame.CopyTo(repeated.AsSpan(index * frame.Length));
        }

        return repeated;
    }
}
