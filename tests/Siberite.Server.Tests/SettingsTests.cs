using Microsoft.Extensions.Configuration;
using Siberite.Contracts;
using Siberite.Server.Settings;

namespace Siberite.Server.Tests;

public sealed class SettingsTests
{
    [Fact]
    public void Nothing_set_gives_the_defaults()
    {
        var settings = Read();

        Assert.Equal("127.0.0.1:22133", settings.Gateway.Listen);
        Assert.Equal(Durability.Always, settings.Storage.Durability);
        Assert.Equal(TimeSpan.FromDays(24), settings.Gateway.MaxWait);
    }

    [Fact]
    public void Keys_and_names_do_not_depend_on_case()
    {
        var settings = Read(("siberite:storage:durability", "OS"), ("SIBERITE:GATEWAY:ALLOWFLUSHALL", "False"));

        Assert.Equal(Durability.Os, settings.Storage.Durability);
        Assert.False(settings.Gateway.AllowFlushAll);
    }

    [Fact]
    public void Durations_are_read_to_the_fraction()
        => Assert.Equal(
            TimeSpan.FromMilliseconds(250),
            Read(("Siberite:Storage:SyncInterval", "00:00:00.25")).Storage.SyncInterval);

    [Theory]
    [InlineData("Siberite:Gateway:MaxKeys", "many", "must be a whole number")]
    [InlineData("Siberite:Gateway:MaxKeys", "1.5", "must be a whole number")]
    [InlineData("Siberite:Gateway:MaxKeys", "99999999999", "must be a whole number")]
    [InlineData("Siberite:Gateway:MaxKeys", "", "must be a whole number")]
    [InlineData("Siberite:Gateway:MaxKeys", "0", "must be 1 to 10000")]
    [InlineData("Siberite:Gateway:MaxItemBytes", "67108865", "must be 1 to 67108864")]
    [InlineData("Siberite:Gateway:IdleTimeout", "5", "must be a duration")]
    [InlineData("Siberite:Gateway:IdleTimeout", "-00:00:01", "must be 00:00:00 to")]
    [InlineData("Siberite:Gateway:Listen", "22133", "must be host:port")]
    [InlineData("Siberite:Gateway:HonourExpiration", "yes", "must be true or false")]
    [InlineData("Siberite:Storage:Durability", "sometimes", "must be Always, Interval or Os")]
    [InlineData("Siberite:Storage:Durability", "1", "must be Always, Interval or Os")]
    [InlineData("Siberite:Storage:Durability", "Always,Os", "must be Always, Interval or Os")]
    [InlineData("Siberite:Storage:SyncInterval", "00:00:00", "must be 00:00:00.0010000 to")]
    [InlineData("Siberite:Cluster:WaitSlice", "00:00:11", "must be 00:00:00.1000000 to 00:00:10")]
    [InlineData("Siberite:Cluster:WaitSlice", "00:00:00", "must be 00:00:00.1000000 to 00:00:10")]
    [InlineData("Siberite:Admin:Listen", "127.0.0.1:22133", "must be another port")]
    [InlineData("Siberite:Gateway:MaxInFlightBytes", "65536", "must hold one item")]
    public void A_value_that_makes_no_sense_is_refused_with_its_path_and_what_would(
        string path, string value, string expected)
    {
        var refusal = Assert.Throws<StartException>(() => Read((path, value)));

        Assert.Equal(ExitCodes.Usage, refusal.ExitCode);
        Assert.StartsWith($"{path} is ", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(value, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(expected, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Siberite:Gateway:MaxKey")]
    [InlineData("Siberite:Gatewy:MaxKeys")]
    [InlineData("Siberite:Gateway:MaxKeys:Deep")]
    [InlineData("Siberite:Gateway")]
    [InlineData("Siberite:MaxKeys")]
    public void A_key_that_does_not_exist_is_refused_by_its_path(string path)
    {
        var refusal = Assert.Throws<StartException>(() => Read((path, "1")));

        Assert.Contains("unknown setting Siberite:", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_mistake_is_named_at_once()
    {
        var refusal = Assert.Throws<StartException>(
            () => Read(("Siberite:Nonsense:A", "1"), ("Siberite:Gateway:MaxKeys", "x")));

        Assert.Contains("Siberite:Nonsense", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("Siberite:Gateway:MaxKeys", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_programs_settings_are_none_of_ours()
        => Read(("Serilog:Siberite", "x"), ("SiberiteOther:Key", "x"));

    [Fact]
    public void Every_number_and_duration_has_a_range()
    {
        var ranged =
            from section in SiloSettings.Sections
            from setting in SettingReader.SettingsOf(section.Value)
            where setting.PropertyType == typeof(int) || setting.PropertyType == typeof(long)
                || setting.PropertyType == typeof(TimeSpan)
            select $"{section.Key["Siberite:".Length..]}:{setting.Name}";

        Assert.Empty(ranged.Except(SettingRules.Keys));
    }

    [Theory]
    [InlineData("127.0.0.1:22133", "127.0.0.1:22133")]
    [InlineData("localhost:0", "127.0.0.1:0")]
    [InlineData("*:1", "[::]:1")]
    [InlineData(":1", "[::]:1")]
    [InlineData("0.0.0.0:1", "0.0.0.0:1")]
    [InlineData("[::1]:65535", "[::1]:65535")]
    public void Addresses_are_host_and_port(string text, string expected)
        => Assert.Equal(expected, ListenAddress.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.1:")]
    [InlineData("127.0.0.1:65536")]
    [InlineData("127.0.0.1:-1")]
    [InlineData("127.0.0.1: 1")]
    [InlineData("1:1")]
    [InlineData("::1:1")]
    [InlineData("[127.0.0.1]:1")]
    [InlineData("example.org:1")]
    public void What_is_no_address_is_refused(string text) => Assert.False(ListenAddress.TryParse(text, out _));

    private static SiloSettings Read(params (string Path, string Value)[] settings)
        => SiloSettings.Read(new ConfigurationBuilder()
            .AddInMemoryCollection(settings.ToDictionary(setting => setting.Path, setting => (string?)setting.Value))
            .Build());
}
