using System.Net;
using Siberite.Testing;

namespace Siberite.Crash.Tests.Promises;

/// <summary>A real server that is killed while clients use all that a queue can do beside set and get.</summary>
/// <remarks>This part lives, dies and sets; <c>PromiseRun.Habits</c> reads, as clients of each kind do.</remarks>
internal sealed partial class PromiseRun(string data, int seed)
{
    private const int SetsPerKind = 8;
    private const int MaxKillDelayMilliseconds = 400;
    private const int LeaseMilliseconds = 80;
    private const int RetryMilliseconds = 60;
    private const int NarrowItems = 5;

    private static readonly string[] Kinds =
    [
        "late", "dedup", "fan", "toxic", "brief", "work", "leased", "flaky", "batch", "narrow", "recent", "brisk",
        "both",
    ];

    private static readonly string[] Settings =
    [
        "--Siberite:Gateway:Plus=Fanout", "--Siberite:Gateway:MaxOpenReads=1000",
        "--Siberite:Aliases:both:0=left", "--Siberite:Aliases:both:1=right",
        "--Siberite:Queues:toxic:MaxDeliveries=2",
        "--Siberite:Queues:brief:ExpireToQueue=brief_late",
        "--Siberite:Queues:dedup:DedupWindow=01:00:00",
        $"--Siberite:Queues:leased:OpenReadTimeout=00:00:00.0{LeaseMilliseconds}",
        $"--Siberite:Queues:flaky:RetryDelay=00:00:00.0{RetryMilliseconds}",
        "--Siberite:Queues:flaky:RetryMaxDelay=00:00:00.300", "--Siberite:Queues:flaky:MaxDeliveries=3",
        $"--Siberite:Queues:narrow:MaxItems={NarrowItems}",
        $"--Siberite:Queues:recent:MaxItems={NarrowItems}", "--Siberite:Queues:recent:DiscardOldWhenFull=true",
        "--Siberite:Queues:brisk:KeepJournal=false",
    ];

    private readonly Random _random = new(seed);
    private readonly long _start = TimeProvider.System.GetTimestamp();
    private readonly HashSet<int> _openIds = []; // Ids whose last set nobody answered.
    private int _number;
    private int _lastId;
    private int _life;

    public PromiseNotes Notes { get; } = new()
    {
        Exits = { ["toxic"] = "toxic_errors", ["flaky"] = "flaky_errors", ["brief"] = "brief_late" },
        Copies = { ["fan"] = "fan+copy", ["left"] = "right" },
        Cursors = { ["work"] = "work.audit" },
        MaxDeliveries = { ["toxic"] = 2, ["flaky"] = 3 },
        MaxItems = { ["narrow"] = NarrowItems },
        Newest = { ["recent"] = NarrowItems },
        MaxUndropped = SetsPerKind,
        Fleeting = { "brisk" },
    };

    /// <summary>Lives that were not over when the server was killed.</summary>
    public int CutLives { get; private set; }

    /// <summary>Plays so many lives, each ended by SIGKILL, and then a last one that reads everything.</summary>
    public async Task PlayAsync(int kills, CancellationToken cancellation)
    {
        for (_life = 1; _life <= kills; _life++)
        {
            await using var server = await ServerProcess.StartAsync(data, Settings);
            var killing = _life % 2 == 0 ? KillSoonAsync(server) : Task.CompletedTask;
            try
            {
                await LiveAsync(server.EndPoint, cancellation);
            }
            catch (Exception e) when (e is IOException or WireFramingException)
            {
                CutLives++; // What was not answered stays unknown.
            }

            await killing;
            await server.KillAsync(); // Every other one after all was answered.
        }

        await using var last = await ServerProcess.StartAsync(data, Settings);
        await DrainAllAsync(last.EndPoint, cancellation);
        Assert.Equal(0, await last.StopAsync());
    }

    private async Task KillSoonAsync(ServerProcess server)
    {
        await Task.Delay(_random.Next(MaxKillDelayMilliseconds));
        await server.KillAsync();
    }

    private async Task LiveAsync(IPEndPoint server, CancellationToken cancellation)
    {
        await using var client = await WireClient.ConnectAsync(server, cancellation);
        Assert.True((await client.GetAsync("fan+copy/peek", cancellation)).IsDone); // Makes the child.
        var sets = Enumerable.Range(0, SetsPerKind * Kinds.Length).Select(_ => WriteSet(client)).ToArray();
        await client.SendAsync(cancellation);
        await ReadSetRepliesAsync(client, sets, cancellation);

        var habits = Habits(server, cancellation);
        _random.Shuffle(habits);
        List<IAsyncDisposable> open = []; // Connections that stay until the server is killed.
        try
        {
            foreach (var habit in habits)
            {
                open.Add(await habit());
            }
        }
        finally
        {
            foreach (var connection in open)
            {
                await connection.DisposeAsync();
            }
        }
    }

    private SetNote WriteSet(WireClient client)
    {
        var number = ++_number;
        var queue = Kinds[number % Kinds.Length];
        var payload = $"{queue} {number}";
        var (options, exptime) = ("", 0);
        var note = new SetNote(payload, queue == "both" ? "left" : queue, Now()) { Life = _life };
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

    private async Task ReadSetRepliesAsync(WireClient client, SetNote[] sets, CancellationToken cancellation)
    {
        foreach (var set in sets)
        {
            var line = await client.ReadLineAsync(cancellation);
            Assert.Contains(line, (string[])["STORED", "NOT_STORED"]);
            set.End = line == "STORED" ? SetEnd.Stored : SetEnd.Refused;
            var mayRefuse = set.Id is not null || Notes.MaxItems.ContainsKey(set.Queue);
            Assert.True(set.End == SetEnd.Stored || mayRefuse, $"{set.Payload}: {line}");
            if (set.Id is not null)
            {
                _openIds.Remove(int.Parse(set.Id, System.Globalization.CultureInfo.InvariantCulture));
            }
        }
    }

    private long Now() => (long)TimeProvider.System.GetElapsedTime(_start).TotalMilliseconds;
}
