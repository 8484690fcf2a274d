using System.Globalization;

namespace Siberite.Ctl.Bench;

/// <summary>What a server's process on this machine used while a load was counted.</summary>
internal sealed class ServerUsage(int? process)
{
    private TimeSpan? _timeAtBegin;

    public void Begin() => _timeAtBegin = ReadTime();

    /// <returns>Processor time per request and resident memory, as far as they can be had.</returns>
    public ServerCost End(long replies)
        => ReadTime() is { } time && _timeAtBegin is { } before && replies > 0
            ? new ServerCost((time - before).TotalMicroseconds / replies, ReadResidentBytes())
            : default;

    private TimeSpan? ReadTime()
    {
        if (process is null)
        {
            return null;
        }

        try
        {
            using var found = System.Diagnostics.Process.GetProcessById(process.Value);
            return found.TotalProcessorTime;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or IOException)
        {
            return null;
        }
    }

    private long? ReadResidentBytes()
    {
        try
        {
            var line = File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/status"))
                .FirstOrDefault(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
            return line is null
                ? null
                : 1024 * long.Parse(
                    line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null;
        }
    }
}

/// <summary>What a server used.</summary>
/// <param name="MicrosecondsPerRequest">Processor time; <see langword="null"/> if unknown.</param>
/// <param name="ResidentBytes">Memory at the end; <see langword="null"/> if unknown.</param>
internal readonly record struct ServerCost(double? MicrosecondsPerRequest, long? ResidentBytes);
