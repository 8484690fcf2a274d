namespace Siberite.Testing.Histories.Checkers;

/// <summary>No phantom, no corruption: what is handed out was sent to that queue, and is byte for byte what was
/// sent.</summary>
internal static class Delivered
{
    public static IEnumerable<Violation> Check(Chronicle chronicle)
    {
        foreach (var read in chronicle.Phantoms)
        {
            var set = chronicle.Operations.FirstOrDefault(o => o.Act == Act.Set && o.Item == read.Item);
            var reason = set switch
            {
                null => "nobody ever sent it",
                { Outcome: Outcome.Refused } => $"it was refused: {set.Note}",
                _ => $"it was sent to {set.Queue}",
            };
            yield return new Violation(Rule.NoPhantom, read.Queue, read.Item, $"{read.Item}: {reason}. {read.Note}");
        }

        foreach (var operation in chronicle.Operations.Where(static o => o.IsDefective))
        {
            var text = $"{operation.Item}: {operation.Note}";
            yield return new Violation(Rule.NoCorruption, operation.Queue, operation.Item, text);
        }
    }
}
