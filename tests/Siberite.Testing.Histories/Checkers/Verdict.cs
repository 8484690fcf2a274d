using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Siberite.Testing.Histories.Checkers;

internal enum Rule
{
    NoLoss,
    NoPhantom,
    NoCorruption,
    ClosedIsClosed,
    BoundedDuplicates,
    ExclusiveOpen,
    Fifo,
    OriginalPlace,
    EmptyIsEmpty,
    Fanout,
    WellFormed,
}

/// <summary>A promise that a history shows broken.</summary>
internal sealed record Violation(Rule Rule, string Queue, ItemId? Item, string Text);

/// <summary>Everything that is wrong with a history.</summary>
internal sealed class Verdict(Chronicle chronicle, IReadOnlyList<Violation> violations)
{
    /// <summary>One broken promise breaks thousands of pairs; nobody reads so many.</summary>
    public const int MaxPerQueue = 20;

    private const int ShownViolations = 5;
    private const int ShownOperations = 40;

    public IReadOnlyList<Violation> Violations { get; } = violations;

    public bool IsClean => Violations.Count == 0;

    public IReadOnlySet<Rule> BrokenRules { get; } = violations.Select(static v => v.Rule).ToHashSet();

    public static Verdict Of(Chronicle chronicle, CheckerOptions options)
    {
        List<Violation> violations =
        [
            .. chronicle.Surprises.Select(static text => new Violation(Rule.WellFormed, "a reply", null, text)),
            .. Delivered.Check(chronicle),
            .. Lost.Check(chronicle),
            .. Repeated.Check(chronicle, options),
            .. Order.Check(chronicle, options),
            .. Empty.Check(chronicle, options),
        ];
        return new Verdict(chronicle, violations);
    }

    /// <summary>The violations, and for the first of them all that happened to their items.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        var counts = Violations.CountBy(static v => v.Rule).Select(static pair => $"{pair.Key} {pair.Value}");
        text.AppendLine(CultureInfo.InvariantCulture, $"{Violations.Count} violations ({string.Join(", ", counts)})");
        foreach (var violation in Violations.DistinctBy(static v => (v.Rule, v.Item)).Take(ShownViolations))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{violation.Rule} in {violation.Queue}: {violation.Text}");
            AppendStory(text, violation);
        }

        return text.ToString();
    }

    /// <summary>All that happened, one operation a line.</summary>
    public IEnumerable<string> History
        => chronicle.Operations.Select(operation => Describe(operation, chronicle.Operations[0].Invoke));

    private void AppendStory(StringBuilder text, Violation violation)
    {
        if (violation.Item is not { } item)
        {
            return;
        }

        var start = chronicle.Operations.Length > 0 ? chronicle.Operations[0].Invoke : 0;
        var events = chronicle.Operations
            .Where(operation => operation.Item == item)
            .Select(operation => (At: operation.Invoke, Text: Describe(operation, start)))
            .ToList();
        var first = events.Count > 0 ? events.Min(static e => e.At) : 0;
        events.AddRange(chronicle.Crashes
            .Where(crash => crash.Served >= first)
            .Select((crash, index) => (crash.Invoke, $"{At(crash.Invoke, start)} .. {At(crash.Return, start)} "
                + $"{crash.Kind}, served again {At(crash.Served, start)}")));
        foreach (var (_, line) in events.OrderBy(static e => e.At).Take(ShownOperations))
        {
            text.Append("    ").AppendLine(line);
        }
    }

    private static string Describe(Operation operation, long start)
    {
        var session = operation.Session;
        var end = session.End == SessionEnd.None ? "" : $", {session.End} {At(session.EndInvoke, start)}";
        var on = session.Gateway is { } gateway ? $" on {gateway}" : "";
        return $"{At(operation.Invoke, start)} .. {At(operation.Return, start)} {operation.Act} {operation.Queue} "
            + $"{operation.Item} {operation.Outcome} {operation.Note} [{session.Client}/s{session.Id}{on}{end}]";
    }

    private static string At(long moment, long start) => moment == Operation.Never
        ? "never"
        : string.Create(CultureInfo.InvariantCulture, $"{1_000.0 * (moment - start) / Stopwatch.Frequency:f3}ms");
}
