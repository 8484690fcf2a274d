using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Siberite.Topology.Tests;

/// <summary>A certificate authority of the test's own, in files as an operator has them.</summary>
internal sealed class TestAuthority : IDisposable
{
    private const string ServerUsage = "1.3.6.1.5.5.7.3.1";
    private const string ClientUsage = "1.3.6.1.5.5.7.3.2";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("siberite-tls-");
    private readonly X509Certificate2 _authority;

    public TestAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Test authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, critical: true));
        var now = TimeProvider.System.GetUtcNow();
        _authority = request.CreateSelfSigned(now.AddDays(-2), now.AddDays(2));
        File.WriteAllText(AuthorityPath, _authority.ExportCertificatePem());
    }

    private string AuthorityPath => Path.Combine(_directory.FullName, "authority.pem");

    /// <summary>Flags for a silo with a new certificate of this authority.</summary>
    /// <param name="expiry">From now; negative for one that has expired.</param>
    /// <param name="isForServersOnly">Whether it may not be shown to who is called.</param>
    /// <param name="keyMode">Who may read the key.</param>
    public string[] Issue(
        TimeSpan? expiry = null, bool isForServersOnly = false,
        string keyMode = "600")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=silo", key, HashAlgorithmName.SHA256);
        var usages = new OidCollection { new Oid(ServerUsage) };
        if (!isForServersOnly)
        {
            usages.Add(new Oid(ClientUsage));
        }

        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(usages, critical: false));
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.Create(
            _authority, now.AddDays(-1), now + (expiry ?? TimeSpan.FromDays(1)), Guid.NewGuid().ToByteArray());
        var name = Path.Combine(_directory.FullName, Guid.NewGuid().ToString("n"));
        File.WriteAllText($"{name}.pem", certificate.ExportCertificatePem());
        File.WriteAllText($"{name}.key", key.ExportPkcs8PrivateKeyPem());
        using var chmod = Process.Start("chmod", [keyMode, $"{name}.key"]);
        chmod.WaitForExit();
        return
        [
            $"--Siberite:Cluster:TlsCertificatePath={name}.pem", $"--Siberite:Cluster:TlsKeyPath={name}.key",
            $"--Siberite:Cluster:TlsAuthorityPath={AuthorityPath}",
        ];
    }

    public void Dispose()
    {
        _authority.Dispose();
        _directory.Delete(recursive: true);
    }
}
