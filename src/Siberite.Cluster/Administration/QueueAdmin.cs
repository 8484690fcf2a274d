using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster;

/// <summary>Finds the homes that an operator's wish concerns.</summary>
internal sealed class QueueAdmin(
    QueueRouter router, IQueueSettingReader reader, IGrainFactory grains) : IQueueAdmin
{
    /// <inheritdoc/>
    public async ValueTask<bool> CreateAsync(QueueName name, IReadOnlyDictionary<string, string> settings)
    {
        var read = new QueueOptions();
        reader.Read(name, settings).Apply(read);
        var wantsMode = settings.Keys.Any(IsMode);
        if (await FindAsync(name) is not null)
        {
            return false;
        }

        await router.OpenAsync(name, wantsMode ? read.Mode : null);
        var home = (await FindAsync(name))?.Home.Stores ?? [];
        foreach (var store in home)
        {
            await GrainCallFailure.TranslateAsync(GrainOf(name, store).PersistAsync(), name);
        }

        var others = settings.Where(pair => !IsMode(pair.Key))
            .ToDictionary(pair => pair.Key, pair => (string?)pair.Value);
        return others.Count == 0 || await ChangeSettingsAsync(name, new SettingsChange(others, ReplacesAll: true));
    }

    /// <inheritdoc/>
    public async ValueTask<bool> DeleteAsync(QueueName name)
    {
        var isThere = await FindAsync(name) is not null;
        await router.Commits.WaitAsync(await router.DeleteAsync(name));
        return isThere;
    }

    /// <inheritdoc/>
    public async ValueTask<bool> PurgeAsync(QueueName name)
    {
        if (await FindAsync(name) is null)
        {
            return false;
        }

        if (await router.FindAsync(name) is { } queue)
        {
            await router.Commits.WaitAsync(await queue.PurgeAsync());
        }

        return true;
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<EffectiveSetting>?> GetSettingsAsync(QueueName name)
    {
        if (await FindAsync(name) is not { } found)
        {
            return null;
        }

        var settings = found.Home.Stores.Length == 0
            ? []
            : await GrainCallFailure.TranslateAsync(GrainOf(name, found.Home.Stores[0]).ExplainAsync(), name);
        return Array.ConvertAll(settings, setting => IsMode(setting.Key) && setting.Value != $"{found.Home.Mode}"
            ? new EffectiveSetting(setting.Key, $"{found.Home.Mode}", SettingOrigin.RunTime, Section: null)
            : setting);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> ChangeSettingsAsync(QueueName name, SettingsChange change)
        => await GrainCallFailure.FromDirectoryAsync(() => DirectoryOf(name).ChangeSettingsAsync(change), name);

    /// <inheritdoc/>
    public async ValueTask<ItemPage?> InspectAsync(QueueName name, ItemPlace? from, int maxCount, int maxBytes)
    {
        if (await FindAsync(name) is not { } found)
        {
            return null;
        }

        // One home after the other; of a strict queue there is one.
        var stores = found.Home.Stores;
        var index = from is { } place ? Array.IndexOf(stores, place.Store) : 0;
        if (stores.Length == 0 || index < 0)
        {
            return new ItemPage([], Next: null);
        }

        var page = await GrainCallFailure.TranslateAsync(
            GrainOf(name, stores[index]).InspectAsync(from?.Sequence ?? 1, maxCount, maxBytes), name);
        return page.Next is null && index + 1 < stores.Length
            ? page with { Next = new ItemPlace(stores[index + 1], Sequence: 1) }
            : page;
    }

    /// <inheritdoc/>
    public async ValueTask<AppendedItems> AppendAsync(QueueName name, IReadOnlyList<ItemDraft> drafts)
    {
        var append = await ItemAppends.AppendAsync(router, name, drafts);
        return new AppendedItems(append.PrefixCount, append.Trouble);
    }

    /// <inheritdoc/>
    public async ValueTask<RedriveResult?> RedriveAsync(QueueName source, QueueName target, int maxCount)
    {
        if (await FindAsync(source) is not { } found || await FindAsync(target) is null)
        {
            return null;
        }

        foreach (var store in found.Home.Stores)
        {
            var result = await GrainCallFailure.TranslateAsync(
                GrainOf(source, store).RedriveAsync(target, maxCount), source);
            if (result.Count > 0 || result.Trouble is not null)
            {
                var isLast = store == found.Home.Stores[^1] || result.Trouble is not null;
                return result with { IsOver = result.IsOver && isLast };
            }
        }

        return new RedriveResult(0, IsOver: true, Trouble: null);
    }

    private static bool IsMode(string key)
        => key.Equals(nameof(QueueOptions.Mode), StringComparison.OrdinalIgnoreCase);

    private async ValueTask<DirectorySettings?> FindAsync(QueueName name)
        => await GrainCallFailure.FromDirectoryAsync(() => DirectoryOf(name).GetSettingsAsync(), name);

    private IQueueDirectoryGrain DirectoryOf(QueueName name) => grains.GetGrain<IQueueDirectoryGrain>(name.Value);

    private IQueueAdminGrain GrainOf(QueueName name, StoreId store)
        => grains.GetGrain<IQueueAdminGrain>(new QueueAddress(name, store).ToKey());
}
