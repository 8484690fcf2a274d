using System.IO.Pipelines;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Time.Testing;
using Siberite.Contracts;

namespace Siberite.Gateway.Tests;

/// <summary>What comes before a session: whether a connection gets one.</summary>
public sealed class AdmissionTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private const string TooMany = "SERVER_ERROR too many connections\r\n";

    [Fact]
    public async Task Behind_a_proxy_the_clients_addresses_count()
    {
        using var gateway = new GatewayOverPipes(
            options: new GatewayOptions { ProxyProtocol = true, MaxConnectionsPerAddress = 1 });
        var handler = new GatewayConnectionHandler(gateway.Parts);
        var one = new Caller(handler, "10.0.0.1");
        await one.SendAsync("PROXY TCP4 203.0.113.7 192.0.2.1 1 2\r\nversion\r\n");
        Assert.Equal($"VERSION {GatewayParts.Version}\r\n", await one.ReadLineAsync());
        var other = new Caller(handler, "10.0.0.1");
        await other.SendAsync("PROXY TCP6 ::ffff:203.0.113.8 ::1 1 2\r\nversion\r\n");
        Assert.Equal($"VERSION {GatewayParts.Version}\r\n", await other.ReadLineAsync());

        var again = new Caller(handler, "10.0.0.1");
        await again.SendAsync("PROXY TCP4 203.0.113.8 192.0.2.1 1 2\r\nversion\r\n");
        Assert.Equal(TooMany, await again.ReadToEndAsync());

        await other.LeaveAsync();
        var next = new Caller(handler, "10.0.0.1");
        await next.SendAsync("PROXY TCP4 203.0.113.8 192.0.2.1 1 2\r\nversion\r\n");
        Assert.Equal($"VERSION {GatewayParts.Version}\r\n", await next.ReadLineAsync());
        await next.LeaveAsync();
        await one.LeaveAsync();
    }

    [Theory]
    [InlineData("set q 0 0 1\r\nx\r\n")]
    [InlineData("PROXY TCP4 203.0.113.7\r\nversion\r\n")]
    public async Task A_connection_without_the_header_is_closed_before_it_can_do_anything(string sent)
    {
        using var gateway = new GatewayOverPipes(options: new GatewayOptions { ProxyProtocol = true });
        var caller = new Caller(new GatewayConnectionHandler(gateway.Parts), "10.0.0.1");

        await caller.SendAsync(sent);

        Assert.Equal("", await caller.ReadToEndAsync());
        Assert.Null(gateway.Stats("q"));
    }

    [Fact]
    public async Task A_header_that_does_not_come_ends_the_connection_after_the_time_of_a_line()
    {
        var time = new FakeTimeProvider();
        using var gateway = new GatewayOverPipes(
            options: new GatewayOptions { ProxyProtocol = true, LineTimeout = TimeSpan.FromSeconds(5) }, time: time);
        var caller = new Caller(new GatewayConnectionHandler(gateway.Parts), "10.0.0.1");
        await caller.SendAsync("PROXY TCP4 203.");

        var closed = caller.ReadToEndAsync();
        while (!closed.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1)); // Whenever the gateway has begun to wait.
            await Task.Yield();
        }

        Assert.Equal("", await closed);
    }

    /// <remarks>Those that have not said their header yet count too, or they would be free.</remarks>
    [Fact]
    public async Task Connections_that_have_said_nothing_count_among_all()
    {
        using var gateway = new GatewayOverPipes(
            options: new GatewayOptions { ProxyProtocol = true, MaxConnections = 1 });
        var handler = new GatewayConnectionHandler(gateway.Parts);
        var silent = new Caller(handler, "10.0.0.1");

        Assert.Equal(TooMany, await new Caller(handler, "10.0.0.2").ReadToEndAsync());

        await silent.LeaveAsync();
    }

    [Fact]
    public async Task A_new_second_lets_an_address_begin_anew()
    {
        var time = new FakeTimeProvider();
        using var gateway = new GatewayOverPipes(
            options: new GatewayOptions { MaxConnectionRatePerAddress = 2 }, time: time);
        var handler = new GatewayConnectionHandler(gateway.Parts);
        for (var second = 0; second < 3; second++)
        {
            await new Caller(handler, "10.0.0.1").LeaveAsync();
            await new Caller(handler, "10.0.0.1").LeaveAsync();
            Assert.Equal(TooMany, await new Caller(handler, "10.0.0.1").ReadToEndAsync());
            await new Caller(handler, "10.0.0.2").LeaveAsync();
            time.Advance(TimeSpan.FromSeconds(1));
        }
    }

    [Fact]
    public void Addresses_that_left_are_forgotten()
    {
        var addresses = new AddressList(new GatewayOptions { MaxConnectionsPerAddress = 2 }, TimeProvider.System);
        for (var i = 0; i < 1_000; i++)
        {
            var address = new IPAddress(i);
            Assert.True(addresses.TryEnter(address));
            Assert.True(addresses.TryEnter(address));
            Assert.False(addresses.TryEnter(address));
            addresses.Leave(address);
            addresses.Leave(address);
        }

        Assert.Equal(0, addresses.Count);
    }

    /// <summary>One who connects.</summary>
    private sealed class Caller
    {
        private readonly Pipe _toGateway = new(new PipeOptions(useSynchronizationContext: false));
        private readonly Pipe _toCaller = new(new PipeOptions(useSynchronizationContext: false));
        private readonly Task _served;

        public Caller(GatewayConnectionHandler handler, string address)
        {
            var context = new DefaultConnectionContext
            {
                Transport = new Sides(_toGateway.Reader, _toCaller.Writer),
                RemoteEndPoint = new IPEndPoint(IPAddress.Parse(address), 1),
            };
            _served = ServeAsync(handler, context);
        }

        public async Task SendAsync(string text) => await _toGateway.Writer.WriteAsync(Encoding.Latin1.GetBytes(text));

        public async Task<string> ReadLineAsync()
        {
            var read = await _toCaller.Reader.ReadAsync().AsTask().WaitAsync(Patience);
            var line = Encoding.Latin1.GetString(read.Buffer);
            _toCaller.Reader.AdvanceTo(read.Buffer.End);
            return line;
        }

        public async Task<string> ReadToEndAsync()
        {
            await _served.WaitAsync(Patience);
            return await ReadLineAsync();
        }

        public async Task LeaveAsync()
        {
            await _toGateway.Writer.CompleteAsync();
            await _served.WaitAsync(Patience);
        }

        private async Task ServeAsync(GatewayConnectionHandler handler, ConnectionContext context)
        {
            await handler.OnConnectedAsync(context);
            await _toCaller.Writer.CompleteAsync();
        }

        private sealed record Sides(PipeReader Input, PipeWriter Output) : IDuplexPipe;
    }
}
