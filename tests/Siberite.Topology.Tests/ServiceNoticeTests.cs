using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Siberite.Testing;
using Siberite.Testing.Clusters;

namespace Siberite.Topology.Tests;

/// <summary>What a silo tells systemd, through a real socket.</summary>
[Trait("Category", "Slow")]
public sealed class ServiceNoticeTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/")]
    [InlineData("@")]
    public async Task Ready_comes_when_clients_are_served_and_stopping_before_they_are_sent_away(string kind)
    {
        var directory = Directory.CreateTempSubdirectory("siberite-notify-");
        try
        {
            var name = kind == "/" ? Path.Combine(directory.FullName, "socket") : $"@siberite-{Guid.NewGuid():n}";
            using var manager = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            manager.Bind(new UnixDomainSocketEndPoint(kind == "/" ? name : '\0' + name[1..]));
            var endPoint = FixedPorts.Next();
            using var process = Process.Start("env",
            [
                $"NOTIFY_SOCKET={name}", "dotnet", Repository.ServerAssembly, "-listen", $"{endPoint}",
                "-admin", "127.0.0.1:0", "-data", Path.Combine(directory.FullName, "data"),
            ]);

            var ready = await ReceiveAsync(manager);
            await using var client = await WireClient.ConnectAsync(endPoint, Cancellation);
            var version = await client.AskAsync("version", Cancellation);
            (await ToolRun.RunAsync("kill", "-TERM", $"{process.Id}")).MustSucceed("kill");
            var stopping = await ReceiveAsync(manager);
            await process.WaitForExitAsync(Cancellation).WaitAsync(Poll.Patience, Cancellation);

            Assert.Equal($"READY=1\nSTATUS=Serves memcache on {endPoint}.\n", ready);
            Assert.StartsWith("VERSION ", version, StringComparison.Ordinal);
            Assert.StartsWith("STOPPING=1\n", stopping, StringComparison.Ordinal);
            Assert.Equal(0, process.ExitCode);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task<string> ReceiveAsync(Socket manager)
    {
        var datagram = new byte[4_096];
        var count = await manager.ReceiveAsync(datagram, Cancellation).AsTask().WaitAsync(Poll.Patience, Cancellation);
        return Encoding.UTF8.GetString(datagram, 0, count);
    }
}
