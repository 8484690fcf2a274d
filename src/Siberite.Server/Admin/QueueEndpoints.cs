using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Siberite.Contracts;

namespace Siberite.Server.Admin;

/// <summary>What operators do with queues and their settings.</summary>
/// <remarks>
/// <code>
/// GET    /api/queues                      all queues, a page of them
/// GET    /api/queues/{name}               one queue
/// POST   /api/queues/{name}               makes it; a body may have its settings
/// DELETE /api/queues/{name}               deletes it with all items
/// POST   /api/queues/{name}/purge         drops the items that wait
/// POST   /api/queues/{name}/pause         refuses reads
/// POST   /api/queues/{name}/resume        serves them again
/// GET    /api/queues/{name}/settings      what it is told, and where each value comes from
/// PUT    /api/queues/{name}/settings      replaces what it is told at run time
/// PATCH  /api/queues/{name}/settings      changes some of that; null takes a setting away
/// DELETE /api/queues/{name}/settings      takes all of it away
/// </code>
/// </remarks>
internal static class QueueEndpoints
{
    public static void MapQueues(this WebApplication app)
    {
        var queues = app.MapGroup("/api/queues").WithTags("Queues");
        queues.MapGet("", (
                string? filter, string? sort, string? order, int? skip, int? take, [FromServices] ClusterBoard board,
                [FromServices] SiloFactsReader facts)
                => BoardReport.ReadAsync(new BoardQuery(filter, sort, order, skip, take), board, facts))
            .WithSummary("The queues of all silos that can be reached, a page of them, and the silos.");
        queues.MapGet("/{name}", ReadAsync)
            .WithSummary("One queue, with its figures on each silo that has items of it.");
        queues.MapPost("/{name}", CreateAsync)
            .Accepts<Dictionary<string, JsonElement>>(isOptional: true, "application/json")
            .WithSummary("Makes a queue; it lasts although it has no items. The body may have its settings.");
        queues.MapDelete("/{name}", async (string name, [FromServices] IQueueAdmin admin)
                => Done(await admin.DeleteAsync(QueueName.Parse(name)), name))
            .WithSummary("Deletes a queue with all its items and settings.");
        queues.MapPost("/{name}/purge", async (string name, [FromServices] IQueueAdmin admin)
                => Done(await admin.PurgeAsync(QueueName.Parse(name)), name))
            .WithSummary("Drops every item that waits. Those in the hands of clients stay.");
        queues.MapPost("/{name}/pause", (string name, [FromServices] IQueueAdmin admin)
                => ChangeAsync(admin, name, new() { [nameof(QueueOptions.Paused)] = "true" }, replacesAll: false))
            .WithSummary("Refuses reads with SERVER_ERROR queue paused, until it is resumed. Sets go on.");
        queues.MapPost("/{name}/resume", ResumeAsync).WithSummary("Serves reads again.");
        MapSettings(queues.MapGroup("/{name}/settings").WithTags("Settings"));
    }

    private static void MapSettings(RouteGroupBuilder settings)
    {
        settings.MapGet("", async (string name, [FromServices] IQueueAdmin admin)
                => await ReadSettingsAsync(QueueName.Parse(name), admin))
            .WithSummary("Every setting of a queue, with where its value comes from.");
        settings.MapPut("", (string name, Dictionary<string, JsonElement> values, [FromServices] IQueueAdmin admin)
                => ChangeAsync(admin, name, TextsOf(values), replacesAll: true))
            .WithSummary("Replaces what a queue is told at run time. If one value is wrong, all old ones stay.");
        settings.MapPatch("", (string name, Dictionary<string, JsonElement> values, [FromServices] IQueueAdmin admin)
                => ChangeAsync(admin, name, TextsOf(values), replacesAll: false))
            .WithSummary("Changes some of what a queue is told at run time; null takes a setting away.");
        settings.MapDelete("", (string name, [FromServices] IQueueAdmin admin)
                => ChangeAsync(admin, name, [], replacesAll: true))
            .WithSummary("Takes away all that a queue is told at run time, so that the files count again.");
    }

