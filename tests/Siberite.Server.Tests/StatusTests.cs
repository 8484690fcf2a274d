using System.Net;
using Siberite.Server.Tests.Support;
using Siberite.Testing;

namespace Siberite.Server.Tests;

/// <summary>The status of a real server, and its end by a client.</summary>
public sealed class StatusTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_status_survives_a_kill_and_load_balancers_see_it()
    {
        const string Allowed = "--Siberite:Gateway:AllowStatusChange=true";
        using var directory = new TemporaryDirectory();
        await using (var server = await ServerProcess.StartAsync(directory["data"], Allowed))
        {
            await using var client = await WireClient.ConnectAsync(server.EndPoint, Cancellation);
            Assert.Equal("STORED", await client.SetAsync("kept", flags: 0, "1"u8.ToArray(), Cancellation));
            Assert.Equal("END", await client.AskAsync("status readonly", Cancellation));
            await server.KillAsync();
        }

        await using (var server = await ServerProcess.StartAsync(directory["data"], Allowed))
        {
            await using var client = await WireClient.ConnectAsync(server.EndPoint, Cancellation);
            Assert.Equal("READONLY", await client.AskAsync("status", Cancellation));
            Assert.Equal(
                "SERVER_ERROR writes refused: the silo is read-only",
                await client.SetAsync("kept", flags: 0, "2"u8.ToArray(), Cancellation));
            await AssertReadinessAsync(server, HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK);

            Assert.Equal("END", await client.AskAsync("status quiescent", Cancellation));
            await AssertReadinessAsync(
                server, HttpStatusCode.ServiceUnavailable, HttpStatusCode.ServiceUnavailable);

            Assert.Equal("END", await client.AskAsync("status up", Cancellation));
            await AssertReadinessAsync(server, HttpStatusCode.OK, HttpStatusCode.OK);
            Assert.Equal("1"u8.ToArray(), (await client.GetAsync("kept", Cancellation)).Item!.Payload);
        }
    }

    /// <remarks>Load balancers and clients find other silos during the grace period, so readiness goes first.</remarks>
    [Fact]
    public async Task During_the_grace_period_a_silo_serves_and_calls_itself_unready()
    {
        using var directory = new TemporaryDirectory();
        await using var server = await ServerProcess.StartAsync(
            directory["data"], "--Siberite:Gateway:AllowStatusChange=true",
            "--Siberite:Gateway:StatusChangeGracePeriod=01:00:00");
        await using var client = await WireClient.ConnectAsync(server.EndPoint, Cancellation);

        Assert.Equal("END", await client.AskAsync("status quiescent", Cancellation));

        Assert.Equal("QUIESCENT", await client.AskAsync("status", Cancellation));
        Assert.Equal("STORED", await client.SetAsync("still", flags: 0, "1"u8.ToArray(), Cancellation));
        await AssertReadinessAsync(server, HttpStatusCode.ServiceUnavailable, HttpStatusCode.ServiceUnavailable);
    }

    [Fact]
    public async Task A_client_that_may_can_shut_it_down_and_everything_is_kept()
    {
        using var directory = new TemporaryDirectory();
        await using (var server = await ServerProcess.StartAsync(
            directory["data"], "--Siberite:Gateway:AllowShutdown=true"))
        {
            await using var client = await WireClient.ConnectAsync(server.EndPoint, Cancellation);
            await client.SetAsync("kept", flags: 0, "1"u8.ToArray(), Cancellation);

            client.Write("SHUTDOWN");
            await client.SendAsync(Cancellation);

            await client.ReadToEndAsync(Cancellation);
            Assert.Equal(0, await server.WaitForExitAsync());
        }

        await using var restarted = await ServerProcess.StartAsync(directory["data"]);
        await using var other = await WireClient.ConnectAsync(restarted.EndPoint, Cancellation);
        Assert.Equal("1"u8.ToArray(), (await other.GetAsync("kept", Cancellation)).Item!.Payload);
    }

    private static async Task AssertReadinessAsync(ServerProcess server, HttpStatusCode all, HttpStatusCode read)
    {
        using var admin = new AdminClient(server);
        using var ready = await admin.GetAsync("readyz");
        using var readyToRead = await admin.GetAsync("readyz/read");
        Assert.Equal((all, read), (ready.StatusCode, readyToRead.StatusCode));
    }
}
