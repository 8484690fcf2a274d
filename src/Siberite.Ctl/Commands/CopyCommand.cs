using System.CommandLine;
using Siberite.Ctl.Copying;

namespace Siberite.Ctl.Commands;

/// <summary><c>siberitectl copy</c>: queues of a server of this dialect, Siberite, Darner or Kestrel or a silo, into
/// another one.</summary>
internal static class CopyCommand
{
    /// <summary>Items between two looks at the progress.</summary>
    private const int LookCount = 500;

    private static readonly Option<string> From = new("--from")
    {
        Description = "where memcache clients of the source connect",
        HelpName = "host:port",
        Required = true,
    };

    private static readonly Option<string> To = new("--to")
    {
        Description = "where memcache clients of the target connect",
        HelpName = "host:port",
        DefaultValueFactory = _ => "127.0.0.1:22133",
    };

    private static readonly Option<string?> FromLogin = LoginFile("--from-login");

    private static readonly Option<string?> ToLogin = LoginFile("--to-login");

    private static readonly Option<string?> Queues = new("--queues")
    {
        Description = "the queues, separated by commas; all of the source's stats unless you say otherwise",
        HelpName = "a,b",
    };

    private static readonly Option<int> Window = new("--window")
    {
        Description = "items under way at a time, 1 to 1000",
        DefaultValueFactory = _ => 32,
    };

    private static readonly Option<string> Notes = new("--notes")
    {
        Description = "a directory for what is under way, so that the same command, cut short, sets nothing twice",
        HelpName = "directory",
        DefaultValueFactory = _ => ".",
    };

    public static Command Create()
    {
        var copy = new Command("copy", "move the items of queues from another server here, losing none; run it again "
            + "to go on after it was cut short")
        {
            From, To, FromLogin, ToLogin, Queues, Window, Notes,
        };
        copy.SetAction(CopyAsync);
        return copy;
    }

    private static async Task<int> CopyAsync(ParseResult line, CancellationToken cancellation)
    {
        var from = new WireAddress(line.GetValue(From)!, Login.Read(line.GetValue(FromLogin)));
        var to = new WireAddress(line.GetValue(To)!, Login.Read(line.GetValue(ToLogin)));
        var window = line.GetValue(Window);
        if (window is < 1 or > 1_000)
        {
            throw new CtlException(ExitCodes.Usage, "--window must be 1 to 1000");
        }

        using var source = await WireConnection.ConnectAsync(from, cancellation);
        var list = await QueueList.ReadAsync(source, cancellation);
        var names = line.GetValue(Queues) is { } named
            ? named.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            : [.. list.Names];
        var total = 0L;
        var skipped = 0;
        foreach (var name in names)
        {
            if (IsForeign(name))
            {
                Screen.Complain($"{name} is skipped: no queue can be called so here");
                skipped++;
                continue;
            }

            using var copy = await QueueCopy.StartAsync(
                name, from, to, window, line.GetValue(Notes)!, cancellation);
            total += await CopyAsync(copy, name, list.ItemsOf(name), cancellation);
        }

        Screen.Say($"{Screen.Count(total)} items of {Screen.Count(names.Length - skipped)} queues are at {to}");
        return skipped == 0 ? ExitCodes.Done : ExitCodes.Missing;
    }

    private static async Task<long> CopyAsync(QueueCopy copy, string name, long items, CancellationToken cancellation)
    {
        try
        {
            await Screen.WatchAsync($"Copying {name}", async () =>
            {
                var hasMore = await copy.CopyAsync(LookCount, cancellation);
                return new Progress(copy.CopiedCount, Math.Max(items, copy.CopiedCount), IsOver: !hasMore);
            });
        }
        catch (CtlException e)
        {
            await copy.SettleAsync();
            throw new CtlException(
                e.ExitCode,
                $"{e.Message}; {Screen.Count(copy.CopiedCount)} items of {name} were copied, nothing is lost, and the "
                + "same command goes on",
                e);
        }

        Screen.Say($"{name}: {Screen.Count(copy.CopiedCount)} items");
        return copy.CopiedCount;
    }

    private static Option<string?> LoginFile(string name)
        => new(name) { Description = Login.FileDescription, HelpName = "file" };

    /// <summary>Whether the name means something else, or nothing, at a silo.</summary>
    private static bool IsForeign(string name)
        => name.Length is 0 or > 200 || name.Any(letter => letter is <= ' ' or >= '\x7f' or '/' or '+' or '.' or '~');
}