    private static async Task<QueueReport> ReadAsync(
        string name, [FromServices] IQueueAdmin admin, [FromServices] IQueueRouter router)
    {
        var queue = QueueName.Parse(name);
        var stats = await router.GetStatsAsync(queue, StatsScope.Cluster);
        var settings = await admin.GetSettingsAsync(queue);
        if (settings is null && stats.Queues.Count == 0)
        {
            throw AdminRefusal.NoQueue(queue);
        }

        var silos = stats.Silos.ToDictionary(silo => silo.Store, silo => silo.Name);
        return new QueueReport(
            name, ValueOf(settings, nameof(QueueOptions.Mode)) ?? $"{QueueMode.Strict}", IsPaused(settings),
            stats.Queues.Sum(home => home.ItemCount), stats.Queues.Sum(home => home.ItemBytes),
            [.. stats.Queues.Select(home => QueueHomeReport.Of(home, silos.GetValueOrDefault(home.Store, "")))]);
    }

    private static async Task<NoContent> CreateAsync(string name, HttpContext context, [FromServices] IQueueAdmin admin)
    {
        Dictionary<string, JsonElement>? values = null;
        if (context.Request.ContentLength > 0 || context.Request.Headers.TransferEncoding.Count > 0)
        {
            values = await AdminBody.ReadAsync(context, AdminJson.Default.DictionaryStringJsonElement);
        }

        var settings = TextsOf(values ?? [])
            .Where(pair => pair.Value is not null)
            .ToDictionary(pair => pair.Key, pair => pair.Value!);
        return await admin.CreateAsync(QueueName.Parse(name), settings)
            ? TypedResults.NoContent()
            : throw new AdminRefusal(StatusCodes.Status409Conflict, $"There is a queue {name} already.");
    }

    /// <remarks>If a settings file pauses the queue, it takes a setting to resume it.</remarks>
    private static async Task<NoContent> ResumeAsync(string name, [FromServices] IQueueAdmin admin)
    {
        const string Paused = nameof(QueueOptions.Paused);
        await ChangeAsync(admin, name, new() { [Paused] = null }, replacesAll: false);
        return IsPaused(await admin.GetSettingsAsync(QueueName.Parse(name)))
            ? await ChangeAsync(admin, name, new() { [Paused] = "false" }, replacesAll: false)
            : TypedResults.NoContent();
    }

    private static async Task<SettingsReport> ReadSettingsAsync(QueueName name, IQueueAdmin admin)
        => await admin.GetSettingsAsync(name) is { } settings
            ? new SettingsReport(name.Value, [.. settings.Select(SettingRow.Of)])
            : throw AdminRefusal.NoQueue(name);

    private static async Task<NoContent> ChangeAsync(
        IQueueAdmin admin, string name, Dictionary<string, string?> values, bool replacesAll)
        => Done(await admin.ChangeSettingsAsync(QueueName.Parse(name), new SettingsChange(values, replacesAll)), name);

    private static NoContent Done(bool isDone, string name)
        => isDone ? TypedResults.NoContent() : throw AdminRefusal.NoQueue(QueueName.Parse(name));

    private static bool IsPaused(IReadOnlyList<EffectiveSetting>? settings)
        => ValueOf(settings, nameof(QueueOptions.Paused)) == bool.TrueString;

    private static string? ValueOf(IReadOnlyList<EffectiveSetting>? settings, string key)
        => settings?.FirstOrDefault(setting => setting.Key == key)?.Value;

    /// <summary>Numbers and truths need no quotes; a null stays one.</summary>
    private static Dictionary<string, string?> TextsOf(Dictionary<string, JsonElement> values)
    {
        var texts = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        foreach (var (key, value) in values)
        {
            var text = value.ValueKind switch
            {
                JsonValueKind.Null => null,
                JsonValueKind.String => value.GetString(),
                JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
                _ => throw AdminRefusal.Invalid($"{key} must be a text, a number, true, false or null."),
            };
            if (!texts.TryAdd(key, text))
            {
                throw AdminRefusal.Invalid($"{key} is given twice.");
            }
        }

        return new Dictionary<string, string?>(texts);
    }
}
