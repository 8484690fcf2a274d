namespace Siberite.Testing.Stores;

/// <summary>Holds one call of the store until a test opens it.</summary>
public sealed class StoreGate : IDisposable
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the call has arrived at the gate.</summary>
    public Task Reached => _reached.Task;

    /// <summary>Lets the call go on.</summary>
    public void Open() => _opened.TrySetResult();

    /// <summary>Opens the gate, so that a failing test does not leave a thread behind.</summary>
    public void Dispose() => Open();

    internal void PassThrough()
    {
        _reached.TrySetResult();
        _opened.Task.GetAwaiter().GetResult();
    }
}
