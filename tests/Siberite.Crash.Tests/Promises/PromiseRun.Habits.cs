using System.Net;
using System.Text;
using Siberite.Testing;

namespace Siberite.Crash.Tests.Promises;

// What clients do in a life of the server, each over a connection of its own, and how all is read in the end.
internal sealed partial class PromiseRun
{
    private const int CursorReadsPerLife = 8;
    private const int BatchItems = 4;

    /// <summary>In seconds: longer than any life.</summary>
    private const int LongLeaseSeconds = 600;

    /// <summary>Each does its work and leaves its connection open, or leaves nothing.</summary>
    private Func<Task<IAsyncDisposable>>[] Habits(IPEndPoint server, CancellationToken cancellation)
    {
        return
        [
            On(ReadCursorAsync), On(LeaveOpenAsync), On(LeaseAsync), On(ReadBatchAsync), On(EmptyBriskAsync),
            async () => await FailAsync(server, cancellation),
        ];

        Func<Task<IAsyncDisposable>> On(Func<WireClient, CancellationToken, Task> habit)
            => async () =>
            {
                var client = await WireClient.ConnectAsync(server, cancellation);
                try
                {
                    await habit(client, cancellation);
                    return client;
                }
                catch
                {
                    await client.DisposeAsync();
                    throw;
                }
            };
    }

    private async Task ReadCursorAsync(WireClient client, CancellationToken cancellation)
    {
        ReadNote? open = null;
        for (var i = 0; i < CursorReadsPerLife; i++)
        {
            var next = await OpenAsync(client, "work.audit/close/open", "work.audit", cancellation);
            if (open is not null)
            {
                open.IsClosed = true;
            }

            open = next;
        }
    }

    /// <summary>The crash finds an item open that was given back before, which must not count.</summary>
    private async Task LeaveOpenAsync(WireClient client, CancellationToken cancellation)
    {
        if (await OpenAsync(client, "toxic/open", "toxic", cancellation) is not { } declined)
        {
            return;
        }

        declined.IsAborted = true;
        Assert.Equal("END", await client.AskAsync("get toxic/abort", cancellation));
        var again = await OpenAsync(client, "toxic/open", "toxic", cancellation);
        Assert.Equal(declined.Payload, again?.Payload);
    }

    /// <summary>Closes an item under a lease that was made longer, takes all others, and has one back when its lease
    /// has run out.</summary>
    private async Task LeaseAsync(WireClient client, CancellationToken cancellation)
    {
        await CloseLeasedAsync(client, wait: 0, cancellation);
        var isAny = false;
        while (await OpenLeasedAsync(client, wait: 0, cancellation) is not null)
        {
            isAny = true;
        }

        var isBack = await OpenLeasedAsync(client, wait: isAny ? 10_000 : 0, cancellation) is not null;
        Assert.True(isBack || !isAny, "no lease ran out");
    }

    /// <summary>Connections break with items in their hands, until all are kept back; the crash finds the first one
    /// that comes again. Each life that is not cut short fails whatever is there, so the third one's dead letters are
    /// certain.</summary>
    private async Task<IAsyncDisposable> FailAsync(IPEndPoint server, CancellationToken cancellation)
    {
        while (true)
        {
            var client = await WireClient.ConnectAsync(server, cancellation);
            try
            {
                if (await OpenAsync(client, "flaky/open", "flaky", cancellation) is not { } read)
                {
                    await OpenAsync(client, "flaky/open/t=2000", "flaky", cancellation);
                    return client;
                }

                read.HeldUntil = Now() + RetryMilliseconds;
            }
            catch
            {
                await client.DisposeAsync();
                throw;
            }

            await client.DisposeAsync();
        }
    }

    private async Task ReadBatchAsync(WireClient client, CancellationToken cancellation)
    {
        client.Write($"monitor batch 1 {BatchItems}");
        await client.SendAsync(cancellation);
        List<ReadNote> reads = [];
        while (await client.ReadItemAsync(cancellation) is { Item: { } item } reply)
        {
            Assert.True(reply.IsDone);
            reads.Add(Note(item, "batch"));
        }

        if (reads.Count > 1)
        {
            Assert.Equal("END", await client.AskAsync($"confirm batch {reads.Count - 1}", cancellation));
            reads.SkipLast(1).ToList().ForEach(read => read.IsClosed = true);
        }
    }

