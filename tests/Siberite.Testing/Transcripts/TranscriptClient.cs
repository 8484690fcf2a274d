using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;

namespace Siberite.Testing.Transcripts;

/// <summary>How reading came to an end.</summary>
internal enum Ending
{
    /// <summary>What was asked for has been read, and the connection is open as far as one knows.</summary>
    Open,

    /// <summary>The server closed or reset the connection.</summary>
    Closed,

    /// <summary>Nothing more came for as long as one waits.</summary>
    Silence,
}

/// <summary>What a client has received.</summary>
internal readonly record struct Received(byte[] Bytes, Ending Ending);

/// <summary>One client of a transcript. Takes in whatever arrives, so that the server never waits for it.</summary>
internal sealed class TranscriptClient : IAsyncDisposable
{
    private readonly ITranscriptConnection _connection;
    private readonly TimeSpan _patience;
    private readonly Pipe _inbox = new(new PipeOptions(pauseWriterThreshold: 0, useSynchronizationContext: false));
    private readonly Task _intake;

    private TranscriptClient(ITranscriptConnection connection, TimeSpan patience)
    {
        _connection = connection;
        _patience = patience;
        _intake = TakeInAsync();
    }

    /// <summary>Connects. <paramref name="patience"/> is how long to wait for bytes that should come.</summary>
    public static async Task<TranscriptClient> ConnectAsync(
        ITranscriptServer server, TimeSpan patience, CancellationToken cancellation)
        => new(await server.ConnectAsync(cancellation), patience);

    /// <summary>Sends in pieces of a size, each on its way before the next; zero for one piece.</summary>
    public async Task SendAsync(ReadOnlyMemory<byte> bytes, int pieceBytes)
    {
        using var limit = new CancellationTokenSource(_patience);
        try
        {
            while (bytes.Length > 0)
            {
                var count = pieceBytes == 0 ? bytes.Length : Math.Min(pieceBytes, bytes.Length);
                await _connection.Stream.WriteAsync(bytes[..count], limit.Token);
                await _connection.Stream.FlushAsync(limit.Token);
                bytes = bytes[count..];
            }
        }
        catch (Exception e) when (IsDisconnect(e))
        {
            // The server has closed in the middle. Whether it should have is for the lines that follow to say.
        }
    }

    /// <summary>Receives <paramref name="expected"/>, or as much as shows that something else has come.</summary>
    public async Task<Received> ReceiveAsync(ReadOnlyMemory<byte> expected)
    {
        if (expected.IsEmpty)
        {
            return new Received([], Ending.Open);
        }

        var received = await ReadUntilAsync(
            buffer => buffer.Length >= expected.Length || !StartsAs(buffer, expected.Span), expected.Length);
        var differs = !expected.Span.StartsWith(received.Bytes);

        // The rest of a wrong line is of interest, if it is there already.
        return differs && _inbox.Reader.TryRead(out var more) ? Joined(received, more) : received;
    }

    /// <summary>Receives up to and with the next line feed.</summary>
    public Task<Received> ReceiveLineAsync()
        => ReadUntilAsync(buffer => buffer.PositionOf((byte)'\n') is not null, LineLength);

    /// <summary>Receives a number of bytes.</summary>
    public Task<Received> ReceiveAsync(int count) => ReadUntilAsync(buffer => buffer.Length >= count, count);

    /// <summary>Receives everything up to the server's close.</summary>
    public Task<Received> ReceiveToEndAsync() => ReadUntilAsync(_ => false, int.MaxValue);

    /// <summary>Sends nothing more.</summary>
    public void EndSending() => _connection.EndSending();

    /// <summary>Breaks the connection off.</summary>
    public void Reset() => _connection.Reset();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        await _intake;
    }

    private static long LineLength(ReadOnlySequence<byte> buffer)
        => buffer.PositionOf((byte)'\n') is { } end ? buffer.Slice(0, end).Length + 1 : buffer.Length;

    private static bool StartsAs(ReadOnlySequence<byte> buffer, ReadOnlySpan<byte> expected)
    {
        var head = buffer.Slice(0, Math.Min(buffer.Length, expected.Length)).ToArray();
        return expected.StartsWith(head);
    }

    private static bool IsDisconnect(Exception e) => e is IOException or SocketException or ObjectDisposedException;

    private Task<Received> ReadUntilAsync(Func<ReadOnlySequence<byte>, bool> isEnough, long limit)
        => ReadUntilAsync(isEnough, buffer => Math.Min(buffer.Length, limit));

    private async Task<Received> ReadUntilAsync(
        Func<ReadOnlySequence<byte>, bool> isEnough, Func<ReadOnlySequence<byte>, long> lengthOf)
    {
        using var limit = new CancellationTokenSource(_patience);
        using var giveUp = limit.Token.Register(_inbox.Reader.CancelPendingRead);
        while (true)
        {
            var read = await _inbox.Reader.ReadAsync(CancellationToken.None);
            var enough = isEnough(read.Buffer);
            var ending = enough ? Ending.Open : read.IsCompleted ? Ending.Closed : Ending.Silence;
            if (enough || read.IsCompleted || read.IsCanceled)
            {
                var taken = read.Buffer.Slice(0, lengthOf(read.Buffer));
                var bytes = taken.ToArray();
                _inbox.Reader.AdvanceTo(taken.End);
                return new Received(bytes, ending);
            }

            _inbox.Reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private Received Joined(Received received, ReadResult more)
    {
        byte[] bytes = [.. received.Bytes, .. more.Buffer.ToArray()];
        _inbox.Reader.AdvanceTo(more.Buffer.End);
        return received with { Bytes = bytes };
    }

    private async Task TakeInAsync()
    {
        try
        {
            await _connection.Stream.CopyToAsync(_inbox.Writer);
        }
        catch (Exception e) when (IsDisconnect(e))
        {
            // A reset is a close too.
        }
        finally
        {
            await _inbox.Writer.CompleteAsync();
        }
    }
}
