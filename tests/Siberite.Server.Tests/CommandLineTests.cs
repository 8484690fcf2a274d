namespace Siberite.Server.Tests;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("-listen", "10.0.0.1:1")]
    [InlineData("--listen", "10.0.0.1:1")]
    [InlineData("-listen=10.0.0.1:1")]
    [InlineData("--listen=10.0.0.1:1")]
    [InlineData("--Siberite:Gateway:Listen=10.0.0.1:1")]
    [InlineData("--siberite:gateway:listen", "10.0.0.1:1")]
    [InlineData("-listen", "9.9.9.9:9", "-listen", "10.0.0.1:1")]
    public void Each_spelling_sets_the_same_setting(params string[] arguments)
    {
        var line = CommandLine.Parse(arguments);

        Assert.Equal("10.0.0.1:1", line.Settings["Siberite:Gateway:Listen"]);
    }

    [Theory]
    [InlineData("-data", "/x", "Siberite:Storage:DataDirectory")]
    [InlineData("-admin", "/x", "Siberite:Admin:Listen")]
    [InlineData("-durability", "/x", "Siberite:Storage:Durability")]
    public void Flags_are_settings(string flag, string value, string setting)
        => Assert.Equal(value, CommandLine.Parse([flag, value]).Settings[setting]);

    [Fact]
    public void A_value_may_contain_an_equals_sign()
        => Assert.Equal("a=b", CommandLine.Parse(["-data=a=b"]).Settings["Siberite:Storage:DataDirectory"]);

    [Fact]
    public void The_pid_file_is_no_setting()
    {
        var line = CommandLine.Parse(["-pid", "/run/x.pid"]);

        Assert.Equal("/run/x.pid", line.PidFile);
        Assert.Empty(line.Settings);
    }

    [Fact]
    public void The_settings_file_is_no_setting()
    {
        var line = CommandLine.Parse(["-config", "/etc/x.json"]);

        Assert.Equal("/etc/x.json", line.ConfigFile);
        Assert.Empty(line.Settings);
    }

    [Theory]
    [InlineData("-nonsense", "x")]
    [InlineData("---listen", "x")]
    [InlineData("-Listen", "x")]
    [InlineData("--Other:Key=x")]
    [InlineData("listen")]
    [InlineData("-")]
    [InlineData("--")]
    [InlineData("-listen")]
    [InlineData("-listen=")]
    [InlineData("-version=1")]
    public void What_is_no_flag_is_refused_by_its_name(params string[] arguments)
    {
        var refusal = Assert.Throws<StartException>(() => CommandLine.Parse(arguments));

        Assert.Equal(ExitCodes.Usage, refusal.ExitCode);
        Assert.Contains(arguments[0].TrimStart('-').Split('=')[0], refusal.Message, StringComparison.Ordinal);
    }
}
