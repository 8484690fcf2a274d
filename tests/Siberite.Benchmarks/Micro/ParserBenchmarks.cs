using System.Buffers;
using BenchmarkDotNet.Attributes;
using Siberite.Benchmarks.Local;
using Siberite.Gateway;

namespace Siberite.Benchmarks.Micro;

// What of a request's processor time goes into taking it apart, and does any of it allocate?
[MemoryDiagnoser]
public class ParserBenchmarks
{
    private const int Pipelined = 64;
    private const int MaxItemBytes = 1 << 20;
    private const int MaxLineBytes = 8192;

    private readonly byte[] _setArguments = "work 0 0 64"u8.ToArray();
    private readonly byte[] _plainKey = "work"u8.ToArray();
    private readonly byte[] _reliableKey = "work/close/open/t=5000"u8.ToArray();
    private readonly byte[] _frames = Frames.Repeat(Frames.Set, Pipelined);
    private byte[]? _spill;

    [Benchmark]
    public long SetArguments()
    {
        SetLine.TryParse(new LineTokens(_setArguments), MaxItemBytes, out var parsed);
        return parsed.DataBytes;
    }

    [Benchmark]
    public int PlainKey()
    {
        GetKey.TryParse(_plainKey, TimeSpan.FromHours(1), out var parsed);
        return parsed.Reader.Queue.Length;
    }

    [Benchmark]
    public int ReliableKeyWithWait()
    {
        GetKey.TryParse(_reliableKey, TimeSpan.FromHours(1), out var parsed);
        return parsed.Reader.Queue.Length;
    }

    // One set's line and data, cut from a buffer that holds 64 of them.
    [Benchmark(OperationsPerInvoke = Pipelined)]
    public long Frame()
    {
        var cursor = new InputCursor(new ReadOnlySequence<byte>(_frames));
        var bytes = 0L;
        while (cursor.TryReadLine(ref _spill, MaxLineBytes, out var line) > 0)
        {
            SetLine.TryParse(new LineTokens(line["set ".Length..]), MaxItemBytes, out var parsed);
            cursor.TryTake(parsed.DataBytes + 2, out var data);
            bytes += data.Length;
        }

        return bytes;
    }
}
