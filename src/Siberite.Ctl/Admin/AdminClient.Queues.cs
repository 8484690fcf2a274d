using System.Globalization;
using System.Net.Http.Json;

namespace Siberite.Ctl.Admin;

// One queue: its figures, settings and items.
internal sealed partial class AdminClient
{
    /// <summary>A page of queues, by name.</summary>
    public Task<QueuesAnswer> ListQueuesAsync(string filter, int skip, CancellationToken cancellation)
        => ReadAsync(
            HttpMethod.Get,
            string.Create(
                CultureInfo.InvariantCulture,
                $"api/queues?sort=name&order=asc&skip={skip}&filter={Uri.EscapeDataString(filter)}"),
            AdminJson.Default.QueuesAnswer, cancellation);

    /// <summary>One queue.</summary>
    public Task<QueueAnswer> ReadQueueAsync(string queue, CancellationToken cancellation)
        => ReadAsync(HttpMethod.Get, QueuePath(queue), AdminJson.Default.QueueAnswer, cancellation);

    /// <summary>Makes a queue.</summary>
    public Task CreateQueueAsync(
        string queue, Dictionary<string, string?> settings, CancellationToken cancellation)
        => DoAsync(HttpMethod.Post, QueuePath(queue), cancellation, SettingsContent(settings));

    /// <summary>Deletes a queue with all its items.</summary>
    public Task DeleteQueueAsync(string queue, CancellationToken cancellation)
        => DoAsync(HttpMethod.Delete, QueuePath(queue), cancellation);

    /// <summary>Purges, pauses or resumes a queue.</summary>
    public Task ActOnQueueAsync(string queue, string act, CancellationToken cancellation)
        => DoAsync(HttpMethod.Post, QueuePath(queue, $"/{act}"), cancellation);

    /// <summary>What a queue is told.</summary>
    public Task<SettingsAnswer> ReadSettingsAsync(string queue, CancellationToken cancellation)
        => ReadAsync(HttpMethod.Get, QueuePath(queue, "/settings"), AdminJson.Default.SettingsAnswer, cancellation);

    /// <summary>Changes some of what a queue is told at run time; <see langword="null"/> takes a setting
    /// away.</summary>
    public Task ChangeSettingsAsync(
        string queue, Dictionary<string, string?> changes, CancellationToken cancellation)
        => DoAsync(HttpMethod.Patch, QueuePath(queue, "/settings"), cancellation, SettingsContent(changes));

    /// <summary>Takes away all a queue is told at run time.</summary>
    public Task ClearSettingsAsync(string queue, CancellationToken cancellation)
        => DoAsync(HttpMethod.Delete, QueuePath(queue, "/settings"), cancellation);

    /// <summary>Items as they lie in the queue, with a text of their first bytes.</summary>
    public Task<ItemsAnswer> PeekAsync(string queue, int count, int cut, CancellationToken cancellation)
        => ReadAsync(
            HttpMethod.Get,
            string.Create(CultureInfo.InvariantCulture, $"{QueuePath(queue, "/items")}?count={count}&cut={cut}"),
            AdminJson.Default.ItemsAnswer, cancellation);

    /// <summary>Whole items, from a place on.</summary>
    public Task<ItemsAnswer> ReadItemsAsync(string queue, string? from, CancellationToken cancellation)
        => ReadAsync(
            HttpMethod.Get,
            QueuePath(queue, "/items?count=1000&whole=true")
                + (from is null ? "" : $"&from={Uri.EscapeDataString(from)}"),
            AdminJson.Default.ItemsAnswer, cancellation);

    /// <summary>Appends items.</summary>
    public Task<StoredAnswer> AppendAsync(string queue, ItemsQuestion items, CancellationToken cancellation)
        => ReadAsync(
            HttpMethod.Post, QueuePath(queue, "/items"), AdminJson.Default.StoredAnswer, cancellation,
            JsonContent.Create(items, AdminJson.Default.ItemsQuestion));

    /// <summary>Moves some items to another queue.</summary>
    public Task<RedriveAnswer> RedriveAsync(string queue, string to, long count, CancellationToken cancellation)
        => ReadAsync(
            HttpMethod.Post,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{QueuePath(queue, "/redrive")}?to={Uri.EscapeDataString(to)}&count={count}"),
            AdminJson.Default.RedriveAnswer, cancellation);

    private static string QueuePath(string queue, string rest = "")
        => $"api/queues/{Uri.EscapeDataString(queue)}{rest}";

    private static JsonContent SettingsContent(Dictionary<string, string?> settings)
        => JsonContent.Create(settings, AdminJson.Default.DictionaryStringString);

    private async Task DoAsync(
        HttpMethod method, string path, CancellationToken cancellation, HttpContent? body = null)
    {
        using var answer = await SucceedAsync(method, path, body, cancellation);
    }
}
