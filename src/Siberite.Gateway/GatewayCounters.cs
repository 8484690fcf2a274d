using Siberite.Contracts;

namespace Siberite.Gateway;

/// <summary>What the gateway of this silo has done since it started. Sessions add to it; anyone may read it.</summary>
public sealed class GatewayCounters : IClientCounters
{
    private long _openSessions;
    private long _totalSessions;
    private long _setCommands;
    private long _getCommands;
    private long _peekCommands;
    private long _getHits;
    private long _getMisses;
    private long _receivedBytes;
    private long _sentBytes;
    private long _refusedCommands;
    private volatile ClientCounters _shownFrom = new(0, 0, 0, 0, 0, 0, 0, 0, 0); // As of the last reset.

    /// <summary>Connections open now.</summary>
    public long OpenSessions => Volatile.Read(ref _openSessions);

    /// <summary>Connections accepted so far.</summary>
    public long TotalSessions => Volatile.Read(ref _totalSessions);

    /// <summary><c>set</c> commands answered.</summary>
    public long SetCommands => Volatile.Read(ref _setCommands);

    /// <summary><c>get</c> commands that asked for an item, peeks excluded.</summary>
    public long GetCommands => Volatile.Read(ref _getCommands);

    /// <summary><c>get q/peek</c> commands.</summary>
    public long PeekCommands => Volatile.Read(ref _peekCommands);

    /// <summary>Gets answered with an item.</summary>
    public long GetHits => Volatile.Read(ref _getHits);

    /// <summary>Gets answered without one.</summary>
    public long GetMisses => Volatile.Read(ref _getMisses);

    /// <summary>Bytes received from clients.</summary>
    public long ReceivedBytes => Volatile.Read(ref _receivedBytes);

    /// <summary>Bytes sent to clients.</summary>
    public long SentBytes => Volatile.Read(ref _sentBytes);

    /// <summary>Commands answered with an error.</summary>
    public long RefusedCommands => Volatile.Read(ref _refusedCommands);

    /// <inheritdoc/>
    /// <remarks>Since the last reset: what clients are shown. The properties of this class count from the start, for
    /// metrics must not go back.</remarks>
    public ClientCounters Read()
    {
        var from = _shownFrom;
        return new ClientCounters(
            OpenSessions, TotalSessions - from.TotalSessions, SetCommands - from.SetCommands,
            GetCommands - from.GetCommands, PeekCommands - from.PeekCommands, GetHits - from.GetHits,
            GetMisses - from.GetMisses, ReceivedBytes - from.ReceivedBytes, SentBytes - from.SentBytes);
    }

    /// <summary>Has clients shown what happens from now on.</summary>
    internal void Reset()
        => _shownFrom = new ClientCounters(
            0, TotalSessions, SetCommands, GetCommands, PeekCommands, GetHits, GetMisses, ReceivedBytes, SentBytes);

    internal void SessionOpened()
    {
        Interlocked.Increment(ref _openSessions);
        Interlocked.Increment(ref _totalSessions);
    }

    internal void SessionClosed() => Interlocked.Decrement(ref _openSessions);

    /// <summary>Adds what a session did since it last reported: once per batch, so that sessions do not
    /// contend.</summary>
    internal void Add(in SessionCounts counts)
    {
        AddTo(ref _setCommands, counts.Sets);
        AddTo(ref _getCommands, counts.Gets);
        AddTo(ref _peekCommands, counts.Peeks);
        AddTo(ref _getHits, counts.Hits);
        AddTo(ref _getMisses, counts.Misses);
        AddTo(ref _receivedBytes, counts.ReceivedBytes);
        AddTo(ref _sentBytes, counts.SentBytes);
        AddTo(ref _refusedCommands, counts.Refused);
    }

    private static void AddTo(ref long counter, long amount)
    {
        if (amount != 0)
        {
            Interlocked.Add(ref counter, amount);
        }
    }
}

/// <summary>What one session did in one batch.</summary>
internal record struct SessionCounts(
    int Sets, int Gets, int Peeks, int Hits, int Misses, int Refused, long ReceivedBytes, long SentBytes);
