using System.Globalization;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster.Tests;

/// <summary>Knows two settings, as an older version would.</summary>
internal sealed class TestSettingReader : IQueueSettingReader
{
    public QueueLayer Read(QueueName name, IReadOnlyDictionary<string, string> values)
    {
        var apply = new Dictionary<string, Action<QueueOptions>>();
        foreach (var (key, text) in values)
        {
            if (key.Equals("MaxItems", StringComparison.OrdinalIgnoreCase)
                && long.TryParse(text, CultureInfo.InvariantCulture, out var limit))
            {
                apply["MaxItems"] = options => options.MaxItems = limit;
            }
            else if (key.Equals("Paused", StringComparison.OrdinalIgnoreCase) && bool.TryParse(text, out var isPaused))
            {
                apply["Paused"] = options => options.Paused = isPaused;
            }
            else
            {
                throw new SiberiteException(SiberiteError.SettingInvalid, $"{key} is '{text}'", inner: null);
            }
        }

        return new QueueLayer(name.Value, options => Array.ForEach([.. apply.Values], set => set(options)))
        {
            Keys = apply.Keys,
        };
    }
}
