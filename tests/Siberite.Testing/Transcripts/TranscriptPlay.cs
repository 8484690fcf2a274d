using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Siberite.Testing.Transcripts;

/// <summary>One performance of a transcript: its clients, and what they have said so far.</summary>
internal sealed partial class TranscriptPlay(
    Transcript transcript,
    ITranscriptServer server,
    string queue,
    TimeSpan patience,
    CancellationToken cancellation) : IAsyncDisposable
{
    private readonly Dictionary<string, TranscriptClient> _clients = [];
    private readonly Dictionary<string, string> _awaitedQueues = [];
    private readonly TranscriptProbe _probe = new(server);

    /// <summary>Returns when nobody is connected, not even those who looked whether the server was up.</summary>
    public Task BeAloneAsync() => _probe.BeAloneAsync();

    /// <summary>Sends a run of lines as one.</summary>
    public async Task SendAsync(IReadOnlyList<TranscriptStep> run, int pieceBytes)
    {
        var client = await ClientAsync(run[0].Client);
        var bytes = run.SelectMany(Wire).ToArray();
        RememberQueue(run[0].Client, bytes);
        await client.SendAsync(bytes, pieceBytes);
    }

    /// <summary>Receives a run of lines.</summary>
    public async Task ExpectAsync(IReadOnlyList<TranscriptStep> run)
    {
        foreach (var step in run)
        {
            await ExpectLineAsync(step);
        }
    }

    /// <summary>Receives a stats block and finds a run of lines in it, in whatever order.</summary>
    public async Task ExpectAmongAsync(IReadOnlyList<TranscriptStep> run)
    {
        var client = await ClientAsync(run[0].Client);
        var block = new List<byte[]>();
        while (block.Count == 0 || !block[^1].AsSpan().SequenceEqual("END\r\n"u8))
        {
            var received = await client.ReceiveLineAsync();
            var line = received.Bytes;
            if (received.Ending != Ending.Open || !IsBlockLine(line))
            {
                throw Failure(run[0], "a line of statistics or END", received);
            }

            block.Add(line);
        }

        foreach (var step in run)
        {
            if (!block.Exists(line => TranscriptText.Matches(Wire(step), line)))
            {
                var all = string.Concat(block.Select(line => $"\n  {TranscriptText.FromBytes(line)}"));
                throw new TranscriptException(transcript.Path, step.Line, $"not in the stats: {step.Text}{all}");
            }
        }
    }

    /// <summary>Receives as many replies as the run has, and notes what came where it differs.</summary>
    public async Task UpdateAsync(
        IReadOnlyList<TranscriptStep> run, Dictionary<int, IReadOnlyList<string>> replacements)
    {
        var client = await ClientAsync(run[0].Client);
        var replies = new TranscriptReplies(client);
        var lines = await replies.ReceiveAsync(run.Count(step => TranscriptReplies.EndsReply(Wire(step))));
        var unchanged = lines.Count == run.Count
            && lines.Zip(run).All(pair => TranscriptText.Matches(Wire(pair.Second), pair.First));
        if (!unchanged)
        {
            replacements[run[0].Line] = [.. lines.Select(line => $"{run[0].Client}< {Readable(line)}")];
            foreach (var step in run.Skip(1))
            {
                replacements[step.Line] = [];
            }
        }
    }

    /// <summary>Does something to a client's connection, and waits for the effect.</summary>
    public async Task ActAsync(TranscriptStep step)
    {
        var client = await ClientAsync(step.Client);
        var words = step.Text.Split(' ', 2);
        switch (words[0])
        {
            case "open":
                break;
            case "half-close":
                client.EndSending();
                break;
            case "drop":
                // The server closes its side once it has put everything of this client in order.
                client.EndSending();
                await LeaveAsync(step, client, mayHaveMore: true);
                break;
            case "closed":
                await LeaveAsync(step, client, mayHaveMore: false);
                break;
            case "reset":
                client.Reset();
                await ForgetAsync(step.Client, client);
                await _probe.WaitForConnectionsAsync(_clients.Count);
                break;
            case "silent":
                await client.SendAsync("version\r\n"u8.ToArray(), pieceBytes: 0);
                await ExpectLineAsync(step with { Text = "VERSION <number>.<number>.<number>" });
                break;
            case "wait-blocked":
                var count = words.Length > 1 ? int.Parse(words[1], CultureInfo.InvariantCulture) : 1;
                await _probe.WaitForWaitersAsync(_awaitedQueues[step.Client], count);
                break;
            case "wait-empty":
                await _probe.WaitUntilEmptyAsync(Encoding.Latin1.GetString(TranscriptText.ToBytes(words[1], queue)));
                break;
            default:
                throw new TranscriptException(transcript.Path, step.Line, $"no such act: {words[0]}");
        }
    }

    /// <summary>Sees to it that nobody was told more than the transcript says.</summary>
    public async Task EndAsync()
    {
        var lastLine = transcript.Steps.Count > 0 ? transcript.Steps[^1].Line : 1;
        foreach (var (name, client) in _clients.ToArray())
        {
            client.EndSending();
            var end = new TranscriptStep(lastLine, name, StepKind.Act, "closed");
            await LeaveAsync(end, client, mayHaveMore: false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients.Values)
        {
            await client.DisposeAsync();
        }

        await _probe.DisposeAsync();
    }

    private static bool IsBlockLine(ReadOnlySpan<byte> line)
        => line.SequenceEqual("END\r\n"u8)
            || TranscriptText.Matches("STAT <word> <word>\r\n"u8, line)
            || DumpLine().IsMatch(Encoding.Latin1.GetString(line));

    private async Task<TranscriptClient> ClientAsync(string name)
    {
        if (!_clients.TryGetValue(name, out var client))
        {
            client = await TranscriptClient.ConnectAsync(server, patience, cancellation);
            _clients.Add(name, client);
        }

        return client;
    }

    private async Task ExpectLineAsync(TranscriptStep step)
    {
        var client = await ClientAsync(step.Client);
        var expected = Wire(step);
        if (TranscriptText.HasWildcards(step.Text))
        {
            var line = await client.ReceiveLineAsync();
            if (!TranscriptText.Matches(expected, line.Bytes))
            {
                throw Failure(step, TranscriptText.FromBytes(expected), line);
            }
        }
        else
        {
            var received = await client.ReceiveAsync(expected);
            if (!received.Bytes.AsSpan().SequenceEqual(expected))
            {
                throw Failure(step, TranscriptText.FromBytes(expected), received);
            }
        }
    }

    private async Task LeaveAsync(TranscriptStep step, TranscriptClient client, bool mayHaveMore)
    {
        var rest = await client.ReceiveToEndAsync();
        if (rest.Ending != Ending.Closed || (rest.Bytes.Length > 0 && !mayHaveMore))
        {
            throw Failure(step, "the server to close without another byte", rest);
        }

        await ForgetAsync(step.Client, client);
    }

    private async Task ForgetAsync(string name, TranscriptClient client)
    {
        _clients.Remove(name);
        await client.DisposeAsync();
    }

    private byte[] Wire(TranscriptStep step)
    {
        var bytes = TranscriptText.ToBytes(step.Text, queue);
        return step.Kind == StepKind.SendRaw ? bytes : [.. bytes, .. "\r\n"u8];
    }

    private void RememberQueue(string client, ReadOnlySpan<byte> sent)
    {
        if (TimedGet().Match(Encoding.Latin1.GetString(sent)) is { Success: true } get)
        {
            _awaitedQueues[client] = get.Groups["queue"].Value;
        }
    }

    private string Readable(ReadOnlySpan<byte> line)
        => TranscriptText.FromBytes(line.EndsWith("\r\n"u8) ? line[..^2] : line)
            .Replace(queue, "{q}", StringComparison.Ordinal);

    private TranscriptException Failure(TranscriptStep step, string expected, Received received)
    {
        var ending = received.Ending switch
        {
            Ending.Closed => " and then the server's close",
            Ending.Silence => $" and then nothing for {patience.TotalSeconds:0.#} s",
            _ => "",
        };
        return new TranscriptException(
            transcript.Path,
            step.Line,
            $"client {step.Client}\n  expected: {expected}\n  received: {Shown(received.Bytes)}{ending}");
    }

    private static string Shown(byte[] bytes)
        => TranscriptText.FromBytes(bytes.AsSpan(0, Math.Min(bytes.Length, 1_000)));

    /// <summary>A line of dump_stats or dump_config.</summary>
    [GeneratedRegex(@"^(queue '[^ ]+' \{|  \w+=[^\r]*|\})\r\n$")]
    private static partial Regex DumpLine();

    [GeneratedRegex(@"\bgets? (?<queue>[^ /.]+)[^ ]*/t=|\bmonitor (?<queue>[^ ]+)", RegexOptions.IgnoreCase)]
    private static partial Regex TimedGet();
}
