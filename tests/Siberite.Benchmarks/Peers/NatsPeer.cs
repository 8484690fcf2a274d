using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace Siberite.Benchmarks.Peers;

/// <summary>A JetStream work queue per queue, in files, through NATS' own client: confirmed publishes, a pull consumer
/// with its usual read-ahead, and an acknowledgement per item.</summary>
internal sealed class NatsPeer : IPeerConnection
{
    private readonly NatsConnection _connection;
    private readonly NatsJSContext _stream;
    private readonly string _subject;
    private readonly CancellationTokenSource _closing = new();
    private readonly Task _consuming;

    private NatsPeer(
        NatsConnection connection, NatsJSContext stream, INatsJSConsumer consumer, string subject, Action consumed)
    {
        (_connection, _stream, _subject) = (connection, stream, subject);
        _consuming = ConsumeAsync(consumer, consumed);
    }

    public static async Task<IPeerConnection> OpenAsync(PeerLoad load, int number, Action consumed)
    {
        var connection = new NatsConnection(new NatsOpts { Url = $"nats://127.0.0.1:{load.Port}" });
        var context = new NatsJSContext(connection);
        var name = $"work{number % PeerLoad.Queues}";
        await context.CreateOrUpdateStreamAsync(new StreamConfig(name, [name])
        {
            Retention = StreamConfigRetention.Workqueue,
            Storage = StreamConfigStorage.File,
        });
        var consumer = await context.CreateOrUpdateConsumerAsync(name, new ConsumerConfig("readers")
        {
            AckPolicy = ConsumerConfigAckPolicy.Explicit,
            MaxAckPending = 100_000,
        });
        return new NatsPeer(connection, context, consumer, name, consumed);
    }

    public async Task PublishAsync(ReadOnlyMemory<byte> payload)
    {
        var reply = await _stream.PublishAsync(_subject, payload);
        reply.EnsureSuccess();
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _consuming;
        await _connection.DisposeAsync();
        _closing.Dispose();
    }

    private async Task ConsumeAsync(INatsJSConsumer consumer, Action consumed)
    {
        try
        {
            await foreach (var item in consumer.ConsumeAsync<byte[]>(cancellationToken: _closing.Token))
            {
                await item.AckAsync();
                consumed();
            }
        }
        catch (OperationCanceledException)
        {
            // The load is over.
        }
    }
}
