using System.Runtime.InteropServices;

namespace Siberite.Server;

/// <summary>Settings of the process that no configuration file reaches: they must be made before anything else runs.
/// Measured; see decision 0006.</summary>
internal static partial class ProcessTuning
{
    private const int MaxArenas = -8; // M_ARENA_MAX of <malloc.h>.

    /// <summary>Applies them. To be called first in the process, while there is one thread and no socket.</summary>
    public static void Apply()
    {
        // Sessions run on the thread that heard of their bytes: a hop to another thread costs more than a request.
        // The runtime reads this when the first socket is made.
        Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");

        if (OperatingSystem.IsLinux())
        {
            LimitArenas();
        }
    }

    /// <summary>glibc gives threads malloc arenas of their own, eight per core, and each keeps what it once needed.
    /// RocksDB's blocks move between threads, so two arenas hold what sixteen would spread out.</summary>
    private static void LimitArenas()
    {
        try
        {
            _ = MallOpt(MaxArenas, value: 2);
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException)
        {
            // Another C library, such as musl, has neither arenas nor this function.
        }
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int MallOpt(int parameter, int value);
}
