using Microsoft.Extensions.Logging.Abstractions;
using Siberite.Contracts;

namespace Siberite.Storage.Tests;

public sealed class DataDirectoryTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    [Fact]
    public void A_missing_directory_is_created_for_its_owner_alone()
    {
        using var data = DataDirectory.Open(_directory.Data);
        var mode = OperatingSystem.IsWindows() ? default : File.GetUnixFileMode(_directory.Data);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, mode);
        Assert.NotEqual(default, data.Id);
    }

    [Fact]
    public void The_identity_is_created_once_and_kept()
    {
        StoreId first;
        using (var data = DataDirectory.Open(_directory.Data))
        {
            first = data.Id;
        }

        var json = File.ReadAllText(IdentityPath);
        Assert.Equal($$"""{"format":1,"storeId":"{{first}}"}""" + "\n", json);
        using var again = DataDirectory.Open(_directory.Data + "/");
        Assert.Equal(first, again.Id);
        Assert.Equal(json, File.ReadAllText(IdentityPath));
    }

    [Fact]
    public void A_second_opener_is_told_that_the_directory_is_in_use()
    {
        using (DataDirectory.Open(_directory.Data))
        {
            AssertRefused("is in use by another process");
        }

        DataDirectory.Open(_directory.Data).Dispose();
    }

    [Fact]
    public void A_second_store_is_told_that_the_directory_is_in_use()
    {
        using var store = _directory.OpenStore();
        var refusal = Assert.Throws<DataDirectoryException>(_directory.OpenStore);
        Assert.Contains("is in use by another process", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_symbolic_link_is_refused()
    {
        Directory.CreateDirectory(_directory.Data + "-real");
        Directory.CreateSymbolicLink(_directory.Data, _directory.Data + "-real");
        AssertRefused("is a symbolic link");
    }

    [Theory]
    [InlineData("", "is not JSON")]
    [InlineData("{\"format\":1,", "is not JSON")]
    [InlineData("[]", "names no format")]
    [InlineData("{}", "names no format")]
    [InlineData("{\"format\":\"1\"}", "names no format")]
    [InlineData("{\"format\":0}", "names no format")]
    [InlineData("{\"format\":2,\"storeId\":\"0123456789abcdef0123456789abcdef\"}", "is of format 2")]
    [InlineData("{\"format\":1}", "names no store id")]
    [InlineData("{\"format\":1,\"storeId\":7}", "names no store id")]
    [InlineData("{\"format\":1,\"storeId\":\"00000000000000000000000000000000\"}", "names no store id")]
    [InlineData("{\"format\":1,\"storeId\":\"xyz\"}", "names no store id")]
    public void An_identity_that_cannot_be_understood_is_refused_and_left_alone(string json, string reason)
    {
        Directory.CreateDirectory(_directory.Data);
        File.WriteAllText(IdentityPath, json);
        AssertRefused(reason);
        Assert.Equal(json, File.ReadAllText(IdentityPath));
    }

    [Theory]
    [InlineData("CURRENT", "is a LevelDB or RocksDB database of another product")]
    [InlineData("MANIFEST-000007", "is a LevelDB or RocksDB database of another product")]
    [InlineData("work/CURRENT", "holds queues of another product in work")]
    [InlineData("work/MANIFEST-000002", "holds queues of another product in work")]
    [InlineData("store/CURRENT", "holds a store but no identity.json")]
    public void A_directory_with_somebody_elses_data_is_refused(string file, string reason)
    {
        Touch(file);
        AssertRefused(reason);
        Assert.False(File.Exists(IdentityPath));
        Assert.False(File.Exists(Path.Combine(_directory.Data, DataDirectory.LockFile)));
    }

    [Fact]
    public void Unknown_files_and_directories_are_left_alone()
    {
        Touch("lost+found/#123");
        Touch("notes.txt");
        Touch("work/readme");
        DataDirectory.Open(_directory.Data).Dispose();
        Touch("later/CURRENT");
        DataDirectory.Open(_directory.Data).Dispose();
        Assert.True(File.Exists(Path.Combine(_directory.Data, "notes.txt")));
    }

    [Fact]
    public void An_identity_torn_by_a_crash_before_its_rename_is_written_again()
    {
        Touch("identity.json.new");
        DataDirectory.Open(_directory.Data).Dispose();
        Assert.True(File.Exists(IdentityPath));
    }

    [Fact]
    public void A_store_that_was_copied_under_another_identity_is_refused()
    {
        _directory.OpenStore().Dispose();
        File.WriteAllText(IdentityPath, """{"format":1,"storeId":"0123456789abcdef0123456789abcdef"}""");
        var refusal = Assert.Throws<DataDirectoryException>(_directory.OpenStore);
        Assert.Contains("belongs to another identity.json", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_path_that_is_a_file_is_refused()
    {
        File.WriteAllText(_directory.Data, "");
        AssertRefused("cannot be used");
    }

    [Theory]
    [InlineData(0x6969, true)]
    [InlineData(0xFF534D42, true)]
    [InlineData(0xFE534D42, true)]
    [InlineData(0xEF53, false)]
    [InlineData(0x01021994, false)]
    public void Network_file_systems_are_known_by_their_number(uint type, bool isNetwork)
        => Assert.Equal(isNetwork, DataDirectory.IsNetworkFileSystem(type));

    [Fact]
    public void The_type_of_a_file_system_can_be_asked()
        => Assert.Equal(0x9FA0u, PosixFile.FileSystemType("/proc"));

    [Fact]
    public void Room_is_looked_at_again_after_a_second()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        var options = _directory.Options;
        using var store = RocksQueueStore.Open(options, NullLogger.Instance, time);
        Assert.True(store.HasRoom);

        options.ReserveBytes = long.MaxValue;
        Assert.True(store.HasRoom);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(store.HasRoom);
    }

    public void Dispose() => _directory.Dispose();

    private string IdentityPath => Path.Combine(_directory.Data, DataDirectory.IdentityFile);

    private void Touch(string file)
    {
        var path = Path.Combine(_directory.Data, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, "");
    }

    private void AssertRefused(string reason)
    {
        var refusal = Assert.Throws<DataDirectoryException>(() => DataDirectory.Open(_directory.Data));
        Assert.StartsWith($"Data directory {_directory.Data} ", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
    }
}
