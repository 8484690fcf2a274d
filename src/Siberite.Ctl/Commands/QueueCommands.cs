using System.CommandLine;
using System.Globalization;
using Siberite.Ctl.Admin;
using Spectre.Console;

namespace Siberite.Ctl.Commands;

/// <summary><c>siberitectl queue …</c>: what is seen of queues, and done with one of them.</summary>
internal static class QueueCommands
{
    /// <summary>Shown of each payload by <c>peek</c>, in bytes.</summary>
    private const int PeekedBytes = 200;

    public static readonly Argument<string> Queue = new("queue") { Description = "the queue" };

    public static readonly Option<bool> Yes = new("--yes", "-y")
    {
        Description = "do not ask; needed where nobody can answer",
    };

    private static readonly Argument<string?> Filter = new("filter")
    {
        Description = "part of the names to list",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<int> Count = new("--count", "-n")
    {
        Description = "items to show, 1 to 1000",
        DefaultValueFactory = _ => 10,
    };

    private static readonly Option<bool> Json = new("--json") { Description = "print JSON, for scripts" };

    public static void AddTo(Command queue, Option<string> admin)
    {
        queue.Add(New("list", "list the queues of all silos", [Filter], [Json, admin], (line, client, stop)
            => ListAsync(client, line.GetValue(Filter) ?? "", line.GetValue(Json), stop)));
        queue.Add(New("stats", "show the figures of one queue", [Queue], [Json, admin], (line, client, stop)
            => ShowStatsAsync(client, line.GetValue(Queue)!, line.GetValue(Json), stop)));
        queue.Add(New("peek", "show the oldest items without taking them", [Queue], [Count, Json, admin],
            (line, client, stop) => PeekAsync(
                client, line.GetValue(Queue)!, line.GetValue(Count), line.GetValue(Json), stop)));
        queue.Add(New("pause", "refuse reads until the queue is resumed; sets go on", [Queue], [admin],
            (line, client, stop) => ActAsync(client, line.GetValue(Queue)!, "pause", "is paused", stop)));
        queue.Add(New("resume", "serve reads again", [Queue], [admin],
            (line, client, stop) => ActAsync(client, line.GetValue(Queue)!, "resume", "is served", stop)));
        queue.Add(New("purge", "drop every item that waits", [Queue], [Yes, admin], async (line, client, stop) =>
        {
            var name = line.GetValue(Queue)!;
            await ConfirmAsync(client, name, "Drop", line.GetValue(Yes), stop);
            return await ActAsync(client, name, "purge", "was purged", stop);
        }));
        queue.Add(New(
            "delete", "delete the queue with all its items and settings", [Queue], [Yes, admin], DeleteAsync));
    }

    /// <summary>A command that speaks to one silo.</summary>
    public static Command New(
        string name, string description, Argument[] arguments, Option[] options,
        Func<ParseResult, AdminClient, CancellationToken, Task<int>> act)
    {
        var command = new Command(name, description);
        Array.ForEach(arguments, command.Add);
        Array.ForEach(options, command.Add);
        command.SetAction(async (line, cancellation) =>
        {
            using var client = AdminClient.Create(line.GetValue(SiloCommands.AdminAddress)!);
            return await act(line, client, cancellation);
        });
        return command;
    }

    /// <summary>Asks the person at the terminal, unless told not to.</summary>
    /// <exception cref="CtlException">They do not want it, or nobody is there.</exception>
    public static void Confirm(string question, bool isSure)
    {
        if (isSure)
        {
            return;
        }

        if (Console.IsInputRedirected)
        {
            throw new CtlException(ExitCodes.Usage, "nobody is there to confirm it; --yes says that you are sure");
        }

        if (!Screen.Ask(question))
        {
            throw new CtlException(ExitCodes.Failed, "nothing was done");
        }
    }

    private static async Task ConfirmAsync(
        AdminClient client, string queue, string act, bool isSure, CancellationToken cancellation)
    {
        var items = (await client.ReadQueueAsync(queue, cancellation)).Items;
        Confirm(string.Create(CultureInfo.InvariantCulture, $"{act} {items} items of {queue}?"), isSure);
    }

    private static async Task<int> ListAsync(
        AdminClient client, string filter, bool isJson, CancellationToken cancellation)
    {
        var rows = new List<QueueRowAnswer>();
        QueuesAnswer page;
        do
        {
            page = await client.ListQueuesAsync(filter, rows.Count, cancellation);
            rows.AddRange(page.Queues);
        }
        while (page.Queues.Count > 0 && rows.Count < page.Matching);

        if (isJson)
        {
            Screen.SayJson(rows, AdminJson.Default.IReadOnlyListQueueRowAnswer);
            return ExitCodes.Done;
        }

        var table = Screen.NewTable(
            "Queue", "Items", "Bytes", "Oldest s", "Open", "Waiters", "Delayed", "Dead letters", "Cursors", "Silo",
            "State");
        foreach (var row in rows)
        {
            table.AddRow(
                Markup.Escape(row.Name), Screen.Count(row.Items), Screen.Count(row.Bytes),
                row.OldestSeconds is { } age ? Screen.Count((long)age) : "-", Screen.Count(row.OpenReads),
                Screen.Count(row.Waiters), Screen.Count(row.Delayed), Screen.Count(row.DeadLetters),
                Screen.Count(row.Cursors), Markup.Escape(row.Silo), Markup.Escape(row.State ?? ""));
        }

        Screen.Say(table);
        return ExitCodes.Done;
    }

    private static async Task<int> ShowStatsAsync(
        AdminClient client, string name, bool isJson, CancellationToken cancellation)
    {
        var queue = await client.ReadQueueAsync(name, cancellation);
        if (isJson)
        {
            Screen.SayJson(queue, AdminJson.Default.QueueAnswer);
            return ExitCodes.Done;
        }

        Screen.Say(string.Create(
            CultureInfo.InvariantCulture,
            $"""
            queue      {queue.Name}: {queue.Mode.ToLowerInvariant()}, {(queue.IsPaused ? "paused" : "served")}
            items      {queue.Items}
            bytes      {queue.Bytes}
            delayed    {queue.Delayed}
            """));
        foreach (var home in queue.Homes)
        {
            Screen.Say(string.Create(
                CultureInfo.InvariantCulture,
                $"""
                silo       {home.Silo}, store {home.StoreId}{(home.IsUnreadable ? ": unreadable" : "")}
                  items    {home.Items}, {home.Bytes} bytes, oldest of {home.OldestEnqueuedAt:u}
                  delayed  {home.Delayed}, {home.DelayedBytes} bytes
                  open     {home.OpenReads}, waiters {home.Waiters}
                  counts   {home.Appended} appended, {home.Taken} taken, {home.Closed} closed, {home.Aborted} aborted
                  failed   {home.Failed} opened in vain, {home.Retried} kept back, {home.DeadLetters} dead letters
                  dropped  {home.Expired} expired, {home.Discarded} discarded, {home.Duplicates} duplicates refused
                """));
            ShowCursors(home);
        }

        return ExitCodes.Done;
    }

    private static void ShowCursors(QueueHomeAnswer home)
    {
        foreach (var cursor in home.Cursors ?? [])
        {
            Screen.Say(string.Create(
                CultureInfo.InvariantCulture,
                $"  cursor   {cursor.Name}: {cursor.Items} items behind, {cursor.OpenReads} open, "
                + $"{cursor.Waiters} waiters, last used {cursor.UsedAt:u}"));
        }

        if (home.IsHeldByCursors)
        {
            Screen.Say("  warning  held by cursors: they keep more than the queue's CursorWarningBytes");
        }
    }

    private static async Task<int> PeekAsync(
        AdminClient client, string queue, int count, bool isJson, CancellationToken cancellation)
    {
        var page = await client.PeekAsync(queue, count, PeekedBytes, cancellation);
        if (isJson)
        {
            Screen.SayJson(page, AdminJson.Default.ItemsAnswer);
            return ExitCodes.Done;
        }

        var table = Screen.NewTable(
            "Sequence", "Enqueued", "Expires", "Flags", "Bytes", "Deliveries", "Open", "Payload");
        foreach (var item in page.Items)
        {
            table.AddRow(
                Screen.Count(item.Sequence), $"{item.EnqueuedAt:u}", item.ExpiresAt is { } end ? $"{end:u}" : "never",
                Screen.Count(item.Flags), Screen.Count(item.Bytes), Screen.Count(item.Deliveries),
                item.IsOpen ? "yes" : "", Markup.Escape(Shown(item)));
        }

        Screen.Say(table);
        return ExitCodes.Done;
    }

    /// <summary>One line of it; nothing in a payload may steer the terminal.</summary>
    private static string Shown(ItemAnswer item)
    {
        var text = item.Text is null
            ? "base64 " + Convert.ToBase64String(item.Payload)
            : string.Concat(item.Text.Select(letter => char.IsControl(letter) ? ' ' : letter));
        return item.IsCut ? text + " ..." : text;
    }

    private static async Task<int> ActAsync(
        AdminClient client, string queue, string act, string outcome, CancellationToken cancellation)
    {
        await client.ActOnQueueAsync(queue, act, cancellation);
        Screen.Say($"{queue} {outcome}");
        return ExitCodes.Done;
    }

    private static async Task<int> DeleteAsync(ParseResult line, AdminClient client, CancellationToken cancellation)
    {
        var queue = line.GetValue(Queue)!;
        await ConfirmAsync(client, queue, "Delete the queue and", line.GetValue(Yes), cancellation);
        await client.DeleteQueueAsync(queue, cancellation);
        Screen.Say($"{queue} was deleted");
        return ExitCodes.Done;
    }
}
