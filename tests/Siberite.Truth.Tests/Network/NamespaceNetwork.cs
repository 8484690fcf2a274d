using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Siberite.Testing;
using Siberite.Testing.Clusters;

namespace Siberite.Truth.Tests.Network;

/// <summary>A network namespace for each process, joined by a bridge in one more, where the clients are. Nothing of it
/// is in the machine's own namespace.</summary>
/// <remarks>Packets are dropped on arrival, so a cut looks to both ends like a broken cable: no error, only
/// silence.</remarks>
internal sealed class NamespaceNetwork : ClusterNetwork, IAsyncDisposable
{
    private const string Prefix = "siberite";
    private const string Hub = "hub";
    private const string Table = "inet cut";

    private readonly Dictionary<string, IPAddress> _addresses = [];
    private readonly Lock _gate = new(); // Guards the numbers below.
    private NamespaceThread? _thread;
    private int _lastPort = 20_000;

    private NamespaceNetwork()
    {
    }

    /// <summary>Why there can be none here; <see langword="null"/> if there can.</summary>
    public static async Task<string?> FindHindranceAsync()
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            return "Network namespaces are Linux's, and need root.";
        }

        var versions = await ToolRun.RunAsync("sh", "-c", "ip -V && nft --version");
        return versions.ExitCode == 0 ? null : "ip (iproute2) or nft (nftables) is not installed.";
    }

    /// <summary>Makes the network.</summary>
    /// <param name="places">The processes it is for.</param>
    public static async Task<NamespaceNetwork> CreateAsync(params string[] places)
    {
        await CleanUpAfterOthersAsync();
        var network = new NamespaceNetwork();
        try
        {
            await network.AddAsync(places);
            return network;
        }
        catch
        {
            await network.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public override IPEndPoint NewEndPoint(string place)
    {
        lock (_gate)
        {
            return new IPEndPoint(_addresses[place], ++_lastPort);
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> PrefixOf(string place) => ["ip", "netns", "exec", NameOf(place)];

    /// <inheritdoc/>
    public override Socket NewSocket() => _thread!.Run(base.NewSocket);

    /// <summary>Nothing that <paramref name="from"/> sends arrives at <paramref name="to"/> any more.</summary>
    public async Task CutOneWayAsync(string from, string to)
        => await RunAsync(
            "ip", "netns", "exec", NameOf(to), "nft", "add", "rule", "inet", "cut", "input", "ip", "saddr",
            _addresses[from].ToString(), "drop");

    /// <summary>Nothing gets from one to the other any more.</summary>
    public async Task CutAsync(string one, string other)
    {
        await CutOneWayAsync(one, other);
        await CutOneWayAsync(other, one);
    }

    /// <summary>Takes all cuts back.</summary>
    public async Task HealAsync()
    {
        foreach (var place in _addresses.Keys)
        {
            await RunAsync("ip", "netns", "exec", NameOf(place), "nft", "flush", "chain", "inet", "cut", "input");
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _thread?.Dispose();
        foreach (var place in _addresses.Keys.Append(Hub))
        {
            await ToolRun.RunAsync("ip", "netns", "delete", NameOf(place));
        }
    }

    private static string NameOf(string place) => NameOf(Environment.ProcessId, place);

    private static string NameOf(int owner, string place)
        => string.Create(CultureInfo.InvariantCulture, $"{Prefix}-{owner}-{place}");

    private async Task AddAsync(string[] places)
    {
        await RunAsync("ip", "netns", "add", NameOf(Hub));
        await InAsync(Hub, "ip", "link", "add", "bridge", "type", "bridge");
        await InAsync(Hub, "ip", "address", "add", "10.77.0.1/16", "dev", "bridge");
        await InAsync(Hub, "ip", "link", "set", "bridge", "up");
        await InAsync(Hub, "ip", "link", "set", "lo", "up");
        for (var i = 0; i < places.Length; i++)
        {
            var place = places[i];
            _addresses[place] = IPAddress.Parse($"10.77.1.{i + 1}");
            await RunAsync("ip", "netns", "add", NameOf(place));
            await InAsync(
                Hub, "ip", "link", "add", $"to-{place}", "type", "veth", "peer", "name", "eth0", "netns",
                NameOf(place));
            await InAsync(Hub, "ip", "link", "set", $"to-{place}", "master", "bridge", "up");
            await InAsync(place, "ip", "address", "add", $"{_addresses[place]}/16", "dev", "eth0");
            await InAsync(place, "ip", "link", "set", "eth0", "up");
            await InAsync(place, "ip", "link", "set", "lo", "up");
            await InAsync(
                place, "nft",
                $"add table {Table}; add chain {Table} input {{ type filter hook input priority 0; }}");
        }

        _thread = new NamespaceThread(NameOf(Hub));
    }

    private static Task InAsync(string place, params string[] command)
        => RunAsync(["ip", "netns", "exec", NameOf(place), .. command]);

    private static async Task RunAsync(params string[] command)
        => (await ToolRun.RunAsync(command[0], command[1..])).MustSucceed(string.Join(' ', command));

    /// <summary>A run that was killed could not clean up.</summary>
    private static async Task CleanUpAfterOthersAsync()
    {
        var list = await ToolRun.RunAsync("ip", "netns", "list");
        foreach (var name in list.Output.Split('\n').Select(line => line.Split(' ')[0]))
        {
            var words = name.Split('-', 3);
            if (words.Length == 3 && words[0] == Prefix && int.TryParse(words[1], out var owner)
                && !Directory.Exists($"/proc/{owner}"))
            {
                await ToolRun.RunAsync("ip", "netns", "delete", name);
            }
        }
    }
}
