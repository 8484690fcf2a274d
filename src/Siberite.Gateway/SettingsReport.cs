using System.Globalization;
using System.Reflection;
using System.Text;
using Siberite.Contracts;

namespace Siberite.Gateway;

/// <summary>Renders <c>dump_config</c>: what the settings tell each queue, in blocks like those of
/// <c>dump_stats</c>.</summary>
internal static class SettingsReport
{
    private static readonly PropertyInfo[] Settings =
        [.. typeof(QueueOptions).GetProperties(BindingFlags.Public | BindingFlags.Instance)];

    public static string Render(ClusterStats stats, IQueueSettings settings)
    {
        var report = new StringBuilder();
        foreach (var name in stats.Queues.Select(queue => queue.Name).Distinct().Order(StringComparer.Ordinal))
        {
            var options = settings.OptionsOf(QueueName.Parse(name));
            report.Append(CultureInfo.InvariantCulture, $"queue '{name}' {{\r\n");
            foreach (var setting in Settings)
            {
                report.Append(CultureInfo.InvariantCulture, $"  {setting.Name}={setting.GetValue(options)}\r\n");
            }

            report.Append("}\r\n");
        }

        return report.Append("END\r\n").ToString();
    }
}
