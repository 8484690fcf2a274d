using System.CommandLine;
using System.Globalization;
using Siberite.Ctl.Admin;

namespace Siberite.Ctl.Commands;

/// <summary><c>siberitectl silo …</c>: one silo, by its admin address.</summary>
internal static class SiloCommands
{
    public static readonly Option<string> AdminAddress = new("--admin")
    {
        Description = "admin address of a silo",
        HelpName = "host:port",
        DefaultValueFactory = _ => "127.0.0.1:22180",
    };

    public static Command Create()
    {
        var status = new Command("status", "say whether a silo serves, and what it holds") { AdminAddress };
        status.SetAction((line, cancellation) => ShowStatusAsync(line.GetValue(AdminAddress)!, cancellation));
        return new Command("silo", "one silo") { status, MoveCommands.CreateDrain(AdminAddress) };
    }

    /// <returns><see cref="ExitCodes.Missing"/> when clients should not be sent to it.</returns>
    private static async Task<int> ShowStatusAsync(string address, CancellationToken cancellation)
    {
        using var admin = AdminClient.Create(address);
        var refusal = await admin.FindReluctanceAsync(cancellation);
        var report = await admin.ReadQueuesAsync(cancellation);
        Screen.Say(string.Create(
            CultureInfo.InvariantCulture,
            $"""
            silo     {address}: {refusal ?? "ready"}
            version  {report.Silo.Version}
            store    {report.Silo.StoreId} in {report.Silo.DataDirectory}
            up       {TimeSpan.FromSeconds(report.Silo.UptimeSeconds):c}
            queues   {report.Totals.Queues}
            items    {report.Totals.Items}
            """));
        return refusal is null ? ExitCodes.Done : ExitCodes.Missing;
    }
}
