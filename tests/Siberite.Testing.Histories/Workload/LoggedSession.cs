using System.Globalization;

namespace Siberite.Testing.Histories.Workload;

/// <summary>One connection whose every command and reply is written down.</summary>
internal sealed class LoggedSession(Ledger ledger, Session session, WireClient client, Refusals refusals)
    : IAsyncDisposable
{
    private readonly Queue<Operation> _unanswered = new();

    public int UnansweredCount => _unanswered.Count;

    /// <summary>Whether the last command was refused, and may be tried again in a moment.</summary>
    public bool WasRefused { get; private set; }

    /// <summary>Buffers a set; several may be under way.</summary>
    public void WriteSet(string target, ItemId id, int sizeBytes)
    {
        var payload = Payload.Of(id, target, sizeBytes);
        _unanswered.Enqueue(ledger.Invoke(session, Act.Set, target, id, sizeBytes));
        client.WriteSet(target, id.Flags, payload);
    }

    public Task SendAsync(CancellationToken cancellation) => client.SendAsync(cancellation);

    /// <summary>Reads the reply to the oldest set under way.</summary>
    public async Task<Outcome> ReadStoredAsync(CancellationToken cancellation)
    {
        var line = await client.ReadLineAsync(cancellation);
        var set = _unanswered.Dequeue();
        if (line == "STORED")
        {
            WasRefused = false;
            ledger.Return(set, Outcome.Ok);
            return Outcome.Ok;
        }

        var isRefusal = refusals.IsOfSets(line);
        WasRefused = isRefusal;
        if (!line.StartsWith("SERVER_ERROR ", StringComparison.Ordinal))
        {
            ledger.Surprise(session, $"set was answered '{line}'");
        }

        ledger.Return(set, isRefusal ? Outcome.Refused : Outcome.Unknown, note: line);
        return set.Outcome;
    }

    /// <summary>A plain get.</summary>
    /// <returns>Whether there was an item.</returns>
    public async Task<bool> TakeAsync(string queue, TimeSpan wait, CancellationToken cancellation)
    {
        var read = ledger.Invoke(session, Act.Take, queue, wait: wait);
        var reply = await ReadAsync(read, queue + Waiting(wait), cancellation);
        ThrowUnlessKnown(reply.Line);
        return read.Item is not null;
    }

    /// <summary>A reliable get.</summary>
    /// <returns>The item, now held; or <see langword="null"/>.</returns>
    public async Task<ItemId?> OpenAsync(string queue, TimeSpan wait, CancellationToken cancellation)
    {
        var read = ledger.Invoke(session, Act.Open, queue, wait: wait);
        var reply = await ReadAsync(read, $"{queue}/open{Waiting(wait)}", cancellation);
        ThrowUnlessKnown(reply.Line);
        return read.Item;
    }

    public Task CloseAsync(string queue, ItemId held, CancellationToken cancellation)
        => FinishAsync(ledger.Invoke(session, Act.Close, queue, held), queue + "/close", cancellation);

    public Task AbortAsync(string queue, ItemId held, CancellationToken cancellation)
        => FinishAsync(ledger.Invoke(session, Act.Abort, queue, held), queue + "/abort", cancellation);

    /// <summary>Closes what is held and opens the next item in one command.</summary>
    public async Task<ItemId?> CloseAndOpenAsync(
        string queue, ItemId held, TimeSpan wait, CancellationToken cancellation)
    {
        var close = ledger.Invoke(session, Act.Close, queue, held);
        var read = ledger.Invoke(session, Act.Open, queue, wait: wait);
        var reply = await ReadAsync(read, $"{queue}/close/open{Waiting(wait)}", cancellation);
        ledger.Return(close, reply.IsDone ? Outcome.Ok : Outcome.Unknown, note: reply.IsDone ? null : reply.Line);
        ThrowUnlessDone(reply.Line);
        return read.Item;
    }

    /// <summary>Goes away without a word.</summary>
    public void Drop() => ledger.BeginSessionEnd(session, SessionEnd.Dropped);

    /// <summary>Says goodbye and waits until the server has closed the connection.</summary>
    public async Task QuitAsync(CancellationToken cancellation)
    {
        ledger.BeginSessionEnd(session, SessionEnd.Quit);
        client.Write("quit");
        await client.SendAsync(cancellation);
        await client.ReadToEndAsync(cancellation);
        ledger.ReturnSessionEnd(session);
    }

    /// <summary>Writes down that the connection broke.</summary>
    public void Lose(Exception cause)
    {
        if (cause is WireFramingException)
        {
            ledger.Surprise(session, cause.Message);
        }

        if (session.End == SessionEnd.None)
        {
            ledger.BeginSessionEnd(session, SessionEnd.Lost);
        }
    }

    public ValueTask DisposeAsync() => client.DisposeAsync();

    /// <summary>After a failed get nobody knows what the session holds: it is given up, as if the connection had
    /// broken.</summary>
    private static void ThrowUnlessDone(string line)
    {
        if (line != "END")
        {
            throw new IOException(line);
        }
    }

    private void ThrowUnlessKnown(string line)
    {
        if (!WasRefused)
        {
            ThrowUnlessDone(line);
        }
    }

    private static string Waiting(TimeSpan wait)
        => wait > TimeSpan.Zero
            ? string.Create(CultureInfo.InvariantCulture, $"/t={(int)wait.TotalMilliseconds}")
            : "";

    private async Task FinishAsync(Operation finish, string key, CancellationToken cancellation)
    {
        var line = await client.AskAsync("get " + key, cancellation);
        if (line != "END" && !line.StartsWith("SERVER_ERROR ", StringComparison.Ordinal))
        {
            ledger.Surprise(session, $"{key} was answered '{line}'");
        }

        ledger.Return(finish, line == "END" ? Outcome.Ok : Outcome.Unknown, note: line == "END" ? null : line);
        ThrowUnlessDone(line);
    }

    private async Task<WireReply> ReadAsync(Operation read, string key, CancellationToken cancellation)
    {
        var reply = await client.GetAsync(key, cancellation);
        WasRefused = refusals.IsOfReads(reply.Line);
        if (!reply.IsDone)
        {
            if (!reply.Line.StartsWith("SERVER_ERROR ", StringComparison.Ordinal))
            {
                ledger.Surprise(session, $"{key} was answered '{reply.Line}'");
            }

            ledger.Return(read, WasRefused ? Outcome.Refused : Outcome.Unknown, note: reply.Line);
        }
        else if (reply.Item is { } item)
        {
            var id = ItemId.FromFlags(item.Flags);
            ledger.Return(read, Outcome.Ok, id);
            if (DefectOf(item, id, read.Queue) is { } defect)
            {
                ledger.MarkDefective(read, defect);
            }
        }
        else
        {
            ledger.Return(read, Outcome.Ok);
        }

        return reply;
    }

    private string? DefectOf(WireItem item, ItemId id, string queue)
    {
        if (item.Queue != queue)
        {
            return $"the reply names {item.Queue}";
        }

        return ledger.SetOf(id) is { } set
            ? Payload.DefectOf(item.Payload, id, set.Queue, set.SizeBytes)
            : "unknown flags; " + Payload.Describe(item.Payload);
    }
}
