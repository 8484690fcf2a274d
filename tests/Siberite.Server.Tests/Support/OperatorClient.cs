using System.Net;
using System.Text;
using System.Text.Json;
using Siberite.Testing;

namespace Siberite.Server.Tests.Support;

/// <summary>Does what an operator does, over HTTP.</summary>
internal sealed class OperatorClient(ServerProcess server) : IDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = new Uri($"http://{server.AdminEndPoint}/") };

    /// <summary>Asks as an operator.</summary>
    /// <returns>The status and the body; no body is an undefined element.</returns>
    public async Task<Answer> AskAsync(string method, string path, string? json = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Headers.Add("Siberite-Operator", "test");
        if (json is not null)
        {
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        }

        using var response = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        var body = text.Length == 0 ? default : JsonDocument.Parse(text).RootElement;
        return new Answer(response.StatusCode, response.Content.Headers.ContentType?.MediaType, body);
    }

    /// <summary>Does something that must succeed.</summary>
    public async Task<JsonElement> DoAsync(string method, string path, string? json = null)
    {
        var answer = await AskAsync(method, path, json);
        Assert.True((int)answer.Status < 300, $"{method} {path}: {answer.Status} {answer.Body}");
        return answer.Body;
    }

    public void Dispose() => _http.Dispose();
}

/// <summary>What an operator is answered.</summary>
internal sealed record Answer(HttpStatusCode Status, string? MediaType, JsonElement Body)
{
    /// <summary>Why something was refused, which must be said as a problem.</summary>
    public string Detail
    {
        get
        {
            Assert.Equal("application/problem+json", MediaType);
            Assert.Equal((int)Status, Body.GetProperty("status").GetInt32());
            return Body.GetProperty("detail").GetString()!;
        }
    }
}
