namespace Siberite.Testing.Histories.Workload;

/// <summary>Where clients find the server while it is up, and where they wait while it is not.</summary>
/// <param name="refusals">How to read the replies of whoever is there.</param>
internal sealed class Gate(Refusals refusals)
{
    private static readonly TimeSpan RetryPace = TimeSpan.FromMilliseconds(5);

    private TaskCompletionSource<Door> _door = NewDoor();

    public Refusals Refusals => refusals;

    /// <summary>Lets clients in.</summary>
    /// <param name="life">How many crashes this server has behind it.</param>
    /// <param name="connect">Connects to this very server.</param>
    public void Open(int life, Func<CancellationToken, Task<WireClient>> connect)
        => _door.SetResult(new Door(life, async cancellation => (await connect(cancellation), null)));

    /// <summary>Lets clients into a cluster, for good.</summary>
    /// <param name="connect">Connects to some silo, and tells its name if it is known.</param>
    public void OpenCluster(Func<CancellationToken, Task<(WireClient Client, string? Silo)>> connect)
        => _door.SetResult(new Door(int.MaxValue, connect));

    /// <summary>Makes whoever comes from now on wait.</summary>
    public void Shut() => _door = NewDoor();

    /// <summary>Connects as soon as there is a server.</summary>
    public async Task<(int Life, WireClient Client, string? Silo)> EnterAsync(CancellationToken cancellation)
    {
        using var pace = new PeriodicTimer(RetryPace);
        while (true)
        {
            var door = await Volatile.Read(ref _door).Task.WaitAsync(cancellation);
            try
            {
                var (client, silo) = await door.ConnectAsync(cancellation);
                return (door.Life, client, silo);
            }
            catch (IOException)
            {
                await pace.WaitForNextTickAsync(cancellation);
            }
        }
    }

    private static TaskCompletionSource<Door> NewDoor()
        => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed record Door(int Life, Func<CancellationToken, Task<(WireClient, string?)>> ConnectAsync);
}
