using Orleans.Storage;
using Siberite.Queues;
using Siberite.Testing.Stores;

namespace Siberite.Cluster.Tests;

public sealed class LocalGrainStorageTests : IDisposable
{
    private static readonly GrainId Grain = GrainId.Create("queue-directory", "work");

    private readonly MemoryQueueStore _store = new();
    private readonly LocalQueues _queues;
    private readonly LocalGrainStorage _storage;

    public LocalGrainStorageTests()
    {
        _queues = TestSilo.NewEngine(_store, TimeProvider.System);
        _storage = new LocalGrainStorage("test", _queues);
    }

    public void Dispose()
    {
        _queues.Dispose();
        _store.Dispose();
    }

    [Fact]
    public async Task State_is_read_as_it_was_written()
    {
        await WriteAsync(createdAt: 1, etag: null);

        var read = await ReadAsync();

        Assert.True(read.RecordExists);
        Assert.Equal("1", read.ETag);
        Assert.Equal(1, read.State!.CreatedAt);
    }

    [Fact]
    public async Task State_that_does_not_exist_is_read_as_new()
    {
        var read = await ReadAsync();

        Assert.False(read.RecordExists);
        Assert.Null(read.ETag);
        Assert.Empty(read.State!.Stores);
    }

    [Fact]
    public async Task A_writer_that_missed_a_version_is_refused_and_changes_nothing()
    {
        await WriteAsync(createdAt: 1, etag: null);
        await WriteAsync(createdAt: 2, etag: "1");

        var refusal = await Assert.ThrowsAsync<InconsistentStateException>(() => WriteAsync(createdAt: 3, etag: "1"));
        await Assert.ThrowsAsync<InconsistentStateException>(() => WriteAsync(createdAt: 3, etag: null));
        await Assert.ThrowsAsync<InconsistentStateException>(() => ClearAsync(etag: "1"));

        Assert.Equal("2", refusal.StoredEtag);
        Assert.Equal(2, (await ReadAsync()).State!.CreatedAt);
    }

    /// <remarks>The store shows a change only once it is written: the second must be refused before that.</remarks>
    [Fact]
    public async Task Of_two_first_writers_one_wins_though_neither_is_committed()
    {
        using var gate = _store.BlockNextWrite();
        var first = WriteAsync(createdAt: 1, etag: null);
        await gate.Reached;

        await Assert.ThrowsAsync<InconsistentStateException>(() => WriteAsync(createdAt: 2, etag: null));
        var read = ReadAsync();
        Assert.False(first.IsCompleted);
        Assert.False(read.IsCompleted);
        gate.Open();
        await first;

        Assert.Equal(1, (await read).State!.CreatedAt);
    }

    [Fact]
    public async Task Cleared_state_does_not_exist_and_is_written_from_the_start()
    {
        await WriteAsync(createdAt: 1, etag: null);

        await ClearAsync(etag: "1");

        Assert.False((await ReadAsync()).RecordExists);
        Assert.Equal("1", (await WriteAsync(createdAt: 2, etag: null)).ETag);
    }

    private async Task<IGrainState<QueueHomeState>> ReadAsync()
    {
        var state = new GrainState<QueueHomeState>();
        await _storage.ReadStateAsync("home", Grain, state);
        return state;
    }

    private async Task<IGrainState<QueueHomeState>> WriteAsync(long createdAt, string? etag)
    {
        var state = new GrainState<QueueHomeState>(new QueueHomeState { CreatedAt = createdAt }, etag!);
        await _storage.WriteStateAsync("home", Grain, state);
        return state;
    }

    private Task ClearAsync(string etag)
        => _storage.ClearStateAsync("home", Grain, new GrainState<QueueHomeState>(new QueueHomeState(), etag));
}
