using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Siberite.Benchmarks.Peers;

/// <summary>Quorum queues through RabbitMQ's own client: confirmed publishes, deliveries with a prefetch, and an
/// acknowledgement per item.</summary>
internal sealed class RabbitPeer : IPeerConnection
{
    private const ushort Prefetch = 256;

    private readonly IConnection _connection;
    private readonly IChannel _publishing;
    private readonly string _queue;

    private RabbitPeer(IConnection connection, IChannel publishing, string queue)
        => (_connection, _publishing, _queue) = (connection, publishing, queue);

    public static async Task<IPeerConnection> OpenAsync(PeerLoad load, int number, Action consumed)
    {
        var factory = new ConnectionFactory { HostName = "127.0.0.1", Port = load.Port };
        var connection = await factory.CreateConnectionAsync();
        var queue = $"work{number % PeerLoad.Queues}";
        var publishing = await connection.CreateChannelAsync(new CreateChannelOptions(
            publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true,
            outstandingPublisherConfirmationsRateLimiter: null));
        await publishing.QueueDeclareAsync(
            queue, durable: true, exclusive: false, autoDelete: false,
            new Dictionary<string, object?> { ["x-queue-type"] = "quorum" });

        var consuming = await connection.CreateChannelAsync();
        await consuming.BasicQosAsync(prefetchSize: 0, Prefetch, global: false);
        var consumer = new AsyncEventingBasicConsumer(consuming);
        consumer.ReceivedAsync += async (_, item) =>
        {
            await consuming.BasicAckAsync(item.DeliveryTag, multiple: false);
            consumed();
        };
        await consuming.BasicConsumeAsync(queue, autoAck: false, consumer);
        return new RabbitPeer(connection, publishing, queue);
    }

    public Task PublishAsync(ReadOnlyMemory<byte> payload)
        => _publishing.BasicPublishAsync("", _queue, mandatory: true, payload).AsTask();

    public async ValueTask DisposeAsync() => await _connection.DisposeAsync();
}
