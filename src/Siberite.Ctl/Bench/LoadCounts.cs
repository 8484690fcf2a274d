using System.Text;
using HdrHistogram;

namespace Siberite.Ctl.Bench;

/// <summary>What one worker has counted. Written by its thread; the histograms are read when it has ended.</summary>
internal sealed class LoadCounts
{
    private const int MaxErrorTexts = 10;

    /// <summary>Latencies are told apart up to an hour, in nanoseconds, to three digits.</summary>
    private const long MaxLatency = 3_600_000_000_000;

    private const int Digits = 3;

    private long _replies;

    public LoadCounts()
    {
        Sets = NewHistogram();
        Gets = NewHistogram();
    }

    public LongHistogram Sets { get; }

    public LongHistogram Gets { get; }

    /// <summary>Commands answered since counting began. Any thread.</summary>
    public long Replies => Volatile.Read(ref _replies);

    public long Hits { get; private set; }

    public long Misses { get; private set; }

    public long Refused { get; private set; }

    public long SentBytes { get; set; }

    public long ReceivedBytes { get; set; }

    /// <summary>Commands that were sent and never answered.</summary>
    public long Unanswered { get; set; }

    /// <summary>Commands that were due and never sent, because all connections had their pipeline full.</summary>
    public long Unsent { get; set; }

    public int LostConnections { get; set; }

    /// <summary>What the thread allocated while it counted.</summary>
    public long AllocatedBytes { get; set; }

    /// <summary>Timestamp of the last reply counted.</summary>
    public long LastReplyAt { get; private set; }

    /// <summary>Texts of errors, the first few, and how often each came.</summary>
    public Dictionary<string, long> Errors { get; } = [];

    public static LongHistogram NewHistogram() => new(1, MaxLatency, Digits);

    public void Add(CommandKind kind, ReplyOutcome outcome, long nanoseconds, long now)
    {
        (kind == CommandKind.Set ? Sets : Gets).RecordValue(Math.Clamp(nanoseconds, 1, MaxLatency));
        if (outcome == ReplyOutcome.Hit)
        {
            Hits++;
        }
        else if (outcome == ReplyOutcome.Miss)
        {
            Misses++;
        }
        else if (outcome == ReplyOutcome.Refused)
        {
            Refused++;
        }

        LastReplyAt = now;
        Volatile.Write(ref _replies, _replies + 1);
    }

    /// <summary>Keeps what the server complained of.</summary>
    public void AddError(ReadOnlySpan<byte> line)
    {
        var text = Encoding.ASCII.GetString(line[..Math.Min(line.Length, 200)]).TrimEnd();
        if (Errors.Count < MaxErrorTexts || Errors.ContainsKey(text))
        {
            Errors[text] = Errors.GetValueOrDefault(text) + 1;
        }
    }
}
