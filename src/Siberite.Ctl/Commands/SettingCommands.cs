using System.CommandLine;
using Siberite.Ctl.Admin;
using Spectre.Console;

namespace Siberite.Ctl.Commands;

/// <summary><c>siberitectl queue create|settings|set|unset</c>: what a queue is told at run time.</summary>
internal static class SettingCommands
{
    private static readonly Argument<string[]> Values = new("key=value")
    {
        Description = "settings such as MaxItems=1000",
        Arity = ArgumentArity.OneOrMore,
    };

    private static readonly Argument<string[]> FirstValues = new("key=value")
    {
        Description = "settings such as Mode=Loose",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private static readonly Argument<string[]> Keys = new("key")
    {
        Description = "settings that the files shall have the say over again",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private static readonly Option<bool> All = new("--all") { Description = "every one of them" };

    private static readonly Option<bool> Json = new("--json") { Description = "print JSON, for scripts" };

    public static void AddTo(Command queue, Option<string> admin)
    {
        queue.Add(QueueCommands.New("create", "make a queue, which lasts although it has no items",
            [QueueCommands.Queue, FirstValues], [admin], CreateAsync));
        queue.Add(QueueCommands.New("settings", "show what a queue is told, and where each value comes from",
            [QueueCommands.Queue], [Json, admin], ShowAsync));
        queue.Add(QueueCommands.New("set", "change settings of a queue at once and for good",
            [QueueCommands.Queue, Values], [admin], SetAsync));
        queue.Add(QueueCommands.New("unset", "take settings back that were made with set",
            [QueueCommands.Queue, Keys], [All, admin], UnsetAsync));
    }

    private static async Task<int> CreateAsync(ParseResult line, AdminClient client, CancellationToken cancellation)
    {
        var queue = line.GetValue(QueueCommands.Queue)!;
        await client.CreateQueueAsync(queue, Parse(line.GetValue(FirstValues) ?? []), cancellation);
        Screen.Say($"{queue} was created");
        return ExitCodes.Done;
    }

    private static async Task<int> ShowAsync(ParseResult line, AdminClient client, CancellationToken cancellation)
    {
        var answer = await client.ReadSettingsAsync(line.GetValue(QueueCommands.Queue)!, cancellation);
        if (line.GetValue(Json))
        {
            Screen.SayJson(answer, AdminJson.Default.SettingsAnswer);
            return ExitCodes.Done;
        }

        var table = Screen.NewTable("Setting", "Value", "From");
        foreach (var setting in answer.Settings)
        {
            table.AddRow(
                Markup.Escape(setting.Key), Markup.Escape(setting.Value),
                Markup.Escape(OriginOf(setting)));
        }

        Screen.Say(table);
        return ExitCodes.Done;
    }

    private static string OriginOf(SettingAnswer setting) => setting.Origin switch
    {
        "code" => "built in",
        "runTime" => "run time",
        _ => $"file, section {setting.Section}",
    };

    private static async Task<int> SetAsync(ParseResult line, AdminClient client, CancellationToken cancellation)
    {
        var queue = line.GetValue(QueueCommands.Queue)!;
        await client.ChangeSettingsAsync(queue, Parse(line.GetValue(Values)!), cancellation);
        Screen.Say($"{queue} is told so now");
        return ExitCodes.Done;
    }

    private static async Task<int> UnsetAsync(ParseResult line, AdminClient client, CancellationToken cancellation)
    {
        var queue = line.GetValue(QueueCommands.Queue)!;
        var keys = line.GetValue(Keys) ?? [];
        if (line.GetValue(All) == (keys.Length > 0))
        {
            throw new CtlException(ExitCodes.Usage, "name the settings to take back, or say --all");
        }

        if (keys.Length == 0)
        {
            await client.ClearSettingsAsync(queue, cancellation);
        }
        else
        {
            await client.ChangeSettingsAsync(
                queue, keys.Distinct().ToDictionary(key => key, _ => (string?)null), cancellation);
        }

        Screen.Say($"{queue} is told what the files say");
        return ExitCodes.Done;
    }

    private static Dictionary<string, string?> Parse(IEnumerable<string> pairs)
    {
        var settings = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        foreach (var pair in pairs)
        {
            var split = pair.IndexOf('=', StringComparison.Ordinal);
            if (split <= 0)
            {
                throw new CtlException(ExitCodes.Usage, $"'{pair}' is no setting; it is key=value");
            }

            if (!settings.TryAdd(pair[..split], pair[(split + 1)..]))
            {
                throw new CtlException(ExitCodes.Usage, $"{pair[..split]} is given twice");
            }
        }

        return settings;
    }
}
