using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using Siberite.Contracts;

namespace Siberite.Storage;

/// <summary>A silo's data directory: locked for the life of the process, and with a name of its own.</summary>
/// <remarks>See FORMAT.md. Unknown files are left alone; a directory that belongs to something else is refused.</remarks>
public sealed class DataDirectory : IDisposable
{
    /// <summary>Held exclusively while a process uses the directory.</summary>
    internal const string LockFile = "LOCK";

    /// <summary>Names the store and its format.</summary>
    internal const string IdentityFile = "identity.json";

    /// <summary>Where RocksDB keeps its files.</summary>
    internal const string StoreDirectory = "store";

    /// <summary>The format this version writes, and the newest it reads.</summary>
    internal const int Format = 1;

    /// <summary>NFS, SMB, CIFS, SMB2: their locks and syncs do not promise what ours need.</summary>
    private static readonly long[] NetworkFileSystems = [0x6969, 0x517B, 0xFF534D42, 0xFE534D42];

    /// <summary>What other queue servers and bare databases leave at the top of their directories.</summary>
    private static readonly string[] ForeignFiles = ["CURRENT", "PG_VERSION", "dump.rdb", "ibdata1"];

    private readonly SafeFileHandle _lock;

    private DataDirectory(string path, SafeFileHandle held, StoreId id)
    {
        Path = path;
        _lock = held;
        Id = id;
    }

    /// <summary>The directory, as an absolute path.</summary>
    public string Path { get; }

    /// <summary>The store's name for ever.</summary>
    public StoreId Id { get; }

    /// <summary>Opens the directory for this process alone, and makes it if there is none.</summary>
    /// <exception cref="DataDirectoryException">It cannot be used; the message is one line for the operator.</exception>
    public static DataDirectory Open(string path)
    {
        var full = System.IO.Path.GetFullPath(path);
        try
        {
            Prepare(full);
            var held = TakeLock(full);
            try
            {
                return new DataDirectory(full, held, ReadIdentity(full) ?? CreateIdentity(full));
            }
            catch
            {
                held.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataDirectoryException($"The data directory {full} cannot be used: {e.Message}", e);
        }
    }

    /// <summary>Lets another process have the directory.</summary>
    public void Dispose() => _lock.Dispose();

    private static void Prepare(string path)
    {
        if (new DirectoryInfo(path) is { Exists: true, LinkTarget: not null })
        {
            throw new DataDirectoryException($"The data directory {path} is a symbolic link; name its target.", null);
        }

        if (OperatingSystem.IsWindows())
        {
            throw new DataDirectoryException("Siberite needs flock and fsync: run it on Linux.", null);
        }

        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        if (NetworkFileSystems.Contains(Posix.FileSystemKind(path)))
        {
            throw new DataDirectoryException(
                $"The data directory {path} is on a network file system; queues need a local disk.", null);
        }
    }

    private static SafeFileHandle TakeLock(string path)
    {
        var file = System.IO.Path.Combine(path, LockFile);

        // Shared, because .NET's own lock would come first and say less.
        var held = File.OpenHandle(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
        if (!Posix.TryLock(held))
        {
            held.Dispose();
            throw new DataDirectoryException($"The data directory {path} is in use by another process.", null);
        }

        return held;
    }

    private static StoreId? ReadIdentity(string path)
    {
        var file = System.IO.Path.Combine(path, IdentityFile);
        if (!File.Exists(file))
        {
            return null;
        }

        StoreIdentity? identity;
        try
        {
            identity = JsonSerializer.Deserialize(File.ReadAllBytes(file), IdentityJson.Default.StoreIdentity);
        }
        catch (JsonException e)
        {
            throw new DataDirectoryException($"The identity file {file} cannot be understood: {e.Message}", e);
        }

        if (identity is null || identity.Format < 1 || !Guid.TryParse(identity.StoreId, out var id))
        {
            throw new DataDirectoryException($"The identity file {file} cannot be understood.", null);
        }

        return identity.Format <= Format
            ? new StoreId(id)
            : throw new DataDirectoryException(
                $"The data directory {path} has format {identity.Format}; this version reads up to {Format}.", null);
    }

    private static StoreId CreateIdentity(string path)
    {
        var foreign = ForeignFiles.FirstOrDefault(name => File.Exists(System.IO.Path.Combine(path, name)));
        if (foreign is not null || Directory.Exists(System.IO.Path.Combine(path, StoreDirectory)))
        {
            throw new DataDirectoryException(
                $"The data directory {path} holds {foreign ?? StoreDirectory} but no {IdentityFile}: it is not ours.",
                null);
        }

        var id = new StoreId(Guid.NewGuid());
        var file = System.IO.Path.Combine(path, IdentityFile);
        var json = JsonSerializer.SerializeToUtf8Bytes(
            new StoreIdentity(Format, id.ToString()), IdentityJson.Default.StoreIdentity);
        using (var written = File.OpenHandle(file + ".new", FileMode.Create, FileAccess.Write))
        {
            RandomAccess.Write(written, json, fileOffset: 0);
            Posix.Sync(written, file);
        }

        File.Move(file + ".new", file);
        Posix.SyncDirectory(path);
        return id;
    }
}
