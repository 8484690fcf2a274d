using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Connections;

namespace Siberite.Gateway.Tests;

/// <summary>The polled transport against plain sockets.</summary>
public sealed class PolledTransportTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly List<IDisposable> _sockets = [];
    private readonly List<ConnectionContext> _connections = [];
    private IConnectionListener? _listener;

    public async ValueTask InitializeAsync()
        => _listener = await new PolledTransport().BindAsync(
            new GatewayEndPoint(new IPEndPoint(IPAddress.Loopback, 0), isPolled: true),
            TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in _connections)
        {
            await connection.DisposeAsync();
        }

        await _listener!.DisposeAsync();
        _sockets.ForEach(socket => socket.Dispose());
    }

    [Fact]
    public async Task What_was_not_consumed_comes_again_before_what_follows()
    {
        var (client, connection) = await ConnectAsync();
        await client.SendAsync("abc"u8.ToArray());
        var read = await ReadAsync(connection);
        Assert.Equal("abc", TextOf(read));
        connection.Transport.Input.AdvanceTo(read.Buffer.GetPosition(1), read.Buffer.End);

        await client.SendAsync("def"u8.ToArray());
        read = await ReadAsync(connection);

        Assert.Equal("bcdef", TextOf(read));
        Assert.True(read.Buffer.IsSingleSegment);
    }

    [Fact]
    public async Task What_came_while_nobody_read_is_there_for_the_next_read()
    {
        var (client, connection) = await ConnectAsync();
        await client.SendAsync("a"u8.ToArray());
        var read = await ReadAsync(connection);
        await client.SendAsync("b"u8.ToArray());
        await PingAsync(); // The poll has told of it by now, or will.
        connection.Transport.Input.AdvanceTo(read.Buffer.End);

        Assert.Equal("b", TextOf(await ReadAsync(connection)));
    }

    /// <remarks>A blocked session holds input of this size while it looks out for the client's end.</remarks>
    [Fact]
    public async Task Input_that_is_examined_and_not_consumed_grows_in_one_run()
    {
        const int Bytes = 300_000;
        var (client, connection) = await ConnectAsync();
        var sent = new byte[Bytes];
        Random.Shared.NextBytes(sent);
        var sending = client.SendAsync(sent);
        var read = await ReadAsync(connection);
        while (read.Buffer.Length < Bytes)
        {
            connection.Transport.Input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            read = await ReadAsync(connection);
        }

        await sending;
        Assert.True(read.Buffer.ToArray().AsSpan().SequenceEqual(sent));
        Assert.True(read.Buffer.IsSingleSegment);
    }

    [Fact]
    public async Task The_clients_end_comes_after_its_bytes()
    {
        var (client, connection) = await ConnectAsync();
        await client.SendAsync("last"u8.ToArray());
        client.Shutdown(SocketShutdown.Send);
        var text = new StringBuilder();
        ReadResult read;
        do
        {
            read = await ReadAsync(connection);
            text.Append(TextOf(read));
            connection.Transport.Input.AdvanceTo(read.Buffer.End);
        }
        while (!read.IsCompleted);

        Assert.Equal("last", text.ToString());
        Assert.True((await ReadAsync(connection)).IsCompleted);
        await connection.Transport.Output.WriteAsync("bye"u8.ToArray(), TestContext.Current.CancellationToken);
        Assert.Equal("bye"u8.ToArray(), await ReceiveAsync(client, 3));
    }

    [Fact]
    public async Task A_cancelled_read_returns_and_the_next_one_finds_the_bytes()
    {
        var (client, connection) = await ConnectAsync();
        var reading = connection.Transport.Input.ReadAsync(TestContext.Current.CancellationToken).AsTask();
        Assert.False(reading.IsCompleted);

        connection.Transport.Input.CancelPendingRead();

        var read = await reading.WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.True(read.IsCanceled);
        connection.Transport.Input.AdvanceTo(read.Buffer.End);
        await client.SendAsync("x"u8.ToArray());
        Assert.Equal("x", TextOf(await ReadAsync(connection)));
    }

    /// <remarks>Goal: a plain get is closed only when the kernel has its bytes.</remarks>
    [Fact]
    public async Task A_flush_is_over_when_the_kernel_has_every_byte_and_not_before()
    {
        const int Bytes = 64 << 20; // More than the sockets' buffers take.
        var (client, connection) = await ConnectAsync();
        var sent = new byte[Bytes];
        Random.Shared.NextBytes(sent);
        connection.Transport.Output.Write(sent.AsSpan(0, 1000));
        connection.Transport.Output.Write(sent.AsSpan(1000));

        var flush = connection.Transport.Output.FlushAsync(TestContext.Current.CancellationToken).AsTask();

        Assert.False(flush.IsCompleted);
        Assert.Equal(sent, await ReceiveAsync(client, Bytes));
        Assert.False((await flush.WaitAsync(Patience, TestContext.Current.CancellationToken)).IsCompleted);
    }

    [Fact]
    public async Task An_aborted_connection_ends_its_read_and_its_flush()
    {
        var (client, connection) = await ConnectAsync();
        var reading = connection.Transport.Input.ReadAsync(TestContext.Current.CancellationToken).AsTask();
        connection.Transport.Output.Write(new byte[64 << 20]);
        var flush = connection.Transport.Output.FlushAsync(TestContext.Current.CancellationToken).AsTask();
        Assert.False(flush.IsCompleted);

        connection.Abort();

        Assert.True((await reading.WaitAsync(Patience, TestContext.Current.CancellationToken)).IsCompleted);
        Assert.True((await flush.WaitAsync(Patience, TestContext.Current.CancellationToken)).IsCompleted);
        client.Dispose();
    }

    [Fact]
    public async Task A_client_that_resets_ends_the_read_with_an_error_or_the_end()
    {
        var (client, connection) = await ConnectAsync();
        var reading = connection.Transport.Input.ReadAsync(TestContext.Current.CancellationToken).AsTask();
        client.LingerState = new LingerOption(enable: true, seconds: 0);
        client.Dispose();

        try
        {
            Assert.True((await reading.WaitAsync(Patience, TestContext.Current.CancellationToken)).IsCompleted);
        }
        catch (IOException)
        {
            // What the kernel says of a reset depends on what was under way.
        }
    }

    [Fact]
    public async Task Only_what_a_round_serves_waits_for_its_end()
    {
        var (client, connection) = await ConnectAsync();
        var round = (IRound)connection.Transport;
        Assert.True(round.EndAsync().AsTask().IsCompleted);

        var wasOver = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = ServeAsync();
        await client.SendAsync("x"u8.ToArray());

        Assert.False(await wasOver.Task.WaitAsync(Patience, TestContext.Current.CancellationToken));
        await ended.WaitAsync(Patience, TestContext.Current.CancellationToken);

        async Task ServeAsync()
        {
            var read = await connection.Transport.Input.ReadAsync(TestContext.Current.CancellationToken);
            connection.Transport.Input.AdvanceTo(read.Buffer.End);
            var end = round.EndAsync().AsTask();
            wasOver.SetResult(end.IsCompleted);
            await end;
        }
    }

    private async Task<(Socket Client, ConnectionContext Connection)> ConnectAsync()
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _sockets.Add(client);
        await client.ConnectAsync(_listener!.EndPoint);
        var connection = await _listener.AcceptAsync().AsTask().WaitAsync(Patience);
        _connections.Add(connection!);
        return (client, connection!);
    }

    /// <summary>Lets every poll thread go round once.</summary>
    private async Task PingAsync()
    {
        for (var i = 0; i < Environment.ProcessorCount; i++)
        {
            var (client, connection) = await ConnectAsync();
            await client.SendAsync("p"u8.ToArray());
            await ReadAsync(connection);
        }
    }

    private static async Task<ReadResult> ReadAsync(ConnectionContext connection)
        => await connection.Transport.Input.ReadAsync().AsTask().WaitAsync(Patience);

    private static async Task<byte[]> ReceiveAsync(Socket socket, int bytes)
    {
        var received = new byte[bytes];
        for (var count = 0; count < bytes;)
        {
            var more = await socket.ReceiveAsync(received.AsMemory(count)).AsTask().WaitAsync(Patience);
            Assert.NotEqual(0, more);
            count += more;
        }

        return received;
    }

    private static string TextOf(ReadResult read) => Encoding.ASCII.GetString(read.Buffer);
}