    /// <summary>What was set in this life is there, and nothing else.</summary>
    private async Task EmptyBriskAsync(WireClient client, CancellationToken cancellation)
    {
        await DrainAsync(client, "brisk", cancellation);
        Assert.Equal(
            Notes.Sets.Where(set => set.Queue == "brisk" && set.Life == _life).Select(set => set.Payload),
            Notes.Reads.Where(read => read.Reader == "brisk" && read.Life == _life).Select(read => read.Payload));
    }

    private async Task DrainAllAsync(IPEndPoint server, CancellationToken cancellation)
    {
        await using var reader = await WireClient.ConnectAsync(server, cancellation);
        foreach (var queue in (string[])
            [
                "work.audit", "work", "late", "dedup", "fan", "fan+copy", "toxic", "toxic_errors", "brief",
                "brief_late", "left", "right", "batch", "narrow", "recent", "brisk", "flaky", "flaky_errors",
            ])
        {
            await DrainAsync(reader, queue, cancellation);
        }

        await DrainLeasedAsync(server, reader, cancellation);
    }

    private async Task DrainAsync(WireClient client, string reader, CancellationToken cancellation)
    {
        ReadNote? open = null;
        do
        {
            var wait = reader switch
            {
                "late" or "brief_late" => 2_500,
                "flaky" or "flaky_errors" or "toxic_errors" => 500,
                "brisk" => 0,
                _ => 100, // They have nothing on its way.
            };
            var next = await OpenAsync(client, $"{reader}/close/open/t={wait}", reader, cancellation);
            if (open is not null)
            {
                open.IsClosed = true;
            }

            open = next;
        }
        while (open is not null);
    }

    /// <summary>Somebody else has two items of it: one under a lease that was made longer, which is his until he
    /// leaves.</summary>
    private async Task DrainLeasedAsync(IPEndPoint server, WireClient reader, CancellationToken cancellation)
    {
        await using var other = await WireClient.ConnectAsync(server, cancellation);
        var kept = await OpenLeasedAsync(other, wait: 0, cancellation);
        Assert.NotNull(kept);
        Assert.True(await TouchAsync(other, kept, cancellation));
        Assert.NotNull(await OpenLeasedAsync(other, wait: 0, cancellation));
        while (await CloseLeasedAsync(reader, wait: 1_000, cancellation))
        {
        }

        Assert.Equal("TOUCHED", await other.AskAsync($"touch leased {LongLeaseSeconds}", cancellation));
        kept.HeldUntil = Now();
        await other.DisposeAsync();
        Assert.True(await CloseLeasedAsync(reader, wait: 10_000, cancellation));
    }

    /// <summary>Closes an item with certainty: a close that comes after its lease has run out is answered the
    /// same.</summary>
    /// <returns>Whether there was one.</returns>
    private async Task<bool> CloseLeasedAsync(WireClient client, int wait, CancellationToken cancellation)
    {
        var read = await OpenLeasedAsync(client, wait, cancellation);
        if (read is not null && await TouchAsync(client, read, cancellation))
        {
            Assert.Equal("END", await client.AskAsync("get leased/close", cancellation));
            read.IsClosed = true;
        }

        return read is not null;
    }

    private async Task<bool> TouchAsync(WireClient client, ReadNote read, CancellationToken cancellation)
    {
        var sentAt = Now();
        if (await client.AskAsync($"touch leased {LongLeaseSeconds}", cancellation) != "TOUCHED")
        {
            return false;
        }

        read.HeldUntil = sentAt + (LongLeaseSeconds * 1_000);
        return true;
    }

    private async Task<ReadNote?> OpenLeasedAsync(WireClient client, int wait, CancellationToken cancellation)
    {
        var sentAt = Now();
        var read = await OpenAsync(client, $"leased/open/t={wait}", "leased", cancellation);
        if (read is not null)
        {
            read.HeldUntil = sentAt + LeaseMilliseconds;
        }

        return read;
    }

    private async Task<ReadNote?> OpenAsync(
        WireClient client, string key, string reader, CancellationToken cancellation)
    {
        Notes.UnansweredOpens[reader] = Notes.UnansweredOpens.GetValueOrDefault(reader) + 1;
        var reply = await client.GetAsync(key, cancellation);
        Notes.UnansweredOpens[reader]--;
        Assert.True(reply.IsDone, reply.Line);
        return reply.Item is { } item ? Note(item, reader) : null;
    }

    private ReadNote Note(WireItem item, string reader)
    {
        var read = new ReadNote(Encoding.ASCII.GetString(item.Payload), reader, Now()) { Life = _life };
        Notes.Reads.Add(read);
        return read;
    }
}
