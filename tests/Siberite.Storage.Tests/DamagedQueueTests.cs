using System.Buffers;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Storage.Tests;

/// <summary>One queue that cannot be read stays as it is, says so, and is no other queue's affair.</summary>
public sealed class DamagedQueueTests : IDisposable
{
    private const int BadId = 2;

    private static readonly byte[] Nonsense = [0xFF, 0xFE, 0xFD, 0xFC];
    private static readonly string[] Names = ["good", "bad", "last"];
    private static readonly long[] Disordered = [4, 2];

    private readonly TemporaryDirectory _directory = new();

    public enum Damage
    {
        LastItem,
        Reader,
        ImpossibleReader,
        Record,
    }

    [Theory]
    [InlineData(Damage.LastItem)]
    [InlineData(Damage.Reader)]
    [InlineData(Damage.ImpossibleReader)]
    public async Task A_damaged_queue_refuses_everything_and_the_others_serve(Damage damage)
    {
        Prepare(damage);
        var before = RawValues();
        using (var store = _directory.OpenStore())
        using (var queues = Open(store))
        {
            Assert.Equal("good", await TakeAsync(queues, "good"));
            Assert.Equal("last", await TakeAsync(queues, "last"));
            Assert.Null(queues.Find(Name("unknown")));

            var bad = queues.Find(Name("bad"))!;
            Assert.True(Assert.Single(queues.GetStats(Name("bad"))).IsUnreadable);
            Assert.False(Assert.Single(queues.GetStats(Name("good"))).IsUnreadable);
            await AssertUnreadableAsync(async () => await bad.AppendAsync(Draft("x")));
            await AssertUnreadableAsync(async () => await bad.PurgeAsync());
            await AssertUnreadableAsync(() => TakeAsync(queues, "bad"));
            AssertUnreadable(() => queues.AppendToAll([Name("good"), Name("bad")], Draft("both")));
            AssertUnreadable(() => queues.PurgeAll());
            Assert.Null(await TakeAsync(queues, "good"));
        }

        Assert.Equal(before, RawValues());
    }

    [Theory]
    [InlineData(Damage.LastItem)]
    [InlineData(Damage.Reader)]
    public async Task Deleting_a_damaged_queue_drops_it_and_frees_its_name_but_not_its_id(Damage damage)
    {
        Prepare(damage);
        using (var store = _directory.OpenStore())
        using (var queues = Open(store))
        {
            queues.Delete(Name("bad"));
            await queues.Open(Name("bad")).AppendAsync(Draft("new"));
        }

        using (var store = _directory.OpenStore())
        using (var queues = Open(store))
        {
            Assert.Equal("new", await TakeAsync(queues, "bad"));
            Assert.Equal(4, store.LoadQueues().Single(queue => queue.Record.Name == "bad").Record.Id);
        }
    }

    /// <remarks>An unknown name may be the lost one: it must not look empty, nor be given away.</remarks>
    [Fact]
    public async Task A_queue_whose_name_is_lost_holds_back_every_unknown_name_until_it_is_deleted()
    {
        Prepare(Damage.Record);
        using var store = _directory.OpenStore();
        using var queues = Open(store);

        Assert.Equal("good", await TakeAsync(queues, "good"));
        await queues.Open(Name("good")).AppendAsync(Draft("more"));
        AssertUnreadable(() => queues.Find(Name("bad")));
        AssertUnreadable(() => queues.Open(Name("bad")));
        AssertUnreadable(() => queues.FindForWait(Name("bad")));
        Assert.True(Assert.Single(queues.GetStats(Name($"unreadable-{BadId}"))).IsUnreadable);

        queues.Delete(Name($"unreadable-{BadId}"));
        Assert.Null(queues.Find(Name("bad")));
        await queues.Open(Name("bad")).AppendAsync(Draft("new"));
        Assert.Equal("new", await TakeAsync(queues, "bad"));
    }

    /// <remarks>A block of items that cannot be read: whoever has the last item in it is damaged, the next file's
    /// queues are not.</remarks>
    [Fact]
    public void A_bad_block_of_items_takes_no_queue_of_another_block_with_it()
    {
        const int Items = 200;
        var payload = new byte[1_000];
        using (var store = _directory.OpenWithoutPacks())
        {
            for (var id = 1; id <= 3; id++)
            {
                var queueId = id;
                store.Commit(batch =>
                {
                    batch.PutQueue(new QueueRecord(queueId, $"q{queueId}", 0));
                    for (var sequence = 1; sequence <= Items; sequence++)
                    {
                        new Random((1_000 * queueId) + sequence).NextBytes(payload);
                        batch.Append(queueId, sequence, payload);
                    }
                });
            }
        }

        _directory.OpenStore().Dispose();
        var table = Directory.GetFiles(_directory.Store, "*.sst").MaxBy(path => new FileInfo(path).Length)!;
        new Random((1_000 * BadId) + Items).NextBytes(payload);
        SpoilPayload(table, payload);

        using var reopened = _directory.OpenStore();
        var damaged = reopened.LoadQueues().Select(queue => (queue.Record.Id, queue.Damage is not null)).Order();
        Assert.Equal([(1L, false), (2L, true), (3L, false)], damaged);
        Assert.Equal(Items, reopened.Read(1, 1, long.MaxValue).Count);

        // Its first ones share the block.
        Assert.Equal(Items / 2, reopened.Read(3, (Items / 2) + 1, long.MaxValue).Count);
    }

