using System.IO.Pipelines;

namespace Siberite.Crash.Tests.Fake;

/// <summary>One end of a connection inside the process.</summary>
internal sealed class PairedStream : Stream
{
    private readonly PipeReader _reader;
    private readonly PipeWriter _writer;

    private PairedStream(PipeReader reader, PipeWriter writer)
    {
        _reader = reader;
        _writer = writer;
    }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public static (PairedStream Client, PairedStream Server) Create()
    {
        var toServer = new Pipe();
        var toClient = new Pipe();
        return (new PairedStream(toClient.Reader, toServer.Writer), new PairedStream(toServer.Reader, toClient.Writer));
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            var result = await _reader.ReadAsync(cancellationToken);
            if (result.IsCanceled)
            {
                throw new IOException("This end was closed.");
            }

            var count = (int)Math.Min(buffer.Length, result.Buffer.Length);
            var taken = result.Buffer.Slice(0, count);
            var target = buffer;
            foreach (var piece in taken)
            {
                piece.CopyTo(target);
                target = target[piece.Length..];
            }

            _reader.AdvanceTo(taken.End);
            return count;
        }
        catch (InvalidOperationException e)
        {
            throw new IOException("This end was closed.", e);
        }
    }

    public override async ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            var result = await _writer.WriteAsync(buffer, cancellationToken);
            if (result.IsCompleted)
            {
                throw new IOException("The other end was closed.");
            }
        }
        catch (InvalidOperationException e)
        {
            throw new IOException("This end was closed.", e);
        }
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>From the server's end: nothing is answered any more, as after a SIGKILL.</summary>
    public void Cut()
    {
        _writer.Complete();
        _reader.CancelPendingRead();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _writer.Complete();
            _reader.Complete();
        }

        base.Dispose(disposing);
    }
}
