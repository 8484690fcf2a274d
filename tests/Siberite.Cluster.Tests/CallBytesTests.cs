using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using Siberite.Contracts;

namespace Siberite.Cluster.Tests;

/// <summary>The bytes of calls between silos.</summary>
public sealed class CallBytesTests
{
    private static readonly long[] Numbers = [0, 1, 127, 128, long.MaxValue, -1, long.MinValue];

    /// <remarks>Through Orleans, as they go. Every part of a command is there and not there, at its ends.</remarks>
    [Fact]
    public void What_is_sent_arrives()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        using var services = new ServiceCollection().AddSerializer().BuildServiceProvider();
        var serializer = services.GetRequiredService<Serializer>();
        for (var round = 0; round < 200; round++)
        {
            var commands = Enumerable.Range(0, random.Next(20)).Select(_ => AnyCommand(random)).ToArray();
            var outcomes = Enumerable.Range(0, random.Next(20)).Select(_ => AnyOutcome(random)).ToArray();
            var call = new QueueCall(default, Sender: 1, Number: 2, ExpectedRun: 3, new QueueCommands(commands));

            var came = serializer.Deserialize<QueueCall>(serializer.SerializeToArray(call));
            var answer = serializer.Deserialize<QueueReply>(
                serializer.SerializeToArray(new QueueReply(4, new QueueOutcomes(outcomes))));

            Assert.True(
                commands.Select(Shown).SequenceEqual(came!.Commands.Items.Select(Shown), StringComparer.Ordinal),
                $"commands, seed {seed}");
            Assert.True(
                outcomes.Select(Shown).SequenceEqual(answer!.Outcomes.Items!.Select(Shown), StringComparer.Ordinal),
                $"outcomes, seed {seed}");
            Assert.Equal((1, 2, 3, 4), (came.Sender, came.Number, came.ExpectedRun, answer.Run));
        }
    }

    /// <remarks>A part that is forgotten there is lost on its way to another silo, and nowhere else.</remarks>
    [Fact]
    public void Every_part_of_a_command_and_of_an_outcome_is_written()
    {
        Assert.Equal(
            [
                "Cursor", "Delay", "ExpiresAt", "Flags", "ItemId", "Kind", "Lease", "Mode", "MustSync", "Payload",
                "Sequence", "Sequences", "Session",
            ],
            PartsOf(typeof(QueueCommand)));
        Assert.Equal(["Append", "Error", "IsDeferred", "IsOpen", "Item", "Take"],
            PartsOf(typeof(QueueOutcome)).Except(["Run"], StringComparer.Ordinal)); // The reply has it.

        static string[] PartsOf(Type type)
            => [.. type.GetProperties().Select(part => part.Name).Order(StringComparer.Ordinal)];
    }

    [Fact]
    public void No_outcomes_are_not_an_empty_list()
    {
        using var services = new ServiceCollection().AddSerializer().BuildServiceProvider();
        var serializer = services.GetRequiredService<Serializer>();

        Assert.Null(Sent(outcomes: null));
        Assert.Empty(Sent([])!);

        QueueOutcome[]? Sent(QueueOutcome[]? outcomes)
            => serializer.Deserialize<QueueReply>(
                serializer.SerializeToArray(new QueueReply(1, new QueueOutcomes(outcomes))))!.Outcomes.Items;
    }

    /// <remarks>A count or a length of four billion must not be believed.</remarks>
    [Fact]
    public void Garbled_bytes_are_refused()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        QueueCommand[] commands = [.. Enumerable.Range(0, 5).Select(_ => AnyCommand(random))];
        QueueOutcome[] outcomes = [.. Enumerable.Range(0, 5).Select(_ => AnyOutcome(random))];
        var sent = new byte[CommandBytes.MaxLength(commands)];
        sent = sent[..CommandBytes.Write(commands, sent)];
        var answered = new byte[OutcomeBytes.MaxLength(outcomes)];
        answered = answered[..OutcomeBytes.Write(outcomes, answered)];

        for (var length = 0; length < sent.Length; length++)
        {
            Assert.Throws<InvalidDataException>(() => CommandBytes.Read(sent.AsSpan(0, length)));
        }

        for (var length = 0; length < answered.Length; length++)
        {
            Assert.Throws<InvalidDataException>(() => OutcomeBytes.Read(answered.AsSpan(0, length)));
        }

        Assert.Throws<InvalidDataException>(() => CommandBytes.Read([.. sent, 0]));
        Assert.Throws<InvalidDataException>(() => OutcomeBytes.Read([.. answered, 0]));
        for (var i = 0; i < 2_000; i++)
        {
            var bytes = (byte[])sent.Clone();
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            Assert.Null(Record.Exception(() => ReadOrRefuse(bytes)));
        }

        static void ReadOrRefuse(byte[] bytes)
        {
            try
            {
                CommandBytes.Read(bytes);
                OutcomeBytes.Read(bytes);
            }
            catch (InvalidDataException)
            {
                // Refused, as it should be; anything else is a bug.
            }
        }
    }

    private static QueueCommand AnyCommand(Random random)
        => new(
            (QueueCommandKind)random.Next(1, 256), new SessionId(random.Next(3), Any(random)), AnyBytes(random),
            (uint)Any(random), Any(random), random.Next(2) == 0, (TakeMode)random.Next(3), Any(random))
        {
            Delay = random.Next(2) == 0 ? null : new TimeSpan(Any(random)),
            ItemId = AnyBytes(random),
            Lease = new TimeSpan(Any(random)),
            Cursor = random.Next(3) is var name and not 0 ? CursorName.Parse($"cursor{name}") : null,
            Sequences = random.Next(2) == 0 ? null
                : [.. Enumerable.Range(0, random.Next(20)).Select(_ => Any(random))],
        };

    private static QueueOutcome AnyOutcome(Random random)
        => new(
            (AppendStatus)random.Next(4), (TakeStatus)random.Next(3),
            AnyBytes(random) is { } payload ? new Item(Any(random), payload, (uint)Any(random)) : default,
            random.Next(2) == 0 ? null : (SiberiteError)random.Next(1, 20), random.Next(2) == 0)
        {
            IsOpen = random.Next(2) == 0,
        };

    private static long Any(Random random) => Numbers[random.Next(Numbers.Length)];

    private static byte[]? AnyBytes(Random random)
    {
        if (random.Next(3) == 0)
        {
            return null;
        }

        var bytes = new byte[random.Next(200)];
        random.NextBytes(bytes);
        return bytes;
    }

    /// <summary>Records compare arrays by reference.</summary>
    private static string Shown(QueueCommand command)
        => $"{command with { Payload = null, ItemId = null, Sequences = null }} {Shown(command.Payload)} "
            + $"{Shown(command.ItemId)} {(command.Sequences is { } items ? $"[{string.Join(' ', items)}]" : "null")}";

    private static string Shown(QueueOutcome outcome)
        => $"{outcome with { Item = outcome.Item with { Payload = null! } }} {Shown(outcome.Item.Payload)}";

    private static string Shown(byte[]? bytes) => bytes is null ? "null" : Convert.ToHexString(bytes);
}