    public void Dispose() => _directory.Dispose();

    private static LocalQueues Open(RocksQueueStore store)
        => new(
            store, new EngineOptions(), new StorageOptions { Durability = Durability.Os }, TimeProvider.System,
            NullLogger<LocalQueues>.Instance);

    private static QueueName Name(string name) => QueueName.Parse(name);

    private static ItemDraft Draft(string payload)
        => new(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(payload)), Flags: 0, ExpiresAt: 0, MustSync: false);

    private static async Task<string?> TakeAsync(LocalQueues queues, string name)
    {
        var result = await queues.Find(Name(name))!.TakeAsync(new SessionId(1, 1), TakeMode.Plain, TimeSpan.Zero);
        return result.Status == TakeStatus.Taken ? Encoding.UTF8.GetString(result.Item.Payload) : null;
    }

    private static void AssertUnreadable(Func<object?> action)
        => Assert.Equal(SiberiteError.ItemUnreadable, Assert.Throws<SiberiteException>(action).Error);

    private static async Task AssertUnreadableAsync(Func<Task> action)
        => Assert.Equal(
            SiberiteError.ItemUnreadable, (await Assert.ThrowsAsync<SiberiteException>(action)).Error);

    /// <summary>Three queues with one item each, of which the second is spoiled behind the server's back.</summary>
    private void Prepare(Damage damage)
    {
        using (var store = _directory.OpenStore())
        {
            store.Commit(batch =>
            {
                for (var id = 1; id <= Names.Length; id++)
                {
                    batch.PutQueue(new QueueRecord(id, Names[id - 1], CreatedAt: 0));
                    batch.Append(id, sequence: 1, Names[id - 1]);
                    batch.PutReader(id, reader: 0, new ReaderState(Position: 1, ClosedBytes: 0, default));
                }

                if (damage == Damage.ImpossibleReader)
                {
                    batch.PutReader(BadId, reader: 0, new ReaderState(Position: 5, ClosedBytes: 0, Disordered));
                }
            });
        }

        using var database = RocksDatabase.Open(_directory.Store, _directory.Options, compacts: true);
        var spoiled = new WriteBatchBuffer();
        Span<byte> key = stackalloc byte[StoreKeys.ItemBytes];
        switch (damage)
        {
            case Damage.LastItem:
                StoreKeys.WriteItem(key, BadId, sequence: 1);
                Nonsense.CopyTo(spoiled.Put(database.ItemsFamily, key, Nonsense.Length));
                break;
            case Damage.Reader:
                StoreKeys.WriteReader(key, BadId, reader: 0);
                spoiled.Put(key[..StoreKeys.ReaderBytes], Nonsense);
                break;
            case Damage.Record:
                StoreKeys.WriteQueue(key, BadId);
                spoiled.Put(key[..StoreKeys.QueueBytes], Nonsense);
                break;
            default:
                return;
        }

        database.Write(spoiled.Written);
    }

    /// <returns>All that is stored of the bad queue.</returns>
    private List<string> RawValues()
    {
        using var database = RocksDatabase.Open(_directory.Store, _directory.Options, compacts: true);
        var key = new byte[StoreKeys.ItemBytes];
        var found = new List<string>();
        StoreKeys.WriteQueue(key, BadId);
        found.Add(Convert.ToHexString(database.ReadMetadata(key.AsSpan(0, StoreKeys.QueueBytes))!));
        StoreKeys.WriteReader(key, BadId, reader: 0);
        found.Add(Convert.ToHexString(database.ReadMetadata(key.AsSpan(0, StoreKeys.ReaderBytes))!));
        byte[] first = new byte[StoreKeys.ItemBytes], limit = new byte[StoreKeys.ItemBytes];
        StoreKeys.WriteItem(first, BadId, sequence: 0);
        StoreKeys.WriteItem(limit, BadId + 1, sequence: 0);
        using var items = database.ScanItems(first, limit, fillsCache: false, readAheadBytes: 0);
        for (items.SeekToFirst(); items.IsValid; items.MoveNext())
        {
            found.Add(Convert.ToHexString(items.Value));
        }

        return found;
    }

    /// <summary>Turns a bit of a payload; random ones lie uncompressed in their block.</summary>
    private static void SpoilPayload(string table, byte[] payload)
    {
        var bytes = File.ReadAllBytes(table);
        var place = bytes.AsSpan().IndexOf(payload.AsSpan(100, 800));
        Assert.True(place >= 0, "The payload is not to be found.");
        bytes[place] ^= 1;
        File.WriteAllBytes(table, bytes);
    }
}
