namespace Siberite.Queues.Tests;

/// <summary>Runs background work when the test says so, on the test's thread.</summary>
internal sealed class ManualBackground : IBackground
{
    private readonly Queue<IThreadPoolWorkItem> _work = new();

    public bool HasThreads => false;

    public void Run(IThreadPoolWorkItem work) => _work.Enqueue(work);

    /// <summary>Runs what is there and what that brings about.</summary>
    public void RunAll()
    {
        while (_work.TryDequeue(out var work))
        {
            work.Execute();
        }
    }
}
