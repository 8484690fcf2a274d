using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using ClusterOptions = Siberite.Contracts.ClusterOptions;

namespace Siberite.Cluster;

/// <summary>Wraps every connection between silos in TLS, in which both sides show a certificate of the cluster's own
/// authority.</summary>
/// <remarks>Names in certificates are not compared with addresses: whoever has a certificate of this authority is a
/// silo, and nobody else has.</remarks>
internal sealed partial class SiloTls
{
    private const SslProtocols Protocols = SslProtocols.Tls12 | SslProtocols.Tls13;

    /// <summary>The most one TLS record carries.</summary>
    private const int RecordBytes = 16 << 10;

    /// <summary>How long a handshake may take. 5 s: some round trips, and no place to park connections.</summary>
    private static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(5);

    private readonly SiloCertificates _certificates;
    private readonly ILogger _log;

    private SiloTls(SiloCertificates certificates, ILogger log) => (_certificates, _log) = (certificates, log);

    /// <summary>Adds it to both directions, if the options name certificates.</summary>
    public static void Secure(ISiloBuilder silo, ClusterOptions options)
    {
        if (options.TlsCertificatePath.Length == 0)
        {
            return;
        }

        var certificates = SiloCertificates.Load(options);
        silo.Services.AddOptions<SiloConnectionOptions>().Configure<ILogger<SiloTls>>((connections, log) =>
        {
            var tls = new SiloTls(certificates, log);
            connections.ConfigureSiloInboundConnection(
                builder => builder.Use(next => context => tls.ServeAsync(context, next)));
            connections.ConfigureSiloOutboundConnection(
                builder => builder.Use(next => context => tls.CallAsync(context, next)));
        });
    }

    private Task ServeAsync(ConnectionContext context, ConnectionDelegate next)
        => WrapAsync(context, next, (stream, check, timeout) => stream.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions
            {
                EnabledSslProtocols = Protocols,
                ServerCertificateContext = _certificates.Own,
                ClientCertificateRequired = true,
                CertificateRevocationCheckMode = X509RevocationMode.NoCheck, // The authority is ours, and has no list.
                RemoteCertificateValidationCallback = (_, certificate, chain, _) =>
                    check.Passes(certificate, chain, SiloCertificates.ClientUsage),
            },
            timeout));

    private Task CallAsync(ConnectionContext context, ConnectionDelegate next)
        => WrapAsync(context, next, (stream, check, timeout) => stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                EnabledSslProtocols = Protocols,
                ClientCertificateContext = _certificates.Own,
                CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
                RemoteCertificateValidationCallback = (_, certificate, chain, _) =>
                    check.Passes(certificate, chain, SiloCertificates.ServerUsage),
            },
            timeout));

    /// <summary>Shakes hands, and lets the connection run over the encrypted stream.</summary>
    private async Task WrapAsync(
        ConnectionContext context, ConnectionDelegate next,
        Func<SslStream, Check, CancellationToken, Task> shakeHandsAsync)
    {
        var check = new Check(_certificates);
        var plain = context.Transport;
        await using var stream = new SslStream(new DuplexStream(plain), leaveInnerStreamOpen: true);
        try
        {
            using var timeout = new CancellationTokenSource(HandshakeTimeout);
            await shakeHandsAsync(stream, check, timeout.Token);
        }
        catch (Exception e) when (e is AuthenticationException or IOException or OperationCanceledException
            or CryptographicException)
        {
            var said = (e.InnerException ?? e).Message.TrimEnd('.');
            var reason = check.Fault ?? (e is OperationCanceledException ? "it took too long" : said);
            LogRefused(_log, context.RemoteEndPoint, reason);
            throw new ConnectionAbortedException($"No TLS with {context.RemoteEndPoint}: {reason}", e);
        }

        context.Transport = new SecurePipe(stream);
        try
        {
            await next(context);
        }
        finally
        {
            context.Transport = plain; // What is closed from here on is the socket.
        }
    }

    [LoggerMessage(2901, LogLevel.Warning,
        "No TLS with {Remote}: {Reason}. It is no silo of this cluster, or its certificate is not right.")]
    private static partial void LogRefused(ILogger log, System.Net.EndPoint? remote, string reason);

    /// <summary>Looks at the other side's certificate, and keeps why it did not do.</summary>
    private sealed class Check(SiloCertificates certificates)
    {
        public string? Fault { get; private set; }

        public bool Passes(X509Certificate? certificate, X509Chain? sent, Oid usage)
        {
            Fault = certificate is X509Certificate2 shown
                ? certificates.FindFault(shown, sent?.ChainPolicy.ExtraStore ?? [], usage)
                : "it shows no certificate";
            return Fault is null;
        }
    }

    /// <summary>The encrypted side, as the runtime wants to see it. The stream is closed by who made it.</summary>
    private sealed class SecurePipe(SslStream stream) : IDuplexPipe
    {
        public PipeReader Input { get; } = PipeReader.Create(
            stream, new StreamPipeReaderOptions(bufferSize: RecordBytes, leaveOpen: true));

        public PipeWriter Output { get; } = PipeWriter.Create(
            stream, new StreamPipeWriterOptions(minimumBufferSize: RecordBytes, leaveOpen: true));
    }
}
