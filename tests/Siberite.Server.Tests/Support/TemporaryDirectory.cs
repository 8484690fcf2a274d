namespace Siberite.Server.Tests.Support;

/// <summary>A directory of this test's own, gone afterwards.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("siberite-server-test-");

    /// <summary>Where it is.</summary>
    public string Path => _directory.FullName;

    /// <summary>A path in it.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose() => _directory.Delete(recursive: true);
}
