using System.Net;
using System.Net.Sockets;
using Siberite.Server.Admin;
using Siberite.Testing;

namespace Siberite.Server.Tests;

/// <summary>A silo that is starting is alive and not ready, and says so.</summary>
public sealed class StartingResponderTests
{
    private readonly IPEndPoint _endPoint = ServerProcess.FreeEndPoint();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("healthz", HttpStatusCode.OK, "healthy\n")]
    [InlineData("readyz", HttpStatusCode.ServiceUnavailable, "starting\n")]
    [InlineData("", HttpStatusCode.ServiceUnavailable, "starting\n")]
    public async Task It_answers_probes(string path, HttpStatusCode status, string text)
    {
        using var responder = StartingResponder.Open(_endPoint.ToString());
        using var http = new HttpClient();
        for (var i = 0; i < 3; i++)
        {
            using var response = await http.GetAsync(new Uri($"http://{_endPoint}/{path}"), Cancellation);
            Assert.Equal(status, response.StatusCode);
            Assert.Equal(text, await response.Content.ReadAsStringAsync(Cancellation));
        }
    }

    [Fact]
    public async Task A_client_that_sends_nothing_does_not_hold_up_the_next_for_long()
    {
        using var responder = StartingResponder.Open(_endPoint.ToString());
        using var silent = new TcpClient();
        await silent.ConnectAsync(_endPoint, Cancellation);
        using var http = new HttpClient { Timeout = Poll.Patience };

        Assert.Equal(
            "healthy\n", await http.GetStringAsync(new Uri($"http://{_endPoint}/healthz"), Cancellation));
    }

    [Fact]
    public async Task It_hands_the_address_over()
    {
        using var responder = StartingResponder.Open(_endPoint.ToString());
        using var http = new HttpClient();
        await http.GetStringAsync(new Uri($"http://{_endPoint}/healthz"), Cancellation);

        await responder.StartAsync(Cancellation);

        using var next = new TcpListener(_endPoint);
        next.Start();
    }

    [Fact]
    public void It_gives_way_where_the_address_is_taken()
    {
        using var first = new TcpListener(_endPoint);
        first.Start();
        StartingResponder.Open(_endPoint.ToString()).Dispose();
    }
}
