using System.CommandLine;
using Siberite.Ctl.Admin;
using Siberite.Ctl.Files;

namespace Siberite.Ctl.Commands;

/// <summary><c>siberitectl queue redrive|export|import</c>: work on all items of a queue, which may take a
/// while.</summary>
internal static class ItemCommands
{
    /// <summary>Items of one request, as many as a silo takes.</summary>
    private const int MaxPerRequest = 1_000;

    /// <summary>How queues of items that were given up are called by default.</summary>
    private const string DeadLetterSuffix = "_errors";

    private static readonly Argument<string> Path = new("file") { Description = "the file, JSON lines" };

    private static readonly Option<string?> To = new("--to")
    {
        Description = $"the queue they go to; of x{DeadLetterSuffix} it is x unless you say otherwise",
        HelpName = "queue",
    };

    private static readonly Option<long?> Max = new("--max")
    {
        Description = "most items to move; all that are there now unless you say otherwise",
    };

    private static readonly Option<bool> Resume = new("--resume") { Description = "go on where an earlier run ended" };

    private static readonly Option<bool> Partial = new("--partial")
    {
        Description = "take a file whose export did not come to its end",
    };

    public static void AddTo(Command queue, Option<string> admin)
    {
        queue.Add(QueueCommands.New("redrive", "move the items of a queue to the tail of another",
            [QueueCommands.Queue], [To, Max, QueueCommands.Yes, admin], RedriveAsync));
        queue.Add(QueueCommands.New("export", "write the items of a queue to a file; they stay in the queue",
            [QueueCommands.Queue, Path], [Resume, admin], ExportAsync));
        queue.Add(QueueCommands.New("import", "append the items of a file to a queue",
            [QueueCommands.Queue, Path], [Resume, Partial, admin], ImportAsync));
    }

    private static async Task<int> RedriveAsync(ParseResult line, AdminClient client, CancellationToken cancellation)
    {
        var source = line.GetValue(QueueCommands.Queue)!;
        var target = line.GetValue(To) ?? (source.EndsWith(DeadLetterSuffix, StringComparison.Ordinal)
            ? source[..^DeadLetterSuffix.Length]
            : throw new CtlException(ExitCodes.Usage, "--to is needed: the queue that the items go to"));

        // Counted first: what comes back while this runs is not moved in circles.
        var total = (await client.ReadQueueAsync(source, cancellation)).Items;
        total = Math.Min(total, line.GetValue(Max) ?? total);
        QueueCommands.Confirm(
            $"Move {Screen.Count(total)} items from {source} to {target}?", line.GetValue(QueueCommands.Yes));
        var moved = 0L;
        string? trouble = null;
        await Screen.WatchAsync($"Moving items from {source} to {target}", async () =>
        {
            var part = total == moved
                ? new RedriveAnswer(0, IsOver: true, Trouble: null)
                : await client.RedriveAsync(source, target, Math.Min(MaxPerRequest, total - moved), cancellation);
            moved += part.Moved;
            trouble = part.Trouble;
            return new Progress(moved, total, part.IsOver || moved >= total);
        });
        Screen.Say($"{Screen.Count(moved)} items were moved from {source} to {target}");
        return trouble is null
            ? ExitCodes.Done
            : throw new CtlException(ExitCodes.Failed, $"not all of them: {trouble}");
    }

    private static async Task<int> ExportAsync(ParseResult line, AdminClient client, CancellationToken cancellation)
    {
        var queue = line.GetValue(QueueCommands.Queue)!;
        var total = (await client.ReadQueueAsync(queue, cancellation)).Items;
        await using var file = await ExportFile.OpenAsync(
            line.GetValue(Path)!, queue, mayContinue: line.GetValue(Resume), cancellation);
        await Screen.WatchAsync($"Exporting {queue}", async () =>
        {
            if (!file.IsComplete)
            {
                var page = await client.ReadItemsAsync(queue, file.Next, cancellation);
                await file.AddAsync(page, cancellation);
            }

            return new Progress(file.ItemCount, total, file.IsComplete);
        });
        Screen.Say($"{Screen.Count(file.ItemCount)} items of {queue} are in {line.GetValue(Path)}");
        return ExitCodes.Done;
    }

    private static async Task<int> ImportAsync(ParseResult line, AdminClient client, CancellationToken cancellation)
    {
        var queue = line.GetValue(QueueCommands.Queue)!;
        using var file = await ImportFile.OpenAsync(
            line.GetValue(Path)!, queue, mayContinue: line.GetValue(Resume), mayBePartial: line.GetValue(Partial),
            cancellation);
        string? trouble = null;
        await Screen.WatchAsync($"Importing into {queue}", async () =>
        {
            var batch = await file.ReadBatchAsync(MaxPerRequest, cancellation);
            if (batch.Count > 0)
            {
                var answer = await client.AppendAsync(queue, new ItemsQuestion(batch), cancellation);
                trouble = answer.Trouble;
                await file.NoteStoredAsync(answer.Stored);
            }

            return new Progress(file.ReadBytes, file.TotalBytes, batch.Count == 0 || trouble is not null);
        });
        if (trouble is not null)
        {
            throw new CtlException(
                ExitCodes.Failed,
                $"{Screen.Count(file.StoredCount)} items were stored, then: {trouble} --resume goes on");
        }

        file.Finish();
        Screen.Say($"{Screen.Count(file.StoredCount)} items of {line.GetValue(Path)} are in {queue}");
        return ExitCodes.Done;
    }
}
