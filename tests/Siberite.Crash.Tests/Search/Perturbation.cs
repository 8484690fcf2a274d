using Siberite.Testing.Histories;

namespace Siberite.Crash.Tests.Search;

/// <summary>Changes what clients were told, so that a history becomes one of a server with some unknown bug; or of a
/// correct one, by chance.</summary>
internal static class Perturbation
{
    public static void Apply(Operation[] operations, Random random)
    {
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            switch (random.Next(4))
            {
                case 0:
                    SwapTwoReads(operations, random);
                    break;
                case 1:
                    TellOtherwise(operations, random);
                    break;
                case 2:
                    AnswerAtOnce(operations, random);
                    break;
                default:
                    MakeUpAnItem(operations, random);
                    break;
            }
        }
    }

    private static void SwapTwoReads(Operation[] operations, Random random)
    {
        if (Pick(operations, random, static o => o is { IsRead: true, Item: not null }) is { } first
            && Pick(operations, random, o => o is { IsRead: true, Item: not null } && o.Queue == first.Queue)
                is { } second
            && first.Item != second.Item)
        {
            var (one, other) = (first.Item!.Value, second.Item!.Value);
            var (firstFinish, secondFinish) = (FinishOf(operations, first), FinishOf(operations, second));
            (first.Item, second.Item) = (other, one);
            firstFinish?.Item = other;
            secondFinish?.Item = one;
        }
    }

    private static void TellOtherwise(Operation[] operations, Random random)
    {
        if (Pick(operations, random, static o => o is { Act: Act.Take, Item: not null }) is { } read)
        {
            read.Item = null;
        }
    }

    private static void MakeUpAnItem(Operation[] operations, Random random)
    {
        if (Pick(operations, random, static o => o is { Act: Act.Take, Item: null, Outcome: Outcome.Ok }) is { } read
            && Pick(operations, random, o => o.Act == Act.Set && o.Queues.Contains(read.Queue)) is { } set)
        {
            read.Item = set.Item;
        }
    }

    private static void AnswerAtOnce(Operation[] operations, Random random)
    {
        if (Pick(operations, random, static o => o.Outcome == Outcome.Ok) is { } operation)
        {
            operation.Return = operation.Invoke + 1;
        }
    }

    private static Operation? FinishOf(Operation[] operations, Operation read)
        => operations.FirstOrDefault(o => o.Act is Act.Close or Act.Abort
            && o.Session == read.Session && o.Queue == read.Queue && o.Item == read.Item && o.Invoke > read.Invoke);

    private static Operation? Pick(Operation[] operations, Random random, Func<Operation, bool> condition)
    {
        var fitting = operations.Where(condition).ToArray();
        return fitting.Length == 0 ? null : fitting[random.Next(fitting.Length)];
    }
}
