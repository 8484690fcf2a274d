using Siberite.Contracts;

namespace Siberite.Cluster;

// What the queue is told at run time. Each home has a copy, in force there; the record has the last word.
internal sealed partial class QueueDirectoryGrain
{
    /// <inheritdoc/>
    public ValueTask<DirectorySettings?> GetSettingsAsync()
    {
        if (record.RecordExists)
        {
            return new(new DirectorySettings(record.State.ToHome(), record.State.Settings ?? []));
        }

        DeactivateOnIdle();
        return default;
    }

    /// <inheritdoc/>
    /// <remarks>The homes first: one that is away, or does not know a setting, refuses them all. Those that were told
    /// before it are told the old ones again.</remarks>
    public async ValueTask<bool> ChangeSettingsAsync(SettingsChange change)
    {
        if (!record.RecordExists)
        {
            DeactivateOnIdle();
            return false;
        }

        var old = record.State.Settings ?? [];
        var changed = Change(old, change);
        var told = new List<StoreId>();
        try
        {
            foreach (var store in record.State.ToHome().Stores)
            {
                told.Add(store);
                await TellAsync(store, changed);
            }

            record.State.Settings = changed.Count == 0 ? null : changed;
            await ChangeAsync(record.WriteStateAsync);
        }
        catch
        {
            record.State.Settings = old;
            await TellAgainAsync(told, old);
            throw;
        }

        LogSettingsChanged(log, this.GetPrimaryKeyString(), string.Join(", ", changed.Keys));
        return true;
    }

    /// <inheritdoc/>
    public async ValueTask ConfirmSettingsAsync(StoreId store, Dictionary<string, string> copy)
    {
        var isHome = record.RecordExists && record.State.Stores.Contains(store.Value);
        var right = isHome ? record.State.Settings ?? [] : [];
        if (!AreSame(right, copy))
        {
            await TellAsync(store, right);
        }
    }

    /// <summary>The queue is about to have another home.</summary>
    private Task TellSettingsAsync(StoreId store)
        => TellAsync(store, (record.RecordExists ? record.State.Settings : null) ?? []);

    private async Task TellAsync(StoreId store, Dictionary<string, string> settings)
        => await GrainCallFailure.TranslateAsync(
            GrainFactory.GetGrain<IQueueAdminGrain>(new QueueAddress(Name, store).ToKey()).ConfigureAsync(settings),
            Name);

    private async Task TellAgainAsync(List<StoreId> stores, Dictionary<string, string> settings)
    {
        foreach (var store in stores)
        {
            try
            {
                await TellAsync(store, settings);
            }
            catch (SiberiteException e)
            {
                LogNotTold(log, this.GetPrimaryKeyString(), store, e.Message); // It compares at its next start.
            }
        }
    }

    /// <returns>The settings as changed, under the names that the code has for them.</returns>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.SettingInvalid"/>.</exception>
    private Dictionary<string, string> Change(Dictionary<string, string> old, SettingsChange change)
    {
        const string Mode = nameof(QueueOptions.Mode);
        if (change.Values.Keys.FirstOrDefault(key => key.Equals(Mode, StringComparison.OrdinalIgnoreCase)) is { } mode)
        {
            throw new SiberiteException(
                SiberiteError.SettingInvalid,
                $"{QueueOptions.Section}:{Name}:{mode} counts when a queue is created: delete the queue first.",
                inner: null);
        }

        var changed = new Dictionary<string, string>(
            change.ReplacesAll ? [] : old, StringComparer.OrdinalIgnoreCase);
        foreach (var (key, value) in change.Values)
        {
            if (value is null)
            {
                changed.Remove(key);
            }
            else
            {
                changed[key] = value;
            }
        }

        return reader.Read(Name, changed).Keys.ToDictionary(key => key, key => changed[key]);
    }

    private static bool AreSame(Dictionary<string, string> one, Dictionary<string, string> other)
        => one.Count == other.Count
            && one.All(pair => other.TryGetValue(pair.Key, out var value) && value == pair.Value);
}
