using System.Buffers;
using BenchmarkDotNet.Attributes;
using Siberite.Benchmarks.Local;
using Siberite.Contracts;
using Siberite.Gateway;

namespace Siberite.Benchmarks.Micro;

// What does it cost to write a reply, and is an item's reply more than the copy of its payload?
[MemoryDiagnoser]
public class ReplyWriterBenchmarks
{
    private readonly ArrayBufferWriter<byte> _output = new(8 << 10);
    private LocalEngine _engine = null!;
    private PendingReply _stored;
    private PendingReply _value;

    [Params(64, 4096)]
    public int PayloadBytes { get; set; }

    [GlobalSetup]
    public void Start()
    {
        _engine = LocalEngine.OverNothing();
        _stored = new PendingReply(ReplyKind.Stored);
        _value = new PendingReply(ReplyKind.ValueAndEnd)
        {
            Queue = _engine.Queue,
            Item = new Item(1, new byte[PayloadBytes], Flags: 0),
        };
    }

    [GlobalCleanup]
    public void Stop() => _engine.Dispose();

    [Benchmark]
    public int Stored()
    {
        _output.ResetWrittenCount();
        ReplyWriter.Write(_output, _stored);
        return _output.WrittenCount;
    }

    [Benchmark]
    public int Value()
    {
        _output.ResetWrittenCount();
        ReplyWriter.Write(_output, _value);
        return _output.WrittenCount;
    }
}
