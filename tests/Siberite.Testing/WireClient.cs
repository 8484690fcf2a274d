using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Siberite.Testing;

/// <summary>One item as the wire shows it.</summary>
/// <param name="Queue">The name the server echoes.</param>
/// <param name="Flags">The flags the item was set with.</param>
/// <param name="Payload">The item's bytes.</param>
public sealed record WireItem(string Queue, uint Flags, byte[] Payload);

/// <summary>What a <c>get</c> was answered: an item, <c>END</c> or a line that refuses.</summary>
/// <param name="Item">The item, when there was one.</param>
/// <param name="Line">The last line of the reply: <c>END</c> or the refusal.</param>
public readonly record struct WireReply(WireItem? Item, string Line)
{
    /// <summary>Whether the server did what was asked; without an item the queue was empty.</summary>
    public bool IsDone => Line == "END";
}

/// <summary>The server sent bytes that no reply may contain.</summary>
public sealed class WireFramingException(string message) : Exception(message);

/// <summary>A bare memcache client: it sends what it is told, in order, and reads replies in order.</summary>
/// <remarks>Writes are buffered until <see cref="SendAsync"/>, so that commands can be pipelined. Not thread-safe. A
/// server that goes away shows as <see cref="IOException"/>.</remarks>
public sealed class WireClient(Stream stream) : IAsyncDisposable
{
    private byte[] _unsent = new byte[4_096];
    private int _unsentBytes;
    private byte[] _input = new byte[16_384];
    private int _inputStart;
    private int _inputEnd;

    /// <summary>Connects to a server.</summary>
    public static async Task<WireClient> ConnectAsync(IPEndPoint endPoint, CancellationToken cancellation)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endPoint, cancellation);
            return new WireClient(new NetworkStream(socket, ownsSocket: true));
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new IOException($"Cannot connect to {endPoint}: {e.Message}", e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Buffers a command line.</summary>
    public void Write(string line)
    {
        Append(Encoding.Latin1.GetBytes(line));
        Append("\r\n"u8);
    }

    /// <summary>Buffers bytes as they are.</summary>
    public void Write(ReadOnlySpan<byte> bytes) => Append(bytes);

    /// <summary>Buffers a <c>set</c> that never expires.</summary>
    public void WriteSet(string queue, uint flags, ReadOnlySpan<byte> payload)
    {
        Write(string.Create(CultureInfo.InvariantCulture, $"set {queue} {flags} 0 {payload.Length}"));
        Append(payload);
        Append("\r\n"u8);
    }

    /// <summary>Sends what is buffered.</summary>
    public async Task SendAsync(CancellationToken cancellation)
    {
        var count = _unsentBytes;
        _unsentBytes = 0;
        await stream.WriteAsync(_unsent.AsMemory(0, count), cancellation);
        await stream.FlushAsync(cancellation);
    }

    /// <summary>Sends a command and reads a reply of one line.</summary>
    public async Task<string> AskAsync(string line, CancellationToken cancellation)
    {
        Write(line);
        await SendAsync(cancellation);
        return await ReadLineAsync(cancellation);
    }

    /// <summary>Sets an item and reads the reply.</summary>
    public async Task<string> SetAsync(
        string queue, uint flags, ReadOnlyMemory<byte> payload, CancellationToken cancellation)
    {
        WriteSet(queue, flags, payload.Span);
        await SendAsync(cancellation);
        return await ReadLineAsync(cancellation);
    }

    /// <summary>Sends a <c>get</c> of one key, options included, and reads the reply.</summary>
    public async Task<WireReply> GetAsync(string key, CancellationToken cancellation)
    {
        Write("get " + key);
        await SendAsync(cancellation);
        return await ReadItemAsync(cancellation);
    }

    /// <summary>Reads one line, without its end.</summary>
    public async Task<string> ReadLineAsync(CancellationToken cancellation)
    {
        var searched = 0;
        while (true)
        {
            var found = _input.AsSpan(_inputStart + searched, _inputEnd - _inputStart - searched).IndexOf("\r\n"u8);
            if (found >= 0)
            {
                var line = Encoding.Latin1.GetString(_input, _inputStart, searched + found);
                _inputStart += searched + found + 2;
                return line;
            }

            searched = Math.Max(0, _inputEnd - _inputStart - 1);
            await ReceiveAsync(cancellation);
        }
    }

    /// <summary>Reads the reply to a <c>get</c>.</summary>
    public async Task<WireReply> ReadItemAsync(CancellationToken cancellation)
    {
        var line = await ReadLineAsync(cancellation);
        if (!line.StartsWith("VALUE ", StringComparison.Ordinal))
        {
            return new WireReply(null, line);
        }

        var words = line.Split(' ');
        if (words.Length < 4
            || !uint.TryParse(words[2], CultureInfo.InvariantCulture, out var flags)
            || !int.TryParse(words[3], CultureInfo.InvariantCulture, out var payloadBytes)
            || payloadBytes < 0)
        {
            throw new WireFramingException($"not a VALUE line: {line}");
        }

        var payload = await ReadBytesAsync(payloadBytes, cancellation);
        var afterPayload = await ReadLineAsync(cancellation);
        var end = await ReadLineAsync(cancellation);
        if (afterPayload.Length > 0 || end != "END")
        {
            throw new WireFramingException($"after the data of {line}: '{afterPayload}', '{end}'");
        }

        return new WireReply(new WireItem(words[1], flags, payload), end);
    }

    /// <summary>Reads so many bytes.</summary>
    public async Task<byte[]> ReadBytesAsync(int count, CancellationToken cancellation)
    {
        var bytes = new byte[count];
        var buffered = Math.Min(count, _inputEnd - _inputStart);
        _input.AsSpan(_inputStart, buffered).CopyTo(bytes);
        _inputStart += buffered;
        await stream.ReadExactlyAsync(bytes.AsMemory(buffered), cancellation);
        return bytes;
    }

    /// <summary>Reads until the server has closed the connection; anything it still says is dropped.</summary>
    public async Task ReadToEndAsync(CancellationToken cancellation)
    {
        do
        {
            _inputStart = _inputEnd = 0;
        }
        while (await stream.ReadAsync(_input, cancellation) > 0);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => stream.DisposeAsync();

    private async Task ReceiveAsync(CancellationToken cancellation)
    {
        if (_inputStart > 0)
        {
            _input.AsSpan(_inputStart, _inputEnd - _inputStart).CopyTo(_input);
            _inputEnd -= _inputStart;
            _inputStart = 0;
        }

        if (_inputEnd == _input.Length)
        {
            Array.Resize(ref _input, 2 * _input.Length);
        }

        var count = await stream.ReadAsync(_input.AsMemory(_inputEnd), cancellation);
        if (count == 0)
        {
            throw new EndOfStreamException("The server closed the connection.");
        }

        _inputEnd += count;
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (_unsentBytes + bytes.Length > _unsent.Length)
        {
            Array.Resize(ref _unsent, Math.Max(2 * _unsent.Length, _unsentBytes + bytes.Length));
        }

        bytes.CopyTo(_unsent.AsSpan(_unsentBytes));
        _unsentBytes += bytes.Length;
    }
}
