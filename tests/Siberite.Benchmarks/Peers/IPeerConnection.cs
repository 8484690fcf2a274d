namespace Siberite.Benchmarks.Peers;

/// <summary>One connection of a peer's own .NET client. It consumes and acknowledges by itself, and says so to
/// whoever opened it.</summary>
internal interface IPeerConnection : IAsyncDisposable
{
    /// <summary>Ends when the peer has confirmed the item. Calls may overlap.</summary>
    Task PublishAsync(ReadOnlyMemory<byte> payload);
}

/// <summary>Opens a connection.</summary>
/// <param name="number">From 0; says which queue it uses.</param>
/// <param name="consumed">Called after each item that was acknowledged, on any thread.</param>
internal delegate Task<IPeerConnection> PeerOpener(int number, Action consumed);
