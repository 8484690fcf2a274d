namespace Siberite.Testing.Transcripts;

/// <summary>Whatever a transcript is played against: a process over TCP, a gateway over pipes, a cluster.</summary>
public interface ITranscriptServer
{
    /// <summary>Opens one client's connection.</summary>
    Task<ITranscriptConnection> ConnectAsync(CancellationToken cancellation);
}

/// <summary>One client's connection. Disposing it closes it in the plain way.</summary>
public interface ITranscriptConnection : IAsyncDisposable
{
    /// <summary>What the client writes to and reads from. Each write is one segment on its way.</summary>
    Stream Stream { get; }

    /// <summary>Tells the server that nothing more will be sent; replies can still be read.</summary>
    void EndSending();

    /// <summary>Breaks the connection off without a farewell, as a client that died does.</summary>
    void Reset();
}
