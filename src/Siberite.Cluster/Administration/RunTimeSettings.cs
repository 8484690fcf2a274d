using System.Globalization;
using MemoryPack;
using Microsoft.Extensions.Logging;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster;

/// <summary>What queues of this silo are told at run time, kept in its store: a start needs nobody else.</summary>
/// <remarks>
/// The directory's record has the last word; this is each home's copy of it. The directory changes the copies first
/// and then its record, so a crash between leaves a copy that differs. It is put right at the next start, when every
/// copy is compared with the record in the background: what differs is replaced, and what is no longer at home here
/// goes.
/// </remarks>
internal sealed partial class RunTimeSettings : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    /// <summary>Pieces of state that the copies are spread over, by name. 256: a change writes one of them, which with
    /// 10,000 such queues holds 40.</summary>
    private const int BucketCount = 256;

    private readonly LocalQueues _queues;
    private readonly IQueueSettingReader _reader;
    private readonly IGrainFactory _grains;
    private readonly TimeProvider _time;
    private readonly ILogger<RunTimeSettings> _log;
    private readonly Lock _gate = new(); // Guards the buckets.
    private readonly Dictionary<string, Dictionary<string, string>>[] _buckets =
        new Dictionary<string, Dictionary<string, string>>[BucketCount];

    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Puts in force what the store has.</summary>
    public RunTimeSettings(
        LocalQueues queues, IQueueSettingReader reader, IGrainFactory grains, TimeProvider time,
        ILogger<RunTimeSettings> log)
    {
        _queues = queues;
        _reader = reader;
        _grains = grains;
        _time = time;
        _log = log;
        Load();
    }

    /// <summary>Time between tries to compare a copy with the record. 5 s: the directory's storage may take a moment
    /// longer than this silo to come up.</summary>
    private static TimeSpan RetryDelay { get; } = TimeSpan.FromSeconds(5);

    /// <summary>Replaces what a queue is told. Durable and in force when it completes.</summary>
    /// <param name="name">The queue.</param>
    /// <param name="values">All of it; empty for nothing.</param>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.SettingInvalid"/>: the old ones stay.</exception>
    public async Task ReplaceAsync(QueueName name, IReadOnlyDictionary<string, string> values)
    {
        var layer = values.Count == 0 ? null : _reader.Read(name, values);
        await _queues.Commits.WaitAsync(Put(name, values) with { Level = CommitLevel.Synced });
        _queues.Settings.ReplaceRunTime([new(name, layer)]);
        _queues.Find(name)?.TakeUpSettings();
    }

    /// <summary>The queue is gone from here. To be called before whoever asked for that is answered.</summary>
    public void Forget(QueueName name)
    {
        if (Of(name).Count > 0)
        {
            Put(name, new Dictionary<string, string>());
            _queues.Settings.ReplaceRunTime([new(name, null)]);
        }
    }

    /// <summary>This home's copy.</summary>
    public IReadOnlyDictionary<string, string> Of(QueueName name)
    {
        lock (_gate)
        {
            return _buckets[BucketOf(name)].GetValueOrDefault(name.Value) ?? [];
        }
    }

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle)
        => lifecycle.Subscribe(
            nameof(RunTimeSettings),
            ServiceLifecycleStage.Active,
            cancellation =>
            {
                _ = Task.Run(CompareAllAsync, CancellationToken.None);
                return Task.CompletedTask;
            },
            cancellation => _stopping.CancelAsync());

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    /// <summary>FNV-1a: the same in every run and version.</summary>
    private static int BucketOf(QueueName name)
    {
        var hash = 2166136261u;
        foreach (var b in name.Utf8.Span)
        {
            hash = (hash ^ b) * 16777619;
        }

        return (int)(hash % BucketCount);
    }

    private static string KeyOf(int bucket)
        => string.Create(CultureInfo.InvariantCulture, $"run-time-settings/{bucket:x2}");

    private void Load()
    {
        var layers = new List<KeyValuePair<QueueName, QueueLayer?>>();
        for (var i = 0; i < BucketCount; i++)
        {
            _buckets[i] = _queues.ReadState(KeyOf(i)) is { } stored
                ? MemoryPackSerializer.Deserialize<SettingsBucket>(stored)!.Queues
                : [];
            foreach (var (name, values) in _buckets[i])
            {
                if (TryRead(QueueName.Parse(name), values) is { } layer)
                {
                    layers.Add(new(QueueName.Parse(name), layer));
                }
            }
        }

        if (layers.Count > 0)
        {
            _queues.Settings.ReplaceRunTime(layers);
        }
    }

    /// <remarks>An older version, or one with other limits, must start all the same: what it cannot read does not count
    /// until somebody changes it.</remarks>
    private QueueLayer? TryRead(QueueName name, Dictionary<string, string> values)
    {
        try
        {
            return _reader.Read(name, values);
        }
        catch (SiberiteException e) when (e.Error == SiberiteError.SettingInvalid)
        {
            LogUnreadable(_log, name.Value, e.Message);
            return null;
        }
    }

    private Commit Put(QueueName name, IReadOnlyDictionary<string, string> values)
    {
        var index = BucketOf(name);
        lock (_gate)
        {
            var bucket = _buckets[index];
            if (values.Count == 0)
            {
                bucket.Remove(name.Value);
            }
            else
            {
                bucket[name.Value] = new Dictionary<string, string>(values);
            }

            var stored = bucket.Count == 0
                ? null
                : MemoryPackSerializer.Serialize(new SettingsBucket { Queues = bucket });
            return _queues.PutState(KeyOf(index), stored);
        }
    }

    private async Task CompareAllAsync()
    {
        QueueName[] names;
        lock (_gate)
        {
            names = [.. _buckets.SelectMany(bucket => bucket.Keys).Select(QueueName.Parse)];
        }

        try
        {
            foreach (var name in names)
            {
                while (!await TryCompareAsync(name))
                {
                    await Task.Delay(RetryDelay, _time, _stopping.Token);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The next run compares.
        }
    }

    /// <returns>Whether the copy is right now.</returns>
    internal async Task<bool> TryCompareAsync(QueueName name)
    {
        try
        {
            _stopping.Token.ThrowIfCancellationRequested();
            await _grains.GetGrain<IQueueDirectoryGrain>(name.Value)
                .ConfirmSettingsAsync(_queues.StoreId, new Dictionary<string, string>(Of(name)));
            return true;
        }
        catch (Exception e) when (e is OrleansException or TimeoutException or SiberiteException)
        {
            LogNotCompared(_log, name.Value, e.Message);
            return false;
        }
    }

    [LoggerMessage(2101, LogLevel.Error,
        "Queue {Queue} was told something at run time that this silo does not understand, so it does not count: "
        + "{Reason}")]
    private static partial void LogUnreadable(ILogger log, string queue, string reason);

    [LoggerMessage(2102, LogLevel.Debug,
        "What queue {Queue} is told at run time could not be compared with the directory: {Reason}")]
    private static partial void LogNotCompared(ILogger log, string queue, string reason);
}

/// <summary>Some queues' settings at run time as they are stored. Members are only ever added, with the next
/// order.</summary>
[MemoryPackable(GenerateType.VersionTolerant)]
internal sealed partial class SettingsBucket
{
    /// <summary>By the queue's name: values by key.</summary>
    [MemoryPackOrder(0)]
    public Dictionary<string, Dictionary<string, string>> Queues { get; set; } = [];
}
