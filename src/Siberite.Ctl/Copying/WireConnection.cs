using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Siberite.Ctl.Copying;

/// <summary>Where memcache clients connect, <c>host:port</c>, and how they are let in.</summary>
internal sealed record WireAddress(string Text, Login? Login)
{
    public override string ToString() => Text;
}

/// <summary>An item as the wire shows it.</summary>
internal sealed record WireItem(uint Flags, ReadOnlyMemory<byte> Payload);

/// <summary>One connection to a server that speaks the memcache dialect of work queues. Replies come in the order of
/// commands.</summary>
/// <remarks>One caller may send while another one reads. Everything that goes wrong is a <see cref="CtlException"/> of
/// one line.</remarks>
internal sealed class WireConnection : IDisposable
{
    /// <summary>How long a connection may take to be made.</summary>
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(10);

    /// <summary>How long a reply may take. 60 s: a server that syncs to a slow disk is slow, but not so slow.</summary>
    private static readonly TimeSpan ReplyPatience = TimeSpan.FromSeconds(60);

    /// <summary>Longest reply line, 8 KiB: a statistic with a long name is a fraction of it.</summary>
    private const int MaxLineBytes = 8 << 10;

    /// <summary>Largest item, 256 MiB: more than any of these servers lets in by default.</summary>
    private const int MaxItemBytes = 256 << 20;

    private readonly NetworkStream _stream;
    private readonly string _address;
    private byte[] _buffer = new byte[64 << 10];
    private int _start;
    private int _end;

    private WireConnection(NetworkStream stream, string address)
    {
        _stream = stream;
        _address = address;
    }

    /// <summary>Connects, and logs in if there is a login.</summary>
    public static async Task<WireConnection> ConnectAsync(WireAddress address, CancellationToken cancellation)
    {
        var connection = await ConnectAsync(address.Text, cancellation);
        try
        {
            if (address.Login is { } login)
            {
                await connection.LogInAsync(login, cancellation);
            }

            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Sends one command line.</summary>
    public Task SendAsync(string line, CancellationToken cancellation)
        => SendAsync(Encoding.ASCII.GetBytes(line + "\r\n"), cancellation);

    /// <summary>Sends a set.</summary>
    /// <param name="key">The queue's name, with options.</param>
    /// <param name="item">The item.</param>
    /// <param name="cancellation">Ends the process, not the command.</param>
    public Task SendSetAsync(string key, WireItem item, CancellationToken cancellation)
    {
        var line = Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"set {key} {item.Flags} 0 {item.Payload.Length}\r\n"));
        var frame = new byte[line.Length + item.Payload.Length + 2];
        line.CopyTo(frame, 0);
        item.Payload.CopyTo(frame.AsMemory(line.Length));
        "\r\n"u8.CopyTo(frame.AsSpan(frame.Length - 2));
        return SendAsync(frame, cancellation);
    }

    /// <summary>Reads the reply to a get of one key.</summary>
    /// <returns>The item; <see langword="null"/> if the queue is empty.</returns>
    public async Task<WireItem?> ReadItemAsync(CancellationToken cancellation)
    {
        var line = await ReadLineAsync(cancellation);
        if (line == "END")
        {
            return null;
        }

        var words = line.Split(' ');
        if (words.Length < 4 || words[0] != "VALUE"
            || !uint.TryParse(words[2], NumberStyles.None, CultureInfo.InvariantCulture, out var flags)
            || !int.TryParse(words[3], NumberStyles.None, CultureInfo.InvariantCulture, out var bytes)
            || bytes > MaxItemBytes)
        {
            throw Refused(line);
        }

        await FillAsync(bytes + 2, cancellation);
        var payload = _buffer[_start..(_start + bytes)];
        var isEnded = _buffer.AsSpan(_start + bytes, 2).SequenceEqual("\r\n"u8);
        _start += bytes + 2;
        return isEnded && await ReadLineAsync(cancellation) == "END"
            ? new WireItem(flags, payload)
            : throw Refused(line + " and something else than END");
    }

    /// <summary>Reads one line, without its end.</summary>
    public async Task<string> ReadLineAsync(CancellationToken cancellation)
    {
        for (var searched = 0; ;)
        {
            var found = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf((byte)'\n');
            if (found >= 0)
            {
                var line = Encoding.Latin1.GetString(_buffer, _start, searched + found).TrimEnd('\r');
                _start += searched + found + 1;
                return line;
            }

            searched = _end - _start;
            if (searched > MaxLineBytes)
            {
                throw new CtlException(ExitCodes.Failed, $"{_address} speaks another protocol");
            }

            await FillAsync(searched + 1, cancellation);
        }
    }

    /// <summary>The server said something that nobody asked for.</summary>
    public CtlException Refused(string line) => new(ExitCodes.Failed, $"{_address} answers: {line}");

    public void Dispose() => _stream.Dispose();

    private static async Task<WireConnection> ConnectAsync(string address, CancellationToken cancellation)
    {
        var colon = address.LastIndexOf(':');
        if (colon <= 0 || !int.TryParse(address[(colon + 1)..], CultureInfo.InvariantCulture, out var port)
            || port is <= IPEndPoint.MinPort or > IPEndPoint.MaxPort)
        {
            throw new CtlException(ExitCodes.Usage, $"'{address}' is no address; it is host:port");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(ConnectPatience);
        try
        {
            await socket.ConnectAsync(address[..colon].Trim('[', ']'), port, patience.Token);
            return new WireConnection(new NetworkStream(socket, ownsSocket: true), address);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            socket.Dispose();
            cancellation.ThrowIfCancellationRequested();
            throw new CtlException(ExitCodes.Failed, $"cannot connect to {address}: {e.Message}", e);
        }
    }

    private async Task LogInAsync(Login login, CancellationToken cancellation)
    {
        await SendAsync("version", cancellation);
        if (Login.IsAskedFor(await ReadLineAsync(cancellation)))
        {
            await SendAsync(login.Command, cancellation);
            Login.Check(await ReadLineAsync(cancellation), _address);
        }
    }

    private async Task SendAsync(byte[] bytes, CancellationToken cancellation)
    {
        try
        {
            await _stream.WriteAsync(bytes, cancellation);
        }
        catch (IOException e)
        {
            throw Lost(e);
        }
    }

    /// <summary>Reads until so many bytes are there.</summary>
    private async Task FillAsync(int count, CancellationToken cancellation)
    {
        if (_start + count > _buffer.Length)
        {
            var larger = count > _buffer.Length ? new byte[Math.Max(count, _buffer.Length * 2)] : _buffer;
            _buffer.AsSpan(_start, _end - _start).CopyTo(larger);
            (_buffer, _start, _end) = (larger, 0, _end - _start);
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        while (_end - _start < count)
        {
            patience.CancelAfter(ReplyPatience);
            int received;
            try
            {
                received = await _stream.ReadAsync(_buffer.AsMemory(_end), patience.Token);
            }
            catch (IOException e)
            {
                throw Lost(e);
            }
            catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
            {
                throw new CtlException(ExitCodes.Failed, $"{_address} does not answer", e);
            }

            _end += received > 0 ? received : throw Lost(null);
        }
    }

    private CtlException Lost(Exception? e)
        => new(ExitCodes.Failed, $"{_address} ended the connection{(e is null ? "" : $": {e.Message}")}", e);
}
