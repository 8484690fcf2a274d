namespace Siberite.Queues;

/// <summary>Runs work off the caller's thread. Tests replace it to decide when.</summary>
public interface IBackground
{
    /// <summary>Whether the commit log may have a committer thread of its own.</summary>
    bool HasThreads { get; }

    /// <summary>Runs <paramref name="work"/> soon, never on the caller's stack.</summary>
    void Run(IThreadPoolWorkItem work);
}

/// <summary>Runs work on the thread pool.</summary>
public sealed class PoolBackground : IBackground
{
    private PoolBackground()
    {
    }

    /// <summary>The one instance.</summary>
    public static PoolBackground Instance { get; } = new();

    /// <inheritdoc/>
    public bool HasThreads => true;

    /// <inheritdoc/>
    public void Run(IThreadPoolWorkItem work) => ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false);
}
