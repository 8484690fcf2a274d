using System.Text.Json;
using Siberite.Testing;

namespace Siberite.Server.Tests.Support;

/// <summary>Asks a server's admin endpoint.</summary>
internal sealed class AdminClient(ServerProcess server) : IDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = new Uri($"http://{server.AdminEndPoint}/") };

    public Uri Address => _http.BaseAddress!;

    public Task<HttpResponseMessage> GetAsync(string path)
        => _http.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);

    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request)
        => _http.SendAsync(request, TestContext.Current.CancellationToken);

    public async Task<string> GetTextAsync(string path)
    {
        using var response = await GetAsync(path);
        return await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    public async Task<JsonElement> GetQueuesAsync(string query = "")
    {
        var text = await GetTextAsync("api/queues" + query);
        return JsonDocument.Parse(text).RootElement;
    }

    public void Dispose() => _http.Dispose();
}
