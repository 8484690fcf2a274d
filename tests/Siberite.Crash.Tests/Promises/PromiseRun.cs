using System.Text;
using Siberite.Testing;

namespace Siberite.Crash.Tests.Promises;

/// <summary>A real server that is killed while one client uses all that a queue can do beside set and get.</summary>
internal sealed class PromiseRun(string data, int seed)
{
    private const int SetsPerLife = 60;
    private const int CursorReadsPerLife = 8;
    private const int MaxKillDelayMilliseconds = 150;

    private static readonly string[] Kinds = ["late", "dedup", "fan", "toxic", "brief", "work"];

    private static readonly string[] Settings =
    [
        "--Siberite:Gateway:Plus=Fanout", "--Siberite:Queues:toxic:MaxDeliveries=2",
        "--Siberite:Queues:brief:ExpireToQueue=brief_late", "--Siberite:Queues:dedup:DedupWindow=01:00:00",
    ];

    private readonly Random _random = new(seed);
    private readonly long _start = TimeProvider.System.GetTimestamp();
    private readonly HashSet<int> _openIds = []; // Ids whose last set nobody answered.
    private int _number;
    private int _lastId;

    public PromiseNotes Notes { get; } = new()
    {
        Exits = { ["toxic"] = "toxic_errors", ["brief"] = "brief_late" },
        Copies = { ["fan"] = "fan+copy" },
        Cursors = { ["work"] = "work.audit" },
    };

    /// <summary>Plays so many lives, each ended by SIGKILL, and then a last one that reads everything.</summary>
    public async Task PlayAsync(int kills, CancellationToken cancellation)
    {
        for (var kill = 0; kill < kills; kill++)
        {
            await using var server = await ServerProcess.StartAsync(data, Settings);
            await using var client = await WireClient.ConnectAsync(server.EndPoint, cancellation);
            Assert.True((await client.GetAsync("fan+copy/peek", cancellation)).IsDone); // Makes the child.
            var killing = kill % 2 == 0 ? KillSoonAsync(server) : Task.CompletedTask;
            try
            {
                await LiveAsync(client, cancellation);
            }
            catch (Exception e) when (e is IOException or WireFramingException)
            {
                // Killed. What was not answered stays unknown.
            }

            await killing;
            await server.KillAsync(); // Every other one after all was answered.
        }

        await using var last = await ServerProcess.StartAsync(data, Settings);
        await using var reader = await WireClient.ConnectAsync(last.EndPoint, cancellation);
        foreach (var queue in (string[])
            ["work.audit", "work", "late", "dedup", "fan", "fan+copy", "toxic", "toxic_errors", "brief", "brief_late"])
        {
            await DrainAsync(reader, queue, cancellation);
        }

        Assert.Equal(0, await last.StopAsync());
    }

    private async Task KillSoonAsync(ServerProcess server)
    {
        await Task.Delay(_random.Next(MaxKillDelayMilliseconds));
        await server.KillAsync();
    }

    private async Task LiveAsync(WireClient client, CancellationToken cancellation)
    {
        var sets = Enumerable.Range(0, SetsPerLife).Select(_ => WriteSet(client)).ToArray();
        await client.SendAsync(cancellation);
        await ReadCursorAsync(client, sets, cancellation);
    }

    private SetNote WriteSet(WireClient client)
    {
        var number = ++_number;
        var queue = Kinds[number % Kinds.Length];
        var payload = $"{queue} {number}";
        var (options, exptime) = ("", 0);
        var note = new SetNote(payload, queue, Now());
        switch (queue)
        {
            case "late":
                note = note with { DelayMilliseconds = _random.Next(1, 2_000) };
                options = $"/delay={note.DelayMilliseconds}";
                break;
            case "dedup":
                var id = _openIds.Count > 0 ? _openIds.First() : ++_lastId;
                _openIds.Add(id);
                note = note with { Id = $"{id}" };
                options = $"/id={id}";
                break;
            case "brief":
                exptime = 1 + (number % 2);
                break;
            default:
                break;
        }

        Notes.Sets.Add(note);
        client.Write($"set {queue}{options} 0 {exptime} {payload.Length}");
        client.Write(payload);
        return note;
    }

    /// <summary>Reads the sets' replies, and then what there is through the cursor; leaves a toxic item open.</summary>
    private async Task ReadCursorAsync(WireClient client, SetNote[] sets, CancellationToken cancellation)
    {
        foreach (var set in sets)
        {
            var line = await client.ReadLineAsync(cancellation);
            Assert.Contains(line, (string[])["STORED", "NOT_STORED"]);
            set.End = line == "STORED" ? SetEnd.Stored : SetEnd.Duplicate;
            Assert.True(set.End == SetEnd.Stored || set.Id is not null, $"{set.Payload}: {line}");
            if (set.Id is not null)
            {
                _openIds.Remove(int.Parse(set.Id, System.Globalization.CultureInfo.InvariantCulture));
            }
        }

        await OpenAsync(client, "toxic/open", "toxic", cancellation);
        ReadNote? open = null;
        for (var i = 0; i < CursorReadsPerLife; i++)
        {
            // Not to close what is open of another queue, as a close does where there is one such item.
            var key = open is null ? "work.audit/open" : "work.audit/close/open";
            var next = await OpenAsync(client, key, "work.audit", cancellation);
            if (open is not null)
            {
                open.IsClosed = true;
            }

            open = next;
        }
    }

    private async Task DrainAsync(WireClient client, string reader, CancellationToken cancellation)
    {
        ReadNote? open = null;
        do
        {
            var wait = reader is "late" or "brief_late" ? 2_500 : 300; // The others have nothing on its way.
            var next = await OpenAsync(client, $"{reader}/close/open/t={wait}", reader, cancellation);
            if (open is not null)
            {
                open.IsClosed = true;
            }

            open = next;
        }
        while (open is not null);
    }

    private async Task<ReadNote?> OpenAsync(
        WireClient client, string key, string reader, CancellationToken cancellation)
    {
        var reply = await client.GetAsync(key, cancellation);
        Assert.True(reply.IsDone, reply.Line);
        if (reply.Item is not { } item)
        {
            return null;
        }

        var read = new ReadNote(Encoding.ASCII.GetString(item.Payload), reader, Now());
        Notes.Reads.Add(read);
        return read;
    }

    private long Now() => (long)TimeProvider.System.GetElapsedTime(_start).TotalMilliseconds;
}
