using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Siberite.Ctl.Admin;

/// <summary>Asks one silo over its admin address. Every failure is a <see cref="CtlException"/> of one line.</summary>
internal sealed partial class AdminClient : IDisposable
{
    /// <summary>How long one answer may take. 30 s: longer than any call between silos.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Most bytes of an answer. 96 MiB: the largest item a silo can have, 64 MiB, in base64.</summary>
    private const long MaxAnswerBytes = 96L << 20;

    private readonly HttpClient _http;
    private readonly string _address;

    private AdminClient(Uri silo, string address)
    {
        _http = new HttpClient
        {
            BaseAddress = silo,
            Timeout = Patience,
            MaxResponseContentBufferSize = MaxAnswerBytes,
        };
        _address = address;
    }

    /// <param name="address"><c>host:port</c>, or a whole <c>http://…</c> address.</param>
    /// <exception cref="CtlException">It is no address.</exception>
    public static AdminClient Create(string address)
    {
        var text = address.Contains("://", StringComparison.Ordinal) ? address : $"http://{address}";
        return Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out var silo)
            && (silo.Scheme == Uri.UriSchemeHttp || silo.Scheme == Uri.UriSchemeHttps)
                ? new AdminClient(silo, address)
                : throw new CtlException(ExitCodes.Usage, $"'{address}' is no admin address; it is host:port");
    }

    /// <returns>Why clients should not be sent to the silo, in its words; <see langword="null"/> if they
    /// should.</returns>
    public async Task<string?> FindReluctanceAsync(CancellationToken cancellation)
    {
        using var answer = await SendAsync(HttpMethod.Get, "readyz", cancellation);
        var words = (await answer.Content.ReadAsStringAsync(cancellation)).Trim();
        return answer.IsSuccessStatusCode ? null
            : answer.StatusCode == HttpStatusCode.ServiceUnavailable ? words
            : throw Refused(answer, words);
    }

    /// <summary>The silo and its queues.</summary>
    public Task<QueuesAnswer> ReadQueuesAsync(CancellationToken cancellation)
        => ReadAsync(HttpMethod.Get, "api/queues", AdminJson.Default.QueuesAnswer, cancellation);

    /// <summary>Begins to move a queue.</summary>
    public Task<MoveAnswer> BeginMoveAsync(string queue, string silo, CancellationToken cancellation)
        => ReadAsync(
            HttpMethod.Post, $"{MovePath(queue)}?to={Uri.EscapeDataString(silo)}", AdminJson.Default.MoveAnswer,
            cancellation);

    /// <summary>How far a move is.</summary>
    /// <exception cref="CtlException">Among others with <see cref="ExitCodes.Missing"/>: it is not known any
    /// more.</exception>
    public Task<MoveAnswer> ReadMoveAsync(string queue, Guid move, CancellationToken cancellation)
        => ReadAsync(
            HttpMethod.Get, $"{MovePath(queue)}?move={move}", AdminJson.Default.MoveAnswer, cancellation);

    /// <summary>Begins to empty a silo, or lets it stay.</summary>
    public Task<DrainAnswer> BeginDrainAsync(string silo, bool mustStop, CancellationToken cancellation)
        => ReadAsync(
            HttpMethod.Post, DrainPath(silo) + (mustStop ? "?stop=true" : ""), AdminJson.Default.DrainAnswer,
            cancellation);

    /// <summary>How far that is.</summary>
    public Task<DrainAnswer> ReadDrainAsync(string silo, CancellationToken cancellation)
        => ReadAsync(HttpMethod.Get, DrainPath(silo), AdminJson.Default.DrainAnswer, cancellation);

    public void Dispose() => _http.Dispose();

    private static string MovePath(string queue) => QueuePath(queue, "/move");

    private static string DrainPath(string silo) => $"api/silos/{Uri.EscapeDataString(silo)}/drain";

    /// <summary>Asks for <paramref name="path"/> and reads the answer.</summary>
    private async Task<T> ReadAsync<T>(
        HttpMethod method, string path, JsonTypeInfo<T> form, CancellationToken cancellation,
        HttpContent? body = null)
    {
        using var answer = await SucceedAsync(method, path, body, cancellation);
        try
        {
            await using var stream = await answer.Content.ReadAsStreamAsync(cancellation);
            return await JsonSerializer.DeserializeAsync(stream, form, cancellation)
                ?? throw new JsonException("the answer is null");
        }
        catch (JsonException e)
        {
            throw new CtlException(
                ExitCodes.Failed, $"{_address} is no silo of this version: /{path} answers something else", e);
        }
    }

    private async Task<HttpResponseMessage> SucceedAsync(
        HttpMethod method, string path, HttpContent? body, CancellationToken cancellation)
    {
        var answer = await SendAsync(method, path, cancellation, body);
        if (answer.IsSuccessStatusCode)
        {
            return answer;
        }

        using (answer)
        {
            throw Refused(answer, (await answer.Content.ReadAsStringAsync(cancellation)).Trim());
        }
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, CancellationToken cancellation, HttpContent? body = null)
    {
        try
        {
            using var question = new HttpRequestMessage(method, new Uri(path, UriKind.Relative)) { Content = body };
            question.Headers.Add("Siberite-Operator", "siberitectl"); // No page of another site can say so.
            return await _http.SendAsync(question, cancellation);
        }
        catch (HttpRequestException e)
        {
            throw new CtlException(ExitCodes.Failed, $"cannot reach a silo at {_address}: {e.Message}", e);
        }
        catch (TaskCanceledException e) when (e.InnerException is TimeoutException)
        {
            throw new CtlException(
                ExitCodes.Failed, $"the silo at {_address} did not answer within {Patience.TotalSeconds:0} s", e);
        }
    }

    /// <summary>What the silo says itself; its address only where it may be no silo at all.</summary>
    private CtlException Refused(HttpResponseMessage answer, string words)
    {
        var exitCode = answer.StatusCode == HttpStatusCode.NotFound ? ExitCodes.Missing : ExitCodes.Failed;
        if (answer.Content.Headers.ContentType?.MediaType == "application/problem+json")
        {
            try
            {
                return new CtlException(
                    exitCode, JsonSerializer.Deserialize(words, AdminJson.Default.ProblemAnswer)!.Detail);
            }
            catch (JsonException)
            {
                // Somebody else's idea of a problem.
            }
        }

        return new(ExitCodes.Failed, $"{_address} answers {(int)answer.StatusCode}: {FirstLine(words)}");
    }

    private static string FirstLine(string words)
    {
        var line = words.Split('\n', 2)[0].Trim();
        return line.Length <= 200 ? line : line[..200];
    }
}
