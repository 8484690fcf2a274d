using System.IO.Compression;
using System.Text;

namespace Siberite.Storage.Tests;

/// <summary>Data directories that earlier versions left behind, kept as they were.</summary>
public sealed class EarlierVersionTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    /// <remarks>
    /// Goal: what a version before payload files has written is served as it was, and the same directory takes large
    /// payloads from now on.
    /// Method: the archive is what a server left that was killed: tables and a log, payloads of 10 bytes to 70,000
    /// among the items, one of them closed, one open, one not due yet, one with an id, and a cursor's place.
    /// </remarks>
    [Fact]
    public void A_directory_from_before_payload_files_is_served_and_used_on()
    {
        ZipFile.ExtractToDirectory(
            Path.Combine(AppContext.BaseDirectory, "Earlier", "without-payload-files.zip"), _directory.Data);
        Assert.False(Directory.Exists(_directory.Payloads));

        long work;
        using (var store = _directory.OpenStore())
        {
            var queues = store.LoadQueues();
            Assert.All(queues, queue => Assert.Null(queue.Damage));
            var found = queues.Single(queue => queue.Record.Name == "work");
            work = found.Record.Id;
            Assert.Equal((2, 8), (found.Reader.Position, found.LastSequence));
            Assert.Equal("c", Assert.Single(found.Cursors).Record.Name);
            Assert.Equal(1, queues.Single(queue => queue.Record.Name == "later").Extras.Delayed.Count);
            AssertItems(store, work);
            store.Commit(batch => batch.AppendLarge(store, work, 9, PayloadOf(9, 100_000)));
        }

        using (var store = _directory.OpenStore())
        {
            store.LoadQueues();
            AssertItems(store, work);
            Assert.Equal(PayloadOf(9, 100_000), Assert.Single(store.Read(work, 9, 10)).Payload);
            Assert.Single(Directory.GetFiles(_directory.Payloads));
        }
    }

    public void Dispose() => _directory.Dispose();

    private static void AssertItems(RocksQueueStore store, long queueId)
    {
        var items = store.Read(queueId, 2, 9);
        byte[][] expected =
        [
            PayloadOf(2, 1_000), PayloadOf(3, 40_000), PayloadOf(4, 100), PayloadOf(5, 70_000), "once"u8.ToArray(),
            PayloadOf(7, 10), PayloadOf(8, 50_000),
        ];
        Assert.Equal(expected, items.Select(item => item.Payload));
        Assert.All(items, item => Assert.Equal(5u, item.Header.Flags));
    }

    private static byte[] PayloadOf(int number, int bytes)
        => Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat($"{number}|", bytes)))[..bytes];
}
