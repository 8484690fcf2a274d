using Microsoft.Extensions.Configuration;
using Siberite.Server.Settings;
using Siberite.Testing;

namespace Siberite.Server.Tests;

/// <summary>Every setting with values that make no sense, and every word of what the server says of them.</summary>
/// <remarks>In the file, a line with <c>&gt;</c> is what is set, by <c>;</c> if it takes several settings, and those
/// with <c>&lt;</c> below are the answer.</remarks>
public sealed class BadSettingTests
{
    /// <summary>Whatever they are is legal by itself.</summary>
    private static readonly string[] FreeTexts =
    [
        "Siberite:Cluster:AdvertisedAddress", "Siberite:Cluster:TlsKeyPath", "Siberite:Cluster:TlsAuthorityPath",
    ];

    private static readonly string[] Lines =
        File.ReadAllLines(Path.Combine(Repository.Root, "tests", "Siberite.Server.Tests", "BadSettings.txt"));

    [Fact]
    public void A_bad_value_is_refused_in_these_words()
    {
        var expected = Lines.Where(line => line.Length > 0 && line[0] != '#');
        var actual = expected.Where(line => line[0] == '>')
            .SelectMany(line => (string[])[line, .. AnswersTo(line[2..]).Select(answer => $"< {answer}")]);

        Assert.Equal(expected, actual);
    }

    [Fact]
    public void Every_setting_has_a_bad_value()
    {
        var tried = Lines.Where(line => line.StartsWith("> ", StringComparison.Ordinal))
            .SelectMany(line => line[2..].Split("; "))
            .Select(setting => setting[..setting.IndexOf('=')]);
        var all = from section in SiloSettings.Sections
                  from setting in SettingReader.SettingsOf(section.Value)
                  select $"{section.Key}:{setting.Name}";

        Assert.Equal(FreeTexts.Order(), all.Except(tried).Order());
    }

    private static string[] AnswersTo(string settings)
    {
        var values = settings.Split("; ").Select(setting => setting.Split('=', 2))
            .ToDictionary(pair => pair[0], pair => (string?)pair[1]);
        var refusal = Assert.Throws<StartException>(
            () => SiloSettings.Read(new ConfigurationBuilder().AddInMemoryCollection(values).Build()));
        Assert.Equal(ExitCodes.Usage, refusal.ExitCode);
        return refusal.Message.Split('\n');
    }
}
