using System.Diagnostics;
using Siberite.Contracts;

namespace Siberite.Gateway;

/// <summary>An error as the client reads it, and whether the session goes on.</summary>
/// <remarks>The session ends where framing is lost, and where the ancestors closed and the close meant something: on
/// misuse of an open read the item goes back.</remarks>
internal sealed class ErrorReply(string line, bool closesSession)
{
    public ReadOnlyMemory<byte> Line { get; } = System.Text.Encoding.ASCII.GetBytes(line + "\r\n");

    public bool ClosesSession { get; } = closesSession;
}

/// <summary>Every error a client can be told. <c>SERVER_ERROR</c> only where a retry may help: old clients retry
/// it.</summary>
internal static class ErrorReplies
{
    public static readonly ErrorReply Unknown = Stay("ERROR");
    public static readonly ErrorReply UnknownWithUnknownLength = Close("ERROR");
    public static readonly ErrorReply BadLine = Stay("CLIENT_ERROR bad command line format");
    public static readonly ErrorReply BadSetLine = Close("CLIENT_ERROR bad command line format");
    public static readonly ErrorReply LineTooLong = Close("CLIENT_ERROR line too long");
    public static readonly ErrorReply KeyTooLong = Stay("CLIENT_ERROR key too long");
    public static readonly ErrorReply InvalidQueueName = Stay("CLIENT_ERROR invalid queue name");
    public static readonly ErrorReply NoQueueName = Close("CLIENT_ERROR invalid queue name");
    public static readonly ErrorReply InvalidCursorName = Stay("CLIENT_ERROR invalid cursor name");
    public static readonly ErrorReply InvalidCommand = Close("CLIENT_ERROR Invalid command");
    public static readonly ErrorReply InvalidSetOption = Stay("CLIENT_ERROR Invalid command");
    public static readonly ErrorReply BadTimeout = Stay("CLIENT_ERROR bad timeout");
    public static readonly ErrorReply BadFlags = Stay("CLIENT_ERROR bad flags");
    public static readonly ErrorReply BadExptime = Stay("CLIENT_ERROR bad exptime");
    public static readonly ErrorReply BadDelay = Stay("CLIENT_ERROR bad delay");
    public static readonly ErrorReply BadId = Stay("CLIENT_ERROR bad id");
    public static readonly ErrorReply BadByteCount = Close("CLIENT_ERROR Invalid <bytes> number");
    public static readonly ErrorReply BadData = Close("CLIENT_ERROR bad data chunk");
    public static readonly ErrorReply DuplicateTarget = Stay("CLIENT_ERROR duplicate queue name");
    public static readonly ErrorReply TooManyTargets = Stay("CLIENT_ERROR too many queues");
    public static readonly ErrorReply TooManyKeys = Stay("CLIENT_ERROR too many keys");
    public static readonly ErrorReply OptionsWithSeveralKeys =
        Stay("CLIENT_ERROR options are not allowed with several keys");

    public static readonly ErrorReply ReadAlreadyOpen = Close("CLIENT_ERROR Close current item first");
    public static readonly ErrorReply AbortNotAlone = Close("CLIENT_ERROR abort must be by itself");
    public static readonly ErrorReply PeekWithOpen = Close("CLIENT_ERROR cannot open and peek");
    public static readonly ErrorReply PeekWithClose = Close("CLIENT_ERROR cannot close and peek");
    public static readonly ErrorReply FlushAllRefused = Stay("CLIENT_ERROR flush_all not allowed");
    public static readonly ErrorReply ReloadRefused = Stay("CLIENT_ERROR reload not allowed");
    public static readonly ErrorReply StatusRefused = Stay("CLIENT_ERROR status not allowed");
    public static readonly ErrorReply BadStatus = Stay("CLIENT_ERROR bad status");
    public static readonly ErrorReply FewerOpen = Stay("ERROR");
    public static readonly ErrorReply InvalidFlag = Stay("CLIENT_ERROR invalid flag");
    public static readonly ErrorReply DuplicateFlag = Stay("CLIENT_ERROR duplicate flag");
    public static readonly ErrorReply BadBase64 = Stay("CLIENT_ERROR error decoding key");
    public static readonly ErrorReply Unauthenticated = Stay("CLIENT_ERROR unauthenticated");
    public static readonly ErrorReply AuthenticationFailed = Stay("CLIENT_ERROR authentication failure");
    public static readonly ErrorReply TooLarge = Stay("SERVER_ERROR object too large for cache");
    public static readonly ErrorReply FarTooLarge = Close("SERVER_ERROR object too large for cache");
    public static readonly ErrorReply OutOfMemory = Stay("SERVER_ERROR out of memory");
    public static readonly ErrorReply TooManyConnections = Close("SERVER_ERROR too many connections");
    public static readonly ErrorReply ShuttingDown = Close("SERVER_ERROR shutting down");
    public static readonly ErrorReply Internal = Stay("SERVER_ERROR internal error");

