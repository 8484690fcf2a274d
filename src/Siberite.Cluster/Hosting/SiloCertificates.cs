using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Siberite.Contracts;

namespace Siberite.Cluster;

/// <summary>This silo's certificate, and the one authority whose certificates it takes.</summary>
internal sealed class SiloCertificates
{
    /// <summary>May be shown by who accepts a connection (RFC 5280, 4.2.1.12).</summary>
    public static readonly Oid ServerUsage = new("1.3.6.1.5.5.7.3.1");

    /// <summary>May be shown by who makes a connection.</summary>
    public static readonly Oid ClientUsage = new("1.3.6.1.5.5.7.3.2");

    private readonly X509Certificate2Collection _authorities;

    private SiloCertificates(SslStreamCertificateContext own, X509Certificate2Collection authorities)
        => (Own, _authorities) = (own, authorities);

    /// <summary>What this silo shows, with what lies between it and the authority.</summary>
    public SslStreamCertificateContext Own { get; }

    /// <exception cref="CryptographicException">They are no certificates, or do not fit together; the message names
    /// the file.</exception>
    public static SiloCertificates Load(ClusterOptions options)
    {
        ThrowIfReadableByAll(options.TlsKeyPath);
        using var pem = Read("certificate and key", () => X509Certificate2.CreateFromPemFile(
            options.TlsCertificatePath, options.TlsKeyPath));

        // Some platforms do not serve from a key that came from a text; through this form they all do.
        var own = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), password: null);
        var issuers = ReadAll(options.TlsCertificatePath);
        issuers.RemoveAt(0); // The first one is our own.
        var authorities = ReadAll(options.TlsAuthorityPath);
        var certificates = new SiloCertificates(
            SslStreamCertificateContext.Create(own, issuers, offline: true), authorities);
        foreach (var usage in (ReadOnlySpan<Oid>)[ServerUsage, ClientUsage])
        {
            if (certificates.FindFault(own, issuers, usage) is { } fault)
            {
                throw new CryptographicException(
                    $"the other silos would refuse {options.TlsCertificatePath}: {fault}");
            }
        }

        return certificates;
    }

    /// <summary>Whether a certificate leads to our authority, now, for this usage.</summary>
    /// <returns>Why it does not do; <see langword="null"/> when it does.</returns>
    public string? FindFault(X509Certificate2 certificate, X509Certificate2Collection issuers, Oid usage)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust; // Never the system's authorities.
        chain.ChainPolicy.CustomTrustStore.AddRange(_authorities);
        chain.ChainPolicy.ExtraStore.AddRange(issuers);
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(usage);
        return chain.Build(certificate)
            ? null
            : string.Join(
                ", ", chain.ChainStatus.Select(status => status.StatusInformation.Trim().TrimEnd('.')).Distinct());
    }

    private static X509Certificate2Collection ReadAll(string path)
    {
        var certificates = new X509Certificate2Collection();
        Read(path, () =>
        {
            certificates.ImportFromPemFile(path);
            return certificates;
        });
        return certificates.Count > 0
            ? certificates
            : throw new CryptographicException($"{path} holds no certificate in PEM form");
    }

    private static T Read<T>(string what, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException
            or ArgumentException)
        {
            throw new CryptographicException($"cannot read {what}: {e.Message}", e);
        }
    }

    /// <remarks>A group may read it: that is how service users are given keys.</remarks>
    private static void ThrowIfReadableByAll(string path)
    {
        if (!OperatingSystem.IsWindows() && File.Exists(path)
            && File.GetUnixFileMode(path).HasFlag(UnixFileMode.OtherRead))
        {
            throw new CryptographicException($"every user can read the key {path}; run chmod o= on it");
        }
    }
}
