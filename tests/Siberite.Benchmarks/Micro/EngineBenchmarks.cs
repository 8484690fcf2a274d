using BenchmarkDotNet.Attributes;
using Siberite.Benchmarks.Local;

namespace Siberite.Benchmarks.Micro;

// What does an item cost in the engine, from append to close, without a store and with RocksDB below it; and does it
// allocate anything but its payload?
[MemoryDiagnoser]
public class EngineBenchmarks
{
    private const int Pipelined = 64;

    private LocalEngine _engine = null!;

    [Params(false, true)]
    public bool HasStore { get; set; }

    [GlobalSetup]
    public void Start() => _engine = HasStore ? LocalEngine.OverRocks() : LocalEngine.OverNothing();

    [GlobalCleanup]
    public void Stop() => _engine.Dispose();

    [Benchmark]
    public int AppendAndTake()
    {
        _engine.Append(Frames.Payload);
        return _engine.Take();
    }

    // The same with a queue that holds 64 items in between.
    [Benchmark(OperationsPerInvoke = Pipelined)]
    public int AppendAndTakeOf64()
    {
        for (var count = 0; count < Pipelined; count++)
        {
            _engine.Append(Frames.Payload);
        }

        var bytes = 0;
        for (var count = 0; count < Pipelined; count++)
        {
            bytes += _engine.Take();
        }

        return bytes;
    }
}
