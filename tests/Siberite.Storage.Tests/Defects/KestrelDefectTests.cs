namespace Siberite.Storage.Tests.Defects;

/// <summary>Kestrel's defects that show on the disk alone. infra/docs/defects.md tells the stories.</summary>
public sealed class KestrelDefectTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    /// <remarks>Method: the log ends within its last record, as a full disk or a crash leaves it; then more is
    /// appended.</remarks>
    [Fact]
    public void K4_what_is_appended_after_a_torn_record_is_there_at_the_next_start()
    {
        using (var store = _directory.OpenStore())
        {
            store.Commit(batch => batch.Append(queueId: 1, sequence: 1, "kept"));
            store.Commit(batch => batch.Append(queueId: 1, sequence: 2, "torn"));
        }

        TearNewestLog();
        using (var store = _directory.OpenStore())
        {
            Assert.Equal(["kept"], store.ReadTexts(queueId: 1, first: 1, limit: 10));
            store.Commit(batch => batch.Append(queueId: 1, sequence: 2, "later"));
        }

        using (var store = _directory.OpenStore())
        {
            Assert.Equal(["kept", "later"], store.ReadTexts(queueId: 1, first: 1, limit: 10));
        }
    }

    public void Dispose() => _directory.Dispose();

    private void TearNewestLog()
    {
        var log = Directory.GetFiles(_directory.Store, "*.log").Order(StringComparer.Ordinal).Last();
        using var file = File.OpenHandle(log, FileMode.Open, FileAccess.ReadWrite);
        RandomAccess.SetLength(file, RandomAccess.GetLength(file) - 3);
    }
}
