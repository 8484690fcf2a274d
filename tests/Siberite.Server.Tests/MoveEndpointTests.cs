using System.Net;
using System.Text.Json;
using Siberite.Server.Tests.Support;

namespace Siberite.Server.Tests;

/// <summary>Moves and drains over HTTP, on a silo that is alone: what is asked of it, and what it refuses.</summary>
public sealed class MoveEndpointTests(RunningServer server) : IClassFixture<RunningServer>, IDisposable
{
    private readonly AdminClient _admin = new(server.Process);

    public void Dispose() => _admin.Dispose();

    [Theory]
    [InlineData("POST", "api/queues/moved/move?to=nowhere", HttpStatusCode.Conflict, "no active silo nowhere")]
    [InlineData("POST", "api/queues/bad%20name/move?to=nowhere", HttpStatusCode.BadRequest, "not legal")]
    [InlineData("GET", "api/queues/never/move", HttpStatusCode.NotFound, "No such move")]
    [InlineData("POST", "api/silos/nowhere/drain", HttpStatusCode.Conflict, "no active silo nowhere")]
    [InlineData("GET", "api/silos/nowhere/drain", HttpStatusCode.Conflict, "no active silo nowhere")]
    public async Task What_cannot_be_done_is_refused_with_its_reason(
        string method, string path, HttpStatusCode expected, string reason)
    {
        using var response = await SendAsync(method, path, asOperator: true);

        Assert.Equal(expected, response.StatusCode);
        var detail = (await ReadAsync(response)).GetProperty("detail").GetString();
        Assert.Contains(reason, detail, StringComparison.Ordinal);
    }

    /// <remarks>A page of another site can send a plain POST, but not this header.</remarks>
    [Theory]
    [InlineData("api/queues/moved/move?to=nowhere")]
    [InlineData("api/silos/nowhere/drain")]
    public async Task Without_the_operators_header_nothing_is_changed(string path)
    {
        using var response = await SendAsync("POST", path, asOperator: false);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
    }

    [Fact]
    public async Task A_silo_tells_how_far_its_drain_is()
    {
        var store = (await _admin.GetQueuesAsync()).GetProperty("silo").GetProperty("storeId").GetString();

        using var response = await SendAsync("GET", $"api/silos/{store}/drain", asOperator: false);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var report = await ReadAsync(response);
        Assert.False(report.GetProperty("isDraining").GetBoolean());
        Assert.False(report.GetProperty("isEmpty").GetBoolean());
    }

    private async Task<HttpResponseMessage> SendAsync(string method, string path, bool asOperator)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (asOperator)
        {
            request.Headers.Add("Siberite-Operator", "test");
        }

        return await _admin.SendAsync(request);
    }

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return JsonDocument.Parse(text).RootElement;
    }
}
