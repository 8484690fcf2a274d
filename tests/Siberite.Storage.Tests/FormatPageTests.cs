using System.Reflection;
using MemoryPack;
using Siberite.Queues;

namespace Siberite.Storage.Tests;

/// <summary>FORMAT.md says what the code does.</summary>
public sealed class FormatPageTests
{
    private static readonly string[] Lines = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "FORMAT.md"));

    [Fact]
    public void The_item_table_is_the_item_header()
    {
        var rows = Table("Offset").Select(row => (row[2], int.Parse(row[0], null), int.Parse(row[1], null))).ToArray();
        Assert.Equal(
            [
                ("Version", ItemValue.VersionOffset, 1),
                ("HeaderBytes", ItemValue.HeaderBytesOffset, 1),
                ("Deliveries", ItemValue.DeliveriesOffset, 2),
                ("Flags", ItemValue.FlagsOffset, 4),
                ("EnqueuedAt", ItemValue.EnqueuedAtOffset, 8),
                ("ExpiresAt", ItemValue.ExpiresAtOffset, 8),
                ("AppendedBytes", ItemValue.AppendedBytesOffset, 8),
            ],
            rows);
        Assert.Equal(ItemValue.HeaderBytes, rows.Sum(row => row.Item3));
        Assert.Equal(
            $"{ItemValue.Version}, or {ItemValue.LargeVersion} if the payload is in a payload file.",
            Table("Offset").First()[3]);
        Assert.StartsWith($"{ItemValue.HeaderBytes}.", Table("Offset").ElementAt(1)[3], StringComparison.Ordinal);
    }

    [Fact]
    public void An_item_has_its_fields_where_the_table_puts_them()
    {
        var value = new byte[ItemValue.HeaderBytes];
        var header = new ItemHeader(
            Sequence: 1, Flags: 0x44434241, EnqueuedAt: 0x51, ExpiresAt: 0x61, AppendedBytes: 0x71, Deliveries: 0x3231);
        ItemValue.WriteHeader(value, header);
        Assert.Equal(
            "0120313241424344510000000000000061000000000000007100000000000000", Convert.ToHexString(value));
    }

    [Fact]
    public void The_place_table_is_the_place_of_a_large_payload()
    {
        var rows = Table("At").Select(row => (row[2], int.Parse(row[0], null), int.Parse(row[1], null))).ToArray();
        Assert.Equal(
            [
                ("File", ItemValue.PlaceFileOffset, 8),
                ("Offset", ItemValue.PlaceOffsetOffset, 8),
                ("Length", ItemValue.PlaceLengthOffset, 4),
                ("Checksum", ItemValue.PlaceChecksumOffset, 8),
            ],
            rows);
        Assert.Equal(ItemValue.PlaceBytes, rows.Sum(row => row.Item3));
    }

    [Fact]
    public void The_key_table_is_the_key_layout()
    {
        var rows = Table("Column family").Select(row => $"{row[2]} {row[3]}").ToArray();
        Assert.Equal(
            [
                $"`{(char)StoreKeys.CursorPrefix}` queue:8 reader:4 {StoreKeys.ReaderBytes}",
                $"`{(char)StoreKeys.FormatPrefix}` {StoreKeys.Format.Length}",
                $"`{(char)StoreKeys.QueuePrefix}` queue:8 {StoreKeys.QueueBytes}",
                $"`{(char)StoreKeys.ReaderPrefix}` queue:8 reader:4 {StoreKeys.ReaderBytes}",
                $"`{(char)StoreKeys.StatePrefix}` name any",
                $"`{(char)StoreKeys.DelayedStatePrefix}` queue:8 {StoreKeys.DelayedStateBytes}",
                $"`{(char)StoreKeys.IdPrefix}` queue:8 id any",
                $"`{(char)StoreKeys.IdOrderPrefix}` queue:8 ordinal:8 {StoreKeys.IdOrderBytes}",
                $"`{(char)StoreKeys.DeliveriesPrefix}` queue:8 reader:4 sequence:8 {StoreKeys.DeliveriesBytes}",
                $"`{(char)StoreKeys.SharePrefix}` queue:8 file:8 {StoreKeys.ShareBytes}",
                $"queue:8 sequence:8 {StoreKeys.ItemBytes}",
                $"delayed:8 due:8 number:8 {StoreKeys.DelayedBytes}",
            ],
            rows);
    }

    [Fact]
    public void The_path_table_is_the_directory()
        => Assert.Equal(
            [
                DataDirectory.LockFile, DataDirectory.IdentityFile, DataDirectory.StoreDirectory,
                PayloadFiles.DirectoryName, DataDirectory.NoCompactionFile,
            ],
            Table("Path").Select(row => row[0].Trim('`')));

    [Fact]
    public void The_record_table_lists_every_member_with_its_number()
    {
        var members =
            from record in new[]
            {
                typeof(StoredQueueRecord), typeof(StoredCursorRecord), typeof(StoredReaderState),
                typeof(StoredDelayedState),
            }
            from member in record.GetProperties()
            select $"`{record.Name}` {member.GetCustomAttribute<MemoryPackOrderAttribute>()!.Order} {member.Name}";
        Assert.Equal(members, Table("Record").Select(row => $"{row[0]} {row[1]} {row[2]}"));
    }

    /// <remarks>Written by the first version; must be readable for ever.</remarks>
    [Fact]
    public void Records_written_by_the_first_version_are_understood()
    {
        var queue = new StoredQueueRecord { Name = "work", CreatedAt = 7 };
        var reader = new StoredReaderState { Position = 3, ClosedBytes = 4, Closed = new long[] { 5, 6 } };
        Assert.Equal(QueueRecordV1, Convert.ToHexString(MemoryPackSerializer.Serialize(queue)));
        Assert.Equal(ReaderStateV1, Convert.ToHexString(MemoryPackSerializer.Serialize(reader)));

        queue = MemoryPackSerializer.Deserialize<StoredQueueRecord>(Convert.FromHexString(QueueRecordV1))!;
        reader = MemoryPackSerializer.Deserialize<StoredReaderState>(Convert.FromHexString(ReaderStateV1))!;
        Assert.Equal(("work", 7), (queue.Name, queue.CreatedAt));
        Assert.Equal((3, 4), (reader.Position, reader.ClosedBytes));
        Assert.Equal([5, 6], reader.Closed.ToArray());
    }

    private const string QueueRecordV1 = "020C08FBFFFFFF04000000776F726B0700000000000000";
    private const string ReaderStateV1 =
        "03080814030000000000000004000000000000000200000005000000000000000600000000000000";

    /// <returns>The cells of each row of the table whose first column is so headed.</returns>
    private static IEnumerable<string[]> Table(string firstColumn)
        => Lines.SkipWhile(line => !line.StartsWith($"| {firstColumn} |", StringComparison.Ordinal))
            .Skip(2)
            .TakeWhile(line => line.StartsWith('|'))
            .Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries));
}
