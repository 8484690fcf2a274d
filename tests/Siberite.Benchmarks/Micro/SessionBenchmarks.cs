using BenchmarkDotNet.Attributes;
using Siberite.Benchmarks.Local;

namespace Siberite.Benchmarks.Micro;

// What does a request cost from the bytes that arrive to the bytes that leave, all but the socket and the store?
[MemoryDiagnoser]
public class SessionBenchmarks
{
    private const int Pipelined = 64;

    private readonly byte[] _sets = Frames.Repeat(Frames.Set, Pipelined);
    private readonly byte[] _gets = Frames.Repeat(Frames.Get, Pipelined);
    private PipeSession _session = null!;

    [GlobalSetup]
    public void Start() => _session = new PipeSession(LocalEngine.OverNothing(new StillTime()));

    [GlobalCleanup]
    public void Stop() => _session.Dispose();

    // A request is a set or a get, so each invocation makes two.
    [Benchmark(OperationsPerInvoke = 2)]
    public void OneAtATime()
    {
        _session.Ask(Frames.Set, Frames.StoredBytes);
        _session.Ask(Frames.Get, Frames.ValueBytes);
    }

    [Benchmark(OperationsPerInvoke = 2 * Pipelined)]
    public void Pipelined64()
    {
        _session.Ask(_sets, Pipelined * Frames.StoredBytes);
        _session.Ask(_gets, Pipelined * Frames.ValueBytes);
    }
}
