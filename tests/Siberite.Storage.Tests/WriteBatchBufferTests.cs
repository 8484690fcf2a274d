using Siberite.Queues;

namespace Siberite.Storage.Tests;

public sealed class WriteBatchBufferTests
{
    [Fact]
    public void The_form_is_byte_for_byte_what_the_table_says()
    {
        var buffer = new WriteBatchBuffer();
        buffer.Put("k"u8, "value"u8);
        "xyz"u8.CopyTo(buffer.Put(columnFamily: 300, "key"u8, valueBytes: 3));
        buffer.Delete("gone"u8);
        buffer.DeleteRange("a"u8, "b"u8);
        buffer.DeleteRange(columnFamily: 1, "c"u8, "d"u8);

        byte[] expected =
        [
            0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0,
            0x1, 1, .. "k"u8, 5, .. "value"u8,
            0x5, 0xAC, 0x02, 3, .. "key"u8, 3, .. "xyz"u8,
            0x0, 4, .. "gone"u8,
            0xF, 1, .. "a"u8, 1, .. "b"u8,
            0xE, 1, 1, .. "c"u8, 1, .. "d"u8,
        ];
        Assert.Equal(expected, buffer.Written.ToArray());
        Assert.Equal(5, buffer.Count);
    }

    /// <remarks>Lengths around every step of the varint, so that RocksDB itself confirms each.</remarks>
    [Fact]
    public void RocksDB_reads_back_what_was_written_at_every_length()
    {
        using var directory = new TemporaryDirectory();
        using var store = directory.OpenStore();
        int[] lengths = [0, 1, 95, 96, 127, 128, 16_351, 16_352, 16_383, 16_384, 70_000, 2_097_119, 2_097_120];
        var random = new Random(1);
        var written = new List<byte[]>();
        store.Commit(batch =>
        {
            foreach (var length in lengths)
            {
                var payload = new byte[length];
                random.NextBytes(payload);
                written.Add(payload);
                batch.Append(1, written.Count, payload);
                batch.PutState($"s{length}", payload);
            }
        });

        Assert.Equal(written, store.Read(1, 1, 1000).Select(item => item.Payload));
        Assert.All(written, payload => Assert.Equal(payload, store.ReadState($"s{payload.Length}")));
    }

    [Fact]
    public void A_huge_buffer_is_given_back_after_use()
    {
        var buffer = new WriteBatchBuffer();
        buffer.Put(columnFamily: 1, "k"u8, valueBytes: 5 << 20);
        Assert.True(buffer.CapacityBytes > 5 << 20);
        buffer.Clear();
        Assert.InRange(buffer.CapacityBytes, 1, WriteBatchBuffer.KeptBytes);
        Assert.Equal(WriteBatchBuffer.HeaderBytes, buffer.Length);
    }

    [Fact]
    public void Appending_an_item_allocates_nothing()
    {
        var batch = new RocksStoreBatch(itemsFamily: 1, payloads: null!, packedItemBytes: int.MaxValue);
        var payload = new System.Buffers.ReadOnlySequence<byte>(new byte[100]);
        Fill();

        var before = GC.GetAllocatedBytesForCurrentThread();
        Fill();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Fill()
        {
            batch.Clear();
            for (var sequence = 1; sequence <= 1_000; sequence++)
            {
                batch.AppendItem(1, new ItemHeader(sequence, 0, 0, 0, 0, 0), payload);
            }
        }
    }
}
