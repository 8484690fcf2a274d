using System.Globalization;

namespace Siberite.Server.Hosting;

/// <summary>Tells scripts which process serves. There from the moment it serves until it stopped cleanly.</summary>
internal sealed class PidFile : IDisposable
{
    private readonly string? _path;

    private PidFile(string? path) => _path = path;

    /// <param name="path">Replaced if it exists: a crash leaves one behind. <see langword="null"/> for none.</param>
    /// <exception cref="StartException">It cannot be written.</exception>
    public static PidFile Write(string? path)
    {
        if (path is null)
        {
            return new PidFile(null);
        }

        try
        {
            var full = Path.GetFullPath(path);
            File.WriteAllText(full, Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n");
            return new PidFile(full);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw StartException.Failure($"cannot write the pid file {path}: {e.Message}");
        }
    }

    public void Dispose()
    {
        try
        {
            if (_path is not null)
            {
                File.Delete(_path);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Somebody took the directory away meanwhile; the process stops all the same.
        }
    }
}
