using Siberite.Testing;

namespace Siberite.Crash.Tests.Workload;

/// <summary>Where clients find the server while it is up, and where they wait while it is not.</summary>
internal sealed class Gate
{
    private static readonly TimeSpan RetryPace = TimeSpan.FromMilliseconds(5);

    private TaskCompletionSource<Door> _door = NewDoor();

    /// <summary>Lets clients in.</summary>
    /// <param name="life">How many crashes this server has behind it.</param>
    /// <param name="connect">Connects to this very server.</param>
    public void Open(int life, Func<CancellationToken, Task<WireClient>> connect)
        => _door.SetResult(new Door(life, connect));

    /// <summary>Makes whoever comes from now on wait.</summary>
    public void Shut() => _door = NewDoor();

    /// <summary>Connects as soon as there is a server.</summary>
    public async Task<(int Life, WireClient Client)> EnterAsync(CancellationToken cancellation)
    {
        using var pace = new PeriodicTimer(RetryPace);
        while (true)
        {
            var door = await Volatile.Read(ref _door).Task.WaitAsync(cancellation);
            try
            {
                return (door.Life, await door.ConnectAsync(cancellation));
            }
            catch (IOException)
            {
                await pace.WaitForNextTickAsync(cancellation);
            }
        }
    }

    private static TaskCompletionSource<Door> NewDoor()
        => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed record Door(int Life, Func<CancellationToken, Task<WireClient>> ConnectAsync);
}
