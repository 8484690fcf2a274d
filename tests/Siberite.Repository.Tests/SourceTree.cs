using System.Xml.Linq;

namespace Siberite.Repository.Tests;

/// <summary>The checkout as files, without what is built from it.</summary>
internal static class SourceTree
{
    private static readonly string[] Built = ["artifacts", "node_modules", ".git", "data", ".venv"];

    public static string Root => Testing.Repository.Root;

    public static IEnumerable<string> Files(string pattern, string under = "")
        => Directory.EnumerateFiles(Path.Combine(Root, under), pattern, SearchOption.AllDirectories)
            .Where(path => !Path.GetRelativePath(Root, path).Split('/').Any(Built.Contains))
            .Order(StringComparer.Ordinal);

    public static string Relative(string path) => Path.GetRelativePath(Root, path);

    /// <summary>Each line of each file as <c>file:line</c> and its text.</summary>
    public static IEnumerable<(string Place, string Text)> Lines(string pattern, string under = "")
        => from path in Files(pattern, under)
           from line in File.ReadLines(path).Select((text, index) => (Number: index + 1, Text: text))
           select ($"{Relative(path)}:{line.Number}", line.Text);

    /// <summary>Project references of <c>src</c> as <c>A -> B</c>, read from the project files.</summary>
    public static IEnumerable<string> ProjectArrows()
        => from path in Files("*.csproj", "src")
           from reference in References(path, "ProjectReference")
           let arrow = $"{Path.GetFileNameWithoutExtension(path)} -> {Path.GetFileNameWithoutExtension(reference)}"
           orderby arrow
           select arrow;

    public static IEnumerable<string> Packages(string project)
        => References(Path.Combine(Root, "src", project, project + ".csproj"), "PackageReference");

    private static IEnumerable<string> References(string path, string kind)
        => XDocument.Load(path).Descendants(kind).Select(element => element.Attribute("Include")!.Value);
}
