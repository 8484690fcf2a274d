using System.Globalization;

namespace Siberite.Benchmarks.Peers;

/// <summary><c>compare facts rounds machine run directory</c>: turns what a run has written into documents.</summary>
internal static class ComparisonCommand
{
    public static int Run(string[] arguments)
    {
        if (arguments is not [var factsFile, var roundsFile, var machine, var run, var directory])
        {
            Console.Error.WriteLine("usage: compare <facts.tsv> <rounds.tsv> <machine> <run> <directory>");
            return 2;
        }

        var facts = ReadFields(factsFile).Select(field
            => new PeerFacts(field[0], field[1], field[2], field[3], field[4], field[5]));
        var rounds = ReadFields(roundsFile).Select(field
            => new MeasuredRound(field[0], field[1], double.Parse(field[2], CultureInfo.InvariantCulture)));
        var comparison = new Comparison([.. facts], [.. rounds], machine, run);

        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, "comparison.md"), comparison.ToMarkdown());
        foreach (var (file, svg) in comparison.ToPictures())
        {
            File.WriteAllText(Path.Combine(directory, file), svg);
        }

        return 0;
    }

    private static IEnumerable<string[]> ReadFields(string file)
        => File.ReadLines(file).Select(line => line.Split('\t'));
}
