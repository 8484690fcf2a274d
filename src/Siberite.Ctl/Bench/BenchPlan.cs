using System.Net;

namespace Siberite.Ctl.Bench;

/// <summary>What each connection asks, over and over.</summary>
internal enum LoadPattern
{
    /// <summary>Sets only: fills queues.</summary>
    Set,

    /// <summary>Plain gets only: drains them.</summary>
    Get,

    /// <summary>A set and a plain get of the same queue, in turn.</summary>
    Mixed,

    /// <summary>A set and a <c>get q/close/open</c>, in turn.</summary>
    Reliable,

    /// <summary><c>get q/close/open</c> only: drains queues reliably.</summary>
    Open,
}

/// <summary>Everything that decides a load.</summary>
/// <param name="Target">The server.</param>
/// <param name="Name">The server as it was named by whoever asks.</param>
/// <param name="Pattern">What is asked.</param>
/// <param name="Connections">Connections, all opened before the first command.</param>
/// <param name="Pipeline">Commands a connection may have under way.</param>
/// <param name="Sizes">Payload bytes of a set, drawn evenly from the range.</param>
/// <param name="Queues">Queues that connections go through in turn.</param>
/// <param name="Prefix">Of the queues' names; a number follows.</param>
/// <param name="Duration">When to stop asking, after the warm-up; <see langword="null"/> for no bound in time.</param>
/// <param name="Requests">How many to ask, after the warm-up; <see langword="null"/> for no bound in count.</param>
/// <param name="Rate">Requests a second, asked when they are due whatever the server does; <see langword="null"/> for
/// as fast as replies come.</param>
/// <param name="WarmUp">Load before anything is counted.</param>
/// <param name="Threads">Threads that drive it, each with its share of the connections.</param>
/// <param name="ServerProcess">The server's process on this machine, whose processor time and memory are reported;
/// <see langword="null"/> for none.</param>
internal sealed record BenchPlan(
    EndPoint Target, string Name, LoadPattern Pattern, int Connections, int Pipeline, SizeRange Sizes, int Queues,
    string Prefix, TimeSpan? Duration, long? Requests, double? Rate, TimeSpan WarmUp, int Threads, int? ServerProcess);

/// <summary>Payload sizes in bytes, both ends included.</summary>
internal readonly record struct SizeRange(int First, int Last)
{
    public bool IsOne => First == Last;

    public override string ToString() => IsOne ? $"{First}" : $"{First}-{Last}";
}
