using System.Buffers;
using System.Globalization;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;
using Siberite.Contracts;

namespace Siberite.Server.Admin;

/// <summary>What operators do with items.</summary>
/// <remarks>
/// <code>
/// GET    /api/queues/{name}/items         looks at items without taking them
/// POST   /api/queues/{name}/items         appends items
/// POST   /api/queues/{name}/redrive?to=   moves items to another queue, a bounded number
/// </code>
/// </remarks>
internal static class ItemEndpoints
{
    /// <summary>Most items of one answer or body.</summary>
    private const int MaxCount = 1_000;

    /// <summary>Payload bytes after which an answer ends, 1 MiB; its last item may go beyond.</summary>
    private const int MaxPageBytes = 1 << 20;

    /// <summary>Payload bytes shown of an item unless more are asked for.</summary>
    private const int ShownBytes = 1_024;

    /// <summary>Bodies that are read at the same time: each may be as large as an item, in base64.</summary>
    private static readonly SemaphoreSlim BodyTurns = new(2);

    public static void MapItems(this WebApplication app)
    {
        var maxItemBytes = app.Services.GetRequiredService<IOptions<GatewayOptions>>().Value.MaxItemBytes;
        var queue = app.MapGroup("/api/queues/{name}").WithTags("Items");
        queue.MapGet("/items", InspectAsync)
            .WithSummary("Looks at items without taking them, those in the hands of clients included.")
            .WithDescription(
                $"At most {MaxCount} items, and about {MaxPageBytes} bytes of payload, in one answer; 'next' of one "
                + "answer is 'from' of the following. 'cut' bytes of each payload are shown; 'whole' shows all.");
        queue.MapPost("/items", AppendAsync)
            .Accepts<ItemsBody>("application/json")
            .WithMetadata(new BodyLimit((maxItemBytes * 4L / 3) + (1 << 20)))
            .WithSummary($"Appends up to {MaxCount} items at the tail, in order, as so many sets.");
        queue.MapPost("/redrive", RedriveAsync)
            .WithSummary("Moves the oldest waiting items to the tail of another queue, a bounded number at a time.");
    }

    private static async Task<ItemsReport> InspectAsync(
        string name, string? from, int? count, int? cut, bool? whole, [FromServices] IQueueAdmin admin)
    {
        var wanted = InRange(count ?? 10, "count", MaxCount);
        var shown = whole == true ? (int?)null : InRange(cut ?? ShownBytes, "cut", MaxPageBytes);
        var queue = QueueName.Parse(name);
        var page = await admin.InspectAsync(queue, from is null ? null : PlaceOf(from), wanted, MaxPageBytes)
            ?? throw AdminRefusal.NoQueue(queue);
        return new ItemsReport(
            [.. page.Items.Select(item => ItemRow.Of(item, shown))],
            page.Next is { } next
                ? string.Create(CultureInfo.InvariantCulture, $"{next.Store}:{next.Sequence}")
                : null);
    }

    private static async Task<StoredReport> AppendAsync(
        string name, HttpContext context, [FromServices] IQueueAdmin admin,
        [FromServices] IOptions<GatewayOptions> gateway)
    {
        var queue = QueueName.Parse(name);
        await BodyTurns.WaitAsync(context.RequestAborted);
        try
        {
            var body = await AdminBody.ReadAsync(context, AdminJson.Default.ItemsBody);
            if (body.Items is not { Count: > 0 and <= MaxCount })
            {
                throw AdminRefusal.Invalid($"'items' must have 1 to {MaxCount} items.");
            }

            if (body.Items.Any(item => item?.Payload is null || item.Payload.Length > gateway.Value.MaxItemBytes))
            {
                throw AdminRefusal.Invalid(
                    $"Every item must have a payload of at most {gateway.Value.MaxItemBytes} bytes.");
            }

            var appended = await admin.AppendAsync(queue, [.. body.Items.Select(DraftOf)]);
            return new StoredReport(appended.Count, appended.Trouble);
        }
        finally
        {
            BodyTurns.Release();
        }
    }

    private static async Task<RedriveReport> RedriveAsync(
        string name, string to, int? count, [FromServices] IQueueAdmin admin)
    {
        var (source, target) = (QueueName.Parse(name), QueueName.Parse(to));
        if (source.Equals(target))
        {
            throw AdminRefusal.Invalid("A queue cannot be redriven into itself.");
        }

        var result = await admin.RedriveAsync(source, target, InRange(count ?? MaxCount, "count", MaxCount))
            ?? throw AdminRefusal.NotFound($"There is no queue {source}, or no queue {target}.");
        return new RedriveReport(result.Count, result.IsOver, result.Trouble);
    }

    private static ItemDraft DraftOf(ItemBody item)
        => new(
            new ReadOnlySequence<byte>(item.Payload), item.Flags,
            item.ExpiresAt is { } end ? Math.Max(1, end.ToUnixTimeMilliseconds()) : 0, MustSync: false);

    private static int InRange(int value, string name, int most)
        => value >= 1 && value <= most
            ? value
            : throw AdminRefusal.Invalid($"'{name}' must be 1 to {most}.");

    private static ItemPlace PlaceOf(string text)
    {
        var parts = text.Split(':');
        return parts.Length == 2
            && Guid.TryParseExact(parts[0], "n", out var store)
            && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var sequence)
                ? new ItemPlace(new StoreId(store), sequence)
                : throw AdminRefusal.Invalid("'from' must be the 'next' of an earlier answer.");
    }

    /// <summary>Lifts the limit of bodies where items come in.</summary>
    private sealed class BodyLimit(long bytes) : IRequestSizeLimitMetadata
    {
        public long? MaxRequestBodySize => bytes;
    }
}
