using System.Globalization;
using System.Text.RegularExpressions;
using Siberite.Testing;
using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace Siberite.Topology.Tests;

/// <summary>Files for container engines and service managers, which no test here can start: whatever they name
/// exists.</summary>
public sealed partial class DeploymentFilesTests
{
    private const string MemcachePort = "22133";
    private const string AdminPort = "22180";

    private static readonly Dictionary<object, object> Compose = ReadCompose();

    private static string[] Silos
        => [.. Names("services").Where(name => name.StartsWith("silo", StringComparison.Ordinal))];

    [Fact]
    public void Compose_has_a_database_an_init_step_three_silos_and_a_balancer()
        => Assert.Equal(
            ["haproxy", "init", "postgres", "silo1", "silo2", "silo3"],
            Names("services").Order(StringComparer.Ordinal));

    [Fact]
    public void Whatever_compose_names_exists()
    {
        foreach (var service in Names("services"))
        {
            var parts = Service(service);
            Assert.Subset(Names("services").ToHashSet(), KeysOrItems(parts, "depends_on").ToHashSet());
            foreach (var volume in KeysOrItems(parts, "volumes").Select(text => text.Split(':')[0]))
            {
                Assert.True(
                    volume.StartsWith("./", StringComparison.Ordinal)
                        ? File.Exists(Path.Combine(Repository.Root, volume))
                        : Names("volumes").Contains(volume),
                    $"{service} names {volume}");
            }
        }

        var build = (Dictionary<object, object>)Service("init")["build"];
        Assert.True(File.Exists(Path.Combine(Repository.Root, (string)build["dockerfile"])));
        Assert.All(Silos, silo => Assert.Equal(Service("init")["image"], Service(silo)["image"]));
    }

    [Fact]
    public void Every_setting_in_compose_and_in_the_image_is_one()
    {
        var known = File.ReadLines(Path.Combine(Repository.Root, "infra/docs/settings.md"))
            .Where(line => line.StartsWith("| `Siberite:", StringComparison.Ordinal))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .Select(cells => $"{cells[1].Trim('`')}:{cells[2].Trim('`')}".Replace(":", "__", StringComparison.Ordinal))
            .ToHashSet(StringComparer.Ordinal);
        var named = Names("services")
            .SelectMany(service => KeysOrItems(Service(service), "environment"))
            .Concat(SettingName().Matches(Read("infra/docker/Dockerfile")).Select(match => match.Value))
            .Where(name => name.StartsWith("Siberite__", StringComparison.Ordinal))
            .ToHashSet(StringComparer.Ordinal);

        Assert.NotEmpty(named);
        Assert.Subset(known, named);
    }

