using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Spectre.Console;

namespace Siberite.Ctl;

/// <summary>What the tool shows: results on the output, progress and complaints on the error stream, so that the
/// output can be piped.</summary>
internal static class Screen
{
    private static readonly IAnsiConsole Error = AnsiConsole.Create(
        new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });

    /// <summary>One line of the result.</summary>
    public static void Say(string line) => Console.Out.WriteLine(line);

    /// <summary>A table of results. Where the output is no terminal it is as wide as it needs to be.</summary>
    public static void Say(Table table)
    {
        if (Console.IsOutputRedirected)
        {
            AnsiConsole.Profile.Width = 1_000;
        }

        AnsiConsole.Write(table);
    }

    /// <summary>A result for scripts.</summary>
    public static void SayJson<T>(T result, JsonTypeInfo<T> form)
        => Console.Out.WriteLine(JsonSerializer.Serialize(result, form));

    /// <summary>An empty table; what looks like a number stands to the right.</summary>
    public static Table NewTable(params string[] columns)
    {
        var table = new Table { Border = TableBorder.Simple };
        foreach (var column in columns)
        {
            table.AddColumn(new TableColumn(column) { NoWrap = true });
        }

        return table;
    }

    /// <summary>A number as scripts and people read it.</summary>
    public static string Count(long value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>A question to the person at the terminal.</summary>
    public static bool Ask(string question)
        => new ConfirmationPrompt(Markup.Escape(question)) { DefaultValue = false }.Show(Error);

    /// <summary>One line that says what went wrong.</summary>
    public static void Complain(string line) => Console.Error.WriteLine($"siberitectl: {line}");

    /// <summary>Shows what is being done, with a spinner where a person watches and as a line elsewhere.</summary>
    public static async Task<T> DuringAsync<T>(string step, Func<Task<T>> work)
    {
        if (!Error.Profile.Capabilities.Interactive || Console.IsErrorRedirected)
        {
            await Console.Error.WriteLineAsync($"{step} ...");
            return await work();
        }

        return await Error.Status().StartAsync($"{Markup.Escape(step)} ...", _ => work());
    }

    /// <summary>Shows how far something is, with a bar where a person watches, until it is over.</summary>
    public static async Task WatchAsync(string step, Func<Task<Progress>> look)
    {
        if (!Error.Profile.Capabilities.Interactive || Console.IsErrorRedirected)
        {
            await Console.Error.WriteLineAsync($"{step} ...");
            while (!(await look()).IsOver)
            {
            }

            return;
        }

        await Error.Progress().StartAsync(async bars =>
        {
            var bar = bars.AddTask(Markup.Escape(step));
            Progress progress;
            do
            {
                progress = await look();
                bar.MaxValue = Math.Max(1, progress.Total);
                bar.Value = progress.Total == 0 && progress.IsOver ? 1 : progress.Done;
            }
            while (!progress.IsOver);
        });
    }
}

/// <summary>How far something is.</summary>
internal readonly record struct Progress(long Done, long Total, bool IsOver);
