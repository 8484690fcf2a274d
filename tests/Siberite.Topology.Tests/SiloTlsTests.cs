using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Siberite.Testing;
using Siberite.Testing.Clusters;

namespace Siberite.Topology.Tests;

/// <summary>TLS between silos: who has a certificate of the cluster's own authority is in, and nobody else.</summary>
[Trait("Category", "Slow")]
public sealed class SiloTlsTests(Database database)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Silos_of_one_authority_join_and_strangers_do_not()
    {
        using var authority = new TestAuthority();
        using var foreign = new TestAuthority();
        var connection = await database.Server.CreateClusterDatabaseAsync();
        await using var cluster = new ClusterOfProcesses(connection, 0, "--Siberite:Cluster:Membership=Fast");
        cluster.Add(authority.Issue());
        cluster.Add(authority.Issue());
        await cluster.StartAsync();

        var stranger = cluster.Add(foreign.Issue());
        var plain = cluster.Add();
        stranger.Launch();
        await WaitForRefusalAsync(cluster, stranger, "No TLS with");
        plain.Launch();
        await WaitForRefusalAsync(cluster, plain, "Cannot determine the frame size");

        Assert.True(await cluster[0].IsReadyAsync());
        Assert.True(await cluster[1].IsReadyAsync());
        Assert.Equal("silo1\nsilo2", await database.Server.QueryAsync(
            connection, "SELECT siloname FROM orleansmembershiptable WHERE status = 3 ORDER BY siloname"));
    }

    [Fact]
    public async Task Whoever_shows_no_certificate_gets_no_answer()
    {
        using var authority = new TestAuthority();
        var connection = await database.Server.CreateClusterDatabaseAsync();
        await using var cluster = new ClusterOfProcesses(connection, 0);
        cluster.Add(authority.Issue());
        await cluster.StartAsync();

        using var client = new TcpClient();
        await client.ConnectAsync(cluster[0].SiloEndPoint, Cancellation);
        await using var stream = new SslStream(client.GetStream());
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = "silo",
            RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.Issuer == "CN=Test authority",
        };

        var failure = await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await stream.AuthenticateAsClientAsync(options, Cancellation);
            Assert.NotEqual(SslProtocols.None, stream.SslProtocol);
            if (await stream.ReadAsync(new byte[1], Cancellation) == 0)
            {
                throw new IOException("closed"); // Its side of the handshake refuses after ours is done.
            }
        });

        Assert.True(failure is IOException or AuthenticationException, failure.ToString());
        await Poll.UntilAsync(
            () => Task.FromResult(cluster[0].Output.Contains("No TLS with", StringComparison.Ordinal)),
            "the refusal is logged", Poll.Patience);
    }

    [Fact]
    public async Task Certificates_that_others_would_refuse_are_refused_at_the_start()
    {
        using var authority = new TestAuthority();
        using var foreign = new TestAuthority();
        var connection = await database.Server.CreateClusterDatabaseAsync();
        string[] mixed = [.. authority.Issue()[..2], foreign.Issue()[2]];
        (string[] Flags, string Expected)[] cases =
        [
            (authority.Issue(expiry: TimeSpan.FromHours(-1)), "the other silos would refuse"),
            (authority.Issue(isForServersOnly: true), "the other silos would refuse"),
            (mixed, "the other silos would refuse"),
            (authority.Issue(keyMode: "644"), "every user can read the key"),
            ([.. authority.Issue()[..2], "--Siberite:Cluster:TlsAuthorityPath=/none.pem"], "cannot read /none.pem"),
        ];
        foreach (var (flags, expected) in cases)
        {
            await using var cluster = new ClusterOfProcesses(connection, 0);
            var silo = cluster.Add(flags);
            silo.Launch();

            Assert.Equal(1, await silo.Process.WaitForExitAsync());
            var line = Assert.Single(silo.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
            Assert.Contains($"no TLS between silos: {expected}", line, StringComparison.Ordinal);
        }
    }

    /// <summary>Both silos say that they refuse, and give the stranger up, which ends it.</summary>
    private static async Task WaitForRefusalAsync(ClusterOfProcesses cluster, ClusterSilo stranger, string reason)
    {
        try
        {
            await Poll.UntilAsync(
                () => Task.FromResult(
                    cluster.Silos.Take(2).All(silo => silo.Output.Contains(reason, StringComparison.Ordinal))
                    && stranger.Process.HasExited),
                "the stranger is refused", TimeSpan.FromMinutes(1));
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException(string.Join("\n\n", cluster.Silos.Select(silo => silo.Output)), e);
        }
    }
}
