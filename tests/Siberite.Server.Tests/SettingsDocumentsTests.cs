using System.Globalization;
using System.Xml.Linq;
using Microsoft.Extensions.Configuration;
using Siberite.Contracts;
using Siberite.Server.Settings;
using Siberite.Testing;

namespace Siberite.Server.Tests;

/// <summary>The settings file and the page about settings say exactly what the code does.</summary>
public sealed class SettingsDocumentsTests
{
    [Fact]
    public void The_settings_file_has_every_setting_at_its_default_and_nothing_else()
    {
        var file = new ConfigurationBuilder()
            .AddJsonFile(Path.Combine(Repository.Root, "appsettings", "appsettings.json"))
            .Build();

        var found = file.GetSection("Siberite").AsEnumerable()
            .Where(setting => setting.Value is not null)
            .ToDictionary(setting => setting.Key, setting => Normal(setting.Value!));

        Assert.Equal(Defaults().OrderBy(pair => pair.Key), found.OrderBy(pair => pair.Key));
    }

    [Fact]
    public void The_clusters_settings_file_has_every_setting_of_a_cluster_at_its_default_but_for_the_mode()
    {
        var file = new ConfigurationBuilder()
            .AddJsonFile(Path.Combine(Repository.Root, "appsettings", "appsettings.Cluster.json"))
            .Build();

        var found = file.AsEnumerable()
            .Where(setting => setting.Value is not null)
            .ToDictionary(setting => setting.Key, setting => Normal(setting.Value!));

        var expected = Defaults()
            .Where(setting => setting.Key.StartsWith("Siberite:Cluster:", StringComparison.Ordinal))
            .ToDictionary();
        expected["Siberite:Cluster:Mode"] = "Cluster";
        Assert.Equal(expected.OrderBy(pair => pair.Key), found.OrderBy(pair => pair.Key));
    }

    [Fact]
    public void The_settings_page_has_every_setting_at_its_default_and_nothing_else()
    {
        var page = SettingRows(File.ReadLines(Path.Combine(Repository.Root, "infra", "docs", "settings.md"))).ToList();

        var found = page.ToDictionary(
            cells => $"{cells[1].Trim('`')}:{cells[2].Trim('`')}", cells => Normal(cells[4].Trim('`')));

        Assert.Equal(Defaults().OrderBy(pair => pair.Key), found.OrderBy(pair => pair.Key));
        Assert.All(page, cells => Assert.NotEmpty(cells[3]));
        Assert.All(page, cells => Assert.NotEmpty(cells[5]));
    }

    /// <remarks>What is read again is what <see cref="SettingsReload"/> puts in force: sections of queues.</remarks>
    [Fact]
    public void The_settings_page_says_where_each_setting_counts_and_whether_it_is_read_again()
    {
        var lines = File.ReadAllLines(Path.Combine(Repository.Root, "infra", "docs", "settings.md"));
        var scopes = lines.SkipWhile(line => line != "## Where a setting counts")
            .Where(line => line.StartsWith("| `Siberite:", StringComparison.Ordinal))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .ToDictionary(cells => cells[1].Trim('`'), cells => (Scope: cells[2], IsReadAgain: cells[3]));

        Assert.Equal(SiloSettings.Sections.Keys.Order(), scopes.Keys.Order());
        Assert.All(scopes, section =>
        {
            Assert.NotEmpty(section.Value.Scope);
            Assert.Equal(section.Key == SiloSettings.QueueDefaults ? "yes" : "no", section.Value.IsReadAgain);
        });
        Assert.All(SettingRows(lines), cells => Assert.Equal(scopes[cells[1].Trim('`')].IsReadAgain, cells[6]));
    }

    [Fact]
    public void Every_setting_says_its_default_and_reason_in_its_doc_comment()
    {
        var comments = XDocument.Load(Path.ChangeExtension(typeof(GatewayOptions).Assembly.Location, ".xml"))
            .Descendants("member")
            .ToDictionary(member => member.Attribute("name")!.Value, member => member.Value);

        Assert.All(Settings(), setting =>
        {
            var comment = comments[$"P:{setting.Options.FullName}.{setting.Name}"];
            Assert.Contains("Default", comment, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Every_options_class_is_read()
    {
        var all = typeof(GatewayOptions).Assembly.GetExportedTypes()
            .Where(type => type.Name.EndsWith("Options", StringComparison.Ordinal));

        Assert.Equal(all.OrderBy(type => type.Name), SiloSettings.Sections.Values.OrderBy(type => type.Name));
    }

    /// <summary>Section, key, unit, default, meaning, and whether it is read again.</summary>
    private static IEnumerable<string[]> SettingRows(IEnumerable<string> page)
        => page.TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal))
            .Where(line => line.StartsWith("| `Siberite:", StringComparison.Ordinal))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries));

    private static Dictionary<string, string> Defaults()
        => Settings().ToDictionary(
            setting => $"{setting.Section}:{setting.Name}",
            setting => Normal(Convert.ToString(setting.Default, CultureInfo.InvariantCulture)!));

    private static IEnumerable<(string Section, Type Options, string Name, object Default)> Settings()
        => from section in SiloSettings.Sections
           from setting in SettingReader.SettingsOf(section.Value)
           select (section.Key, section.Value, setting.Name,
               setting.GetValue(Activator.CreateInstance(section.Value))!);

    /// <summary>JSON's <c>True</c> is <c>true</c>, and <c>00:00:00.1</c> is <c>00:00:00.1000000</c>.</summary>
    private static string Normal(string value)
        => value.Count(c => c == ':') == 2 && TimeSpan.TryParse(value, CultureInfo.InvariantCulture, out var duration)
            ? duration.ToString()
            : bool.TryParse(value, out var truth) ? truth.ToString() : value;
}
