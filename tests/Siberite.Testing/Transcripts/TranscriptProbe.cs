using System.Globalization;
using System.Text;

namespace Siberite.Testing.Transcripts;

/// <summary>Watches a server from a connection of its own, to see the effect of what the clients did.</summary>
internal sealed class TranscriptProbe(ITranscriptServer server) : IAsyncDisposable
{
    private TranscriptClient? _client;

    /// <summary>Returns when at least <paramref name="count"/> gets are parked on a queue.</summary>
    public Task WaitForWaitersAsync(string queue, int count) => Poll.UntilAsync(
        async () => await StatAsync($"stats {queue}", $"queue_{queue}_waiters") >= count,
        $"{count} waiters on {queue}",
        Poll.Patience);

    /// <summary>Returns when a peek at a queue finds nothing.</summary>
    public Task WaitUntilEmptyAsync(string queue) => Poll.UntilAsync(
        async () => await AskAsync($"get {queue}/peek") is ["END"],
        $"{queue} to be empty",
        Poll.Patience);

    /// <summary>Returns when the server has no connections but this one and <paramref name="count"/> others.</summary>
    public Task WaitForConnectionsAsync(int count) => Poll.UntilAsync(
        async () => await StatAsync("stats", "curr_connections") == count + 1,
        $"{count} other connections",
        Poll.Patience);

    /// <summary>Returns when the server has no connections at all.</summary>
    public async Task BeAloneAsync()
    {
        await WaitForConnectionsAsync(0);
        _client!.EndSending();
        await _client.ReceiveToEndAsync();
        await _client.DisposeAsync();
        _client = null;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _client?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task<long> StatAsync(string command, string key)
    {
        var prefix = $"STAT {key} ";
        var line = (await AskAsync(command)).FirstOrDefault(l => l.StartsWith(prefix, StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line.AsSpan(prefix.Length), CultureInfo.InvariantCulture);
    }

    /// <returns>The lines up to and with <c>END</c>; none if the server takes no more connections, which may be because
    /// it has not noticed yet that others have gone.</returns>
    private async Task<IReadOnlyList<string>> AskAsync(string command)
    {
        _client ??= await TranscriptClient.ConnectAsync(server, Poll.Patience, CancellationToken.None);
        await _client.SendAsync(Encoding.Latin1.GetBytes($"{command}\r\n"), pieceBytes: 0);
        var lines = new List<string>();
        do
        {
            var received = await _client.ReceiveLineAsync();
            if (received.Ending != Ending.Open)
            {
                throw new InvalidOperationException($"No answer to the probe's {command}");
            }

            lines.Add(Encoding.Latin1.GetString(received.Bytes).TrimEnd('\r', '\n'));
            if (lines[^1] == "SERVER_ERROR too many connections")
            {
                await _client.DisposeAsync();
                _client = null;
                return [];
            }
        }
        while (lines[^1] != "END");

        return lines;
    }
}
