using Microsoft.Win32.SafeHandles;
using Siberite.Contracts;

namespace Siberite.Storage;

/// <summary>One silo's directory: exclusively ours while this object lives, and a store of our format.</summary>
/// <remarks>What it holds is drawn in FORMAT.md. Unknown files are left alone.</remarks>
public sealed class DataDirectory : IDisposable
{
    /// <summary>Locked for the life of the process; its content means nothing.</summary>
    public const string LockFile = "LOCK";

    /// <summary>Says what the directory is.</summary>
    public const string IdentityFile = "identity.json";

    /// <summary>Holds the database.</summary>
    public const string StoreDirectory = "store";

    /// <summary>Says that the database has a block that must not be met again; its content means nothing.</summary>
    public const string NoCompactionFile = "NO-COMPACTION";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly SafeFileHandle _lock;

    private DataDirectory(string path, StoreId id, SafeFileHandle heldLock)
    {
        (Path, Id, _lock) = (path, id, heldLock);
    }

    /// <summary>The absolute path.</summary>
    public string Path { get; }

    /// <summary>Names the directory for ever.</summary>
    public StoreId Id { get; }

    /// <summary>Where the database lives. RocksDB creates it.</summary>
    public string StorePath => System.IO.Path.Combine(Path, StoreDirectory);

    /// <summary>Where large payloads live. Created by the store.</summary>
    public string PayloadsPath => System.IO.Path.Combine(Path, PayloadFiles.DirectoryName);

    /// <summary>Whether the database may rewrite its files. Not since a rewriting met a bad block, until an operator
    /// has removed <see cref="NoCompactionFile"/>.</summary>
    public bool MayCompact => !File.Exists(NoCompactionPath);

    private string NoCompactionPath => System.IO.Path.Combine(Path, NoCompactionFile);

    /// <summary>Takes the directory, creating it with mode 0700 and a new identity if it is missing or empty.</summary>
    /// <exception cref="DataDirectoryException">It is in use, is not ours, or cannot be kept safely.</exception>
    public static DataDirectory Open(string path)
    {
        var root = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));
        try
        {
            Create(root);
            ThrowIfUnsuitable(root);
            ThrowIfForeign(root); // Before anything of ours is in it, be it only a lock.
            var heldLock = PosixFile.TryLock(System.IO.Path.Combine(root, LockFile))
                ?? throw Refusal(root, "is in use by another process");
            try
            {
                return new DataDirectory(root, ReadOrCreateIdentity(root), heldLock);
            }
            catch
            {
                heldLock.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataDirectoryException($"Data directory {root} cannot be used: {e.Message}", e);
        }
    }

    /// <summary>Has the next start open the database without rewriting.</summary>
    /// <exception cref="IOException"/>
    /// <exception cref="UnauthorizedAccessException"/>
    public void ForbidCompaction()
    {
        using var file = File.OpenHandle(NoCompactionPath, FileMode.OpenOrCreate, FileAccess.Write);
        PosixFile.SyncDirectory(Path);
    }

    /// <summary>Gives the directory to whoever wants it next.</summary>
    public void Dispose() => _lock.Dispose();

    internal static bool IsNetworkFileSystem(uint type) => type
        is 0x6969 // NFS
        or 0xFF534D42 // CIFS
        or 0xFE534D42; // SMB2

    private static void Create(string root)
    {
        if (Directory.Exists(root))
        {
            return;
        }

        if (OperatingSystem.IsWindows())
        {
            throw new PlatformNotSupportedException("Files are kept by Linux calls.");
        }

        Directory.CreateDirectory(root, OwnerOnly);
        PosixFile.SyncDirectory(System.IO.Path.GetDirectoryName(root)!);
    }

    private static void ThrowIfUnsuitable(string root)
    {
        // Whoever may replace the link may move the store under a running server.
        if (new DirectoryInfo(root).LinkTarget is not null)
        {
            throw Refusal(root, "is a symbolic link; name its target instead");
        }

        if (IsNetworkFileSystem(PosixFile.FileSystemType(root)))
        {
            throw Refusal(root, "is on a network file system, whose locks and syncs cannot be relied on");
        }
    }

    /// <remarks>A directory without identity is ours to take only if nobody's queues are in it: a server that starts
    /// empty on top of them looks healthy and has lost everything.</remarks>
    private static void ThrowIfForeign(string root)
    {
        // A new store knows of no payload file, and would delete them all.
        var hasStore = Directory.Exists(System.IO.Path.Combine(root, StoreDirectory));
        if (!hasStore && HoldsFiles(System.IO.Path.Combine(root, PayloadFiles.DirectoryName)))
        {
            throw Refusal(
                root, $"holds {PayloadFiles.DirectoryName} but no {StoreDirectory}; restore that directory");
        }

        if (File.Exists(System.IO.Path.Combine(root, IdentityFile)))
        {
            return;
        }

        if (hasStore)
        {
            throw Refusal(root, $"holds a {StoreDirectory} but no {IdentityFile}; restore that file");
        }

        if (HoldsDatabase(root))
        {
            throw Refusal(root, "is a LevelDB or RocksDB database of another product");
        }

        foreach (var directory in Directory.EnumerateDirectories(root))
        {
            if (HoldsDatabase(directory))
            {
                throw Refusal(root, $"holds queues of another product in {System.IO.Path.GetFileName(directory)}");
            }
        }
    }

    private static bool HoldsFiles(string directory)
        => Directory.Exists(directory) && Directory.EnumerateFiles(directory).Any();

    private static bool HoldsDatabase(string directory)
    {
        try
        {
            return File.Exists(System.IO.Path.Combine(directory, "CURRENT"))
                || Directory.EnumerateFiles(directory, "MANIFEST-*").Any();
        }
        catch (UnauthorizedAccessException)
        {
            // lost+found belongs to the file system's checker.
            return false;
        }
    }

    private static StoreId ReadOrCreateIdentity(string root)
    {
        var file = System.IO.Path.Combine(root, IdentityFile);
        if (File.Exists(file))
        {
            var (identity, refusal) = DirectoryIdentity.Parse(File.ReadAllBytes(file));
            return identity?.StoreId ?? throw Refusal(root, $"holds an {IdentityFile} that {refusal}");
        }

        var created = new DirectoryIdentity(new StoreId(Guid.NewGuid()));
        var temporary = file + ".new";
        using (var handle = File.OpenHandle(temporary, FileMode.Create, FileAccess.Write))
        {
            RandomAccess.Write(handle, created.ToJson(), fileOffset: 0);
            PosixFile.Sync(handle);
        }

        File.Move(temporary, file, overwrite: true);
        PosixFile.SyncDirectory(root);
        return created.StoreId;
    }

    private static DataDirectoryException Refusal(string root, string reason)
        => new($"Data directory {root} {reason}.", inner: null);
}
