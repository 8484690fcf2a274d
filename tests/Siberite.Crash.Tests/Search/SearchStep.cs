using Siberite.Testing.Histories;
using Siberite.Testing.Histories.Checkers;

namespace Siberite.Crash.Tests.Search;

internal enum StepKind
{
    Set,
    Take,
    Open,
    Close,
    Abort,
    SessionEnd,
    Crash,
}

/// <summary>Something that happens at one moment between its invoke and its return, or perhaps, if it is optional,
/// never.</summary>
internal sealed record SearchStep
{
    public required StepKind Kind { get; init; }

    public required long Invoke { get; init; }

    public required long Return { get; init; }

    public required int Life { get; init; }

    public bool IsOptional { get; init; }

    public int Session { get; init; }

    /// <summary>Numbers of queues.</summary>
    public int[] Queues { get; init; } = [];

    /// <summary>For a read that was answered END, or not at all, <see langword="null"/>.</summary>
    public ItemId? Item { get; init; }

    /// <summary>Whether a crash may undo it: a plain get shortly before, or one whose moment nobody knows.</summary>
    public bool IsForgettable { get; init; }

    public static SearchStep[] Of(Chronicle chronicle, CheckerOptions options)
    {
        var queues = chronicle.Operations.SelectMany(static o => o.Queues).Distinct().Order().ToArray();
        var steps = new List<SearchStep>();
        foreach (var operation in chronicle.Operations.Where(o => !IsIdle(chronicle, o)))
        {
            steps.Add(Of(chronicle, options, queues, operation));
        }

        foreach (var session in chronicle.Operations.Select(static o => o.Session).Distinct())
        {
            if (session.End is SessionEnd.Dropped or SessionEnd.Quit)
            {
                steps.Add(new SearchStep
                {
                    Kind = StepKind.SessionEnd,
                    Session = session.Id,
                    Life = session.Life,
                    Invoke = session.EndInvoke,
                    Return = session.EndReturn,
                    IsOptional = session.EndReturn == Operation.Never,
                });
            }
        }

        steps.AddRange(chronicle.Crashes.Select(static (crash, life) => new SearchStep
        {
            Kind = StepKind.Crash,
            Life = life,
            Invoke = crash.Invoke,
            Return = crash.Return,
        }));

        // Likely first.
        return [.. steps.OrderBy(static step => step.IsOptional).ThenBy(static step => step.Return)];
    }

    /// <summary>Whether it has certainly done nothing, or as well may have.</summary>
    private static bool IsIdle(Chronicle chronicle, Operation operation)
        => operation.Outcome == Outcome.Refused
            || (operation is { Act: Act.Set, Outcome: Outcome.Unknown }
                && operation.Queues.All(
                    queue => chronicle.CopyOf(queue, operation.Item!.Value)!.Deliveries.Count == 0));

    private static SearchStep Of(
        Chronicle chronicle, CheckerOptions options, string[] queues, Operation operation)
    {
        var isUnknown = operation.Outcome == Outcome.Unknown;
        var crash = chronicle.CrashOf(operation.Session);
        return new SearchStep
        {
            Kind = operation.Act switch
            {
                Act.Set => StepKind.Set,
                Act.Take => StepKind.Take,
                Act.Open => StepKind.Open,
                Act.Close => StepKind.Close,
                _ => StepKind.Abort,
            },
            Session = operation.Session.Id,
            Life = operation.Session.Life,
            Invoke = operation.Invoke,
            Return = chronicle.EffectBy(operation),
            IsOptional = isUnknown,
            Queues = [.. operation.Queues.Select(queue => Array.IndexOf(queues, queue))],
            Item = operation.Item,
            IsForgettable = operation.Act == Act.Take && crash is not null
                && (isUnknown || operation.Return + options.LazyWindow >= crash.Invoke),
        };
    }
}