    public static readonly ErrorReply WritesBeyondLimit = Stay("SERVER_ERROR writes refused: too many connections");
    public static readonly ErrorReply ReadsBeyondLimit = Stay("SERVER_ERROR reads refused: too many connections");
    public static readonly ErrorReply ReadOnly = Stay("SERVER_ERROR writes refused: the silo is read-only");
    public static readonly ErrorReply QuiescentWrites = Stay("SERVER_ERROR writes refused: the silo is quiescent");
    public static readonly ErrorReply QuiescentReads = Stay("SERVER_ERROR reads refused: the silo is quiescent");

    private static readonly ErrorReply StorageFailed = Stay("SERVER_ERROR storage failed");
    private static readonly ErrorReply DiskFull = Stay("SERVER_ERROR disk full");
    private static readonly ErrorReply MemoryFull = Stay("SERVER_ERROR memory full");
    private static readonly ErrorReply QueueUnavailable = Stay("SERVER_ERROR queue unavailable: its silo is down");
    private static readonly ErrorReply TooManyQueues = Stay("SERVER_ERROR too many queues");
    private static readonly ErrorReply OutcomeUnknown = Stay("SERVER_ERROR outcome unknown: it may have been stored");
    private static readonly ErrorReply QueueMoving = Stay("SERVER_ERROR queue unavailable: it is moving");
    private static readonly ErrorReply QueueBusy = Stay("SERVER_ERROR busy");
    private static readonly ErrorReply ReadLost = Stay("SERVER_ERROR open read lost: the item is served again");
    private static readonly ErrorReply QueuePaused = Stay("SERVER_ERROR queue paused");
    private static readonly ErrorReply SettingInvalid = Stay("CLIENT_ERROR invalid setting");
    private static readonly ErrorReply ItemUnreadable = Stay("SERVER_ERROR item unreadable");
    private static readonly ErrorReply SilosAway = Stay("SERVER_ERROR not all silos were reached");
    private static readonly ErrorReply DirectoryUnavailable = Stay("SERVER_ERROR queue directory unavailable");
    private static readonly ErrorReply TooManyCursors = Stay("CLIENT_ERROR too many cursors");
    private static readonly ErrorReply NotForThisQueue = Stay("CLIENT_ERROR not possible with this queue");
    private static readonly ErrorReply HomesDiffer = Stay("CLIENT_ERROR queues have their homes on different silos");

    /// <summary>What a refusal or fault reads like on the wire; silos that are away are named where their names are
    /// known.</summary>
    public static ErrorReply For(SiberiteException refusal) => refusal switch
    {
        { Error: SiberiteError.QueueUnavailable, Silo: { } silo } =>
            Stay($"SERVER_ERROR queue unavailable: its silo {Printable(silo)} is down"),
        { Error: SiberiteError.SilosAway, Silo: { } silos } =>
            Stay($"SERVER_ERROR not all silos were reached: {Printable(silos)} away"),
        _ => For(refusal.Error),
    };

    /// <summary>What a refusal or fault reads like on the wire.</summary>
    public static ErrorReply For(SiberiteError error) => error switch
    {
        SiberiteError.QueueNameInvalid => InvalidQueueName,
        SiberiteError.StorageFailed => StorageFailed,
        SiberiteError.DiskFull => DiskFull,
        SiberiteError.MemoryFull => MemoryFull,
        SiberiteError.QueueUnavailable => QueueUnavailable,
        SiberiteError.TooManyQueues => TooManyQueues,
        SiberiteError.OutcomeUnknown => OutcomeUnknown,
        SiberiteError.ShuttingDown => ShuttingDown,
        SiberiteError.ItemUnreadable => ItemUnreadable,
        SiberiteError.QueueMoving => QueueMoving,
        SiberiteError.QueueBusy => QueueBusy,
        SiberiteError.ReadLost => ReadLost,
        SiberiteError.SilosAway => SilosAway,
        SiberiteError.DirectoryUnavailable => DirectoryUnavailable,
        SiberiteError.HomesDiffer => HomesDiffer,
        SiberiteError.CursorNameInvalid => InvalidCursorName,
        SiberiteError.TooManyCursors => TooManyCursors,
        SiberiteError.NotForThisQueue => NotForThisQueue,
        SiberiteError.SettingInvalid => SettingInvalid,
        SiberiteError.QueuePaused => QueuePaused,
        _ => throw new UnreachableException($"No reply for {error}."),
    };

    /// <summary>A line stays one line, whatever somebody names a silo.</summary>
    private static string Printable(string name)
        => string.Concat(name.Select(letter => letter is >= ' ' and <= '~' ? letter : '?'));

    private static ErrorReply Stay(string line) => new(line, closesSession: false);

    private static ErrorReply Close(string line) => new(line, closesSession: true);
}
