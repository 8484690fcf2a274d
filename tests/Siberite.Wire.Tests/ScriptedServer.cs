using System.IO.Pipelines;
using Siberite.Testing.Transcripts;

namespace Siberite.Wire.Tests;

/// <summary>A server that knows one conversation by heart: it awaits exact bytes and answers with others.</summary>
/// <remarks>Null as an answer closes the connection. Whatever else a client says, it gets no answer.</remarks>
internal sealed class ScriptedServer(params (string Request, string? Reply)[] script) : ITranscriptServer
{
    private readonly List<int> _segmentBytes = [];

    /// <summary>The sizes of the segments that clients have sent.</summary>
    public IReadOnlyList<int> SegmentBytes => _segmentBytes;

    public Task<ITranscriptConnection> ConnectAsync(CancellationToken cancellation)
    {
        var requests = new Pipe();
        var replies = new Pipe();
        _ = ServeAsync(requests.Reader, replies.Writer);
        return Task.FromResult<ITranscriptConnection>(new Connection(requests.Writer, replies.Reader, _segmentBytes));
    }

    private async Task ServeAsync(PipeReader requests, PipeWriter replies)
    {
        foreach (var (request, reply) in script)
        {
            var expected = System.Text.Encoding.Latin1.GetBytes(request);
            var read = await requests.ReadAtLeastAsync(expected.Length);
            if (read.Buffer.Length < expected.Length)
            {
                break;
            }

            requests.AdvanceTo(read.Buffer.GetPosition(expected.Length));
            if (reply is null)
            {
                break;
            }

            await replies.WriteAsync(System.Text.Encoding.Latin1.GetBytes(reply));
        }

        if (script is [.., { Reply: not null }])
        {
            // Stays until the client stops sending, as a real server does.
            for (var read = await requests.ReadAsync(); !read.IsCompleted; read = await requests.ReadAsync())
            {
                requests.AdvanceTo(read.Buffer.End);
            }
        }

        await replies.CompleteAsync();
    }

    private sealed class Connection(PipeWriter requests, PipeReader replies, List<int> segments) : ITranscriptConnection
    {
        public Stream Stream { get; } = new SegmentStream(requests, replies.AsStream(), segments);

        public void EndSending() => requests.Complete();

        public void Reset() => requests.Complete();

        public ValueTask DisposeAsync() => requests.CompleteAsync(); // The server then ends its side.
    }

    /// <summary>Reads from one pipe and writes to another, noting each write.</summary>
    private sealed class SegmentStream(PipeWriter requests, Stream replies, List<int> segments) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
            => replies.ReadAsync(buffer, cancellationToken);

        public override async ValueTask WriteAsync(
            ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            segments.Add(buffer.Length);
            await requests.WriteAsync(buffer, cancellationToken);
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