    [Fact]
    public void The_password_may_hold_any_character()
    {
        var password = ((Dictionary<object, object>)Service("postgres")["environment"])["POSTGRES_PASSWORD"];
        foreach (var client in Silos.Append("init"))
        {
            // In a connection string a semicolon would end it.
            var settings = (Dictionary<object, object>)Service(client)["environment"];
            Assert.Equal(password, settings["PGPASSWORD"]);
            Assert.DoesNotContain(
                "SIBERITE_DB_PASSWORD", (string)settings["Siberite__Cluster__ConnectionString"],
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_silo_has_a_name_an_address_and_a_disk_of_its_own()
    {
        foreach (var silo in Silos)
        {
            var settings = (Dictionary<object, object>)Service(silo)["environment"];
            Assert.Equal(silo, settings["Siberite__Cluster__SiloName"]);
            Assert.Equal(silo, settings["Siberite__Cluster__AdvertisedAddress"]);
            Assert.Equal(silo, Service(silo)["hostname"]);
            Assert.Equal($"*:{MemcachePort}", settings["Siberite__Gateway__Listen"]);
            Assert.Equal($"*:{AdminPort}", settings["Siberite__Admin__Listen"]);
            Assert.Equal($"{silo}:/data", Assert.Single(KeysOrItems(Service(silo), "volumes")));
        }

        Assert.Contains(
            "Siberite__Storage__DataDirectory=/data", Read("infra/docker/Dockerfile"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_balancer_knows_every_silo_and_only_its_port_is_open()
    {
        var config = Read("infra/haproxy/haproxy.cfg");

        foreach (var silo in Silos)
        {
            var variable = silo.ToUpperInvariant();
            Assert.Contains(
                $"server {silo} \"${{{variable}-{silo}:{MemcachePort}}}\" port \"${{{variable}_ADMIN-{AdminPort}}}\"",
                config, StringComparison.Ordinal);
        }

        Assert.Contains($"SIBERITE_BIND-*:{MemcachePort}", config, StringComparison.Ordinal);
        var open = Names("services").Where(service => Service(service).ContainsKey("ports"));
        Assert.Equal("haproxy", Assert.Single(open));
        Assert.Equal([$"127.0.0.1:{MemcachePort}:{MemcachePort}"], KeysOrItems(Service("haproxy"), "ports"));
    }

    [Fact]
    public void The_image_shows_the_ports_that_are_used_and_does_not_run_as_root()
    {
        var lines = File.ReadAllLines(Path.Combine(Repository.Root, "infra/docker/Dockerfile"));
        var settings = (Dictionary<object, object>)Service("silo1")["environment"];

        Assert.Contains($"EXPOSE {MemcachePort} {AdminPort} {settings["Siberite__Cluster__SiloPort"]}", lines);
        Assert.Equal("USER siberite", lines.Last(line => line.StartsWith("USER ", StringComparison.Ordinal)));
        Assert.Contains(lines, line => line.Contains("useradd", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("HEALTHCHECK", StringComparison.Ordinal));
        Assert.Contains("ENTRYPOINT [\"dotnet\", \"/app/server/siberite.dll\"]", lines);
    }

    [Fact]
    public async Task The_unit_waits_long_enough_and_gives_flags_that_exist()
    {
        var unit = File.ReadLines(Path.Combine(Repository.Root, "infra/systemd/siberite.service"))
            .Where(line => line.Contains('=', StringComparison.Ordinal) && line[0] != '#')
            .Select(line => line.Split('=', 2))
            .GroupBy(pair => pair[0], pair => pair[1])
            .ToDictionary(group => group.Key, group => group.First());
        var help = (await ToolRun.RunAsync("dotnet", Repository.ServerAssembly, "-help")).Output;

        Assert.Equal("notify", unit["Type"]);
        Assert.Equal("yes", unit["NoNewPrivileges"]);
        Assert.Equal("strict", unit["ProtectSystem"]);
        Assert.All(
            unit["ExecStart"].Split(' ').Where(word => word[0] == '-'),
            flag => Assert.Contains($"  {flag} ", help, StringComparison.Ordinal));

        // DrainTimeout's default and what Orleans may take, as SiloProcess has it.
        var stop = TimeSpan.FromSeconds(int.Parse(unit["TimeoutStopSec"], CultureInfo.InvariantCulture));
        Assert.True(stop > TimeSpan.FromSeconds(5 + 20), $"TimeoutStopSec is {stop}");
        Assert.All(Silos, silo => Assert.Equal($"{stop.TotalSeconds:0}s", Service(silo)["stop_grace_period"]));
    }

    private static Dictionary<object, object> ReadCompose()
    {
        // Merging: "<<" takes in what an anchor names, as compose does.
        var parser = new MergingParser(new Parser(new StringReader(Read("docker-compose.yml"))));
        return (Dictionary<object, object>)new DeserializerBuilder().Build().Deserialize<object>(parser)!;
    }

    private static string Read(string path) => File.ReadAllText(Path.Combine(Repository.Root, path));

    private static IReadOnlyList<string> Names(string section)
        => [.. ((Dictionary<object, object>)Compose[section]).Keys.Cast<string>()];

    private static Dictionary<object, object> Service(string name)
        => (Dictionary<object, object>)((Dictionary<object, object>)Compose["services"])[name];

    /// <summary>Compose takes lists and maps in the same places.</summary>
    private static IReadOnlyList<string> KeysOrItems(Dictionary<object, object> parts, string key)
        => parts.GetValueOrDefault(key) switch
        {
            Dictionary<object, object> map => [.. map.Keys.Cast<string>()],
            List<object> list => [.. list.Cast<string>()],
            _ => [],
        };

    [GeneratedRegex(@"Siberite__\w+")]
    private static partial Regex SettingName();
}
