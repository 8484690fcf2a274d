using System.Reflection;

namespace Siberite.Testing;

/// <summary>Where the checkout is, as told by the build.</summary>
public static class Repository
{
    /// <summary>The checkout's top directory, with a trailing separator.</summary>
    public static string Root { get; } = Metadata("RepositoryRoot");

    /// <summary>The server as built together with these tests.</summary>
    public static string ServerAssembly { get; } = Path.Combine(
        Root, "artifacts", "bin", "Siberite.Server", Metadata("Configuration").ToLowerInvariant(), "siberite.dll");

    /// <summary>The operator's tool as built together with these tests.</summary>
    public static string CtlAssembly { get; } = Path.Combine(
        Root, "artifacts", "bin", "Siberite.Ctl", Metadata("Configuration").ToLowerInvariant(), "siberitectl.dll");

    private static string Metadata(string key)
        => typeof(Repository).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(attribute => attribute.Key == key).Value!;
}
