using System.Net;
using System.Net.Sockets;
using Siberite.Server.Tests.Support;
using Siberite.Testing;

namespace Siberite.Server.Tests;

/// <summary>Whoever starts the server wrongly gets one line that says why, and an exit code.</summary>
public sealed class RefusedStartTests
{
    [Fact]
    public async Task Version_and_help_are_answered_without_a_start()
    {
        var version = await ProgramRun.StartAsync("-version");
        var help = await ProgramRun.StartAsync("--help");

        Assert.Equal(new ProgramRun(0, "siberite 1.0.0\n", ""), version);
        Assert.Equal(0, help.ExitCode);
        Assert.All(
            [
                "-listen", "-data", "-pid", "-version", "-admin", "-durability", "-cluster", "-name", "-silo-port",
                "-advertise", "-help",
            ],
            flag => Assert.Contains($"  {flag} ", help.Output, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("unknown flag -bogus", "-bogus", "1")]
    [InlineData("-listen needs a value", "-listen")]
    [InlineData("Siberite:Gateway:Listen is 'nowhere'", "-listen=nowhere")]
    [InlineData("Siberite:Admin:Listen is 'x:y'", "-admin", "x:y")]
    [InlineData("must be Always, Interval or Os", "-durability", "maybe")]
    [InlineData("unknown setting Siberite:Gateway:MaxKeyz", "--Siberite:Gateway:MaxKeyz=3")]
    [InlineData("Siberite:Gateway:MaxKeys is 0", "--Siberite:Gateway:MaxKeys", "0")]
    [InlineData("Siberite:Cluster:ConnectionString is empty", "--Siberite:Cluster:Mode", "Cluster")]
    [InlineData("the connection string cannot be read", "-cluster", "secret")]
    [InlineData("the connection string cannot be read", "-cluster", "Host=db;Pasword=secret")]
    [InlineData("names no Host", "-cluster", "Database=siberite;Password=secret")]
    [InlineData("TlsKeyPath and TlsAuthorityPath", "--Siberite:Cluster:TlsCertificatePath", "silo.pem")]
    [InlineData("Siberite:Cluster:SiloListen is 'nowhere'", "--Siberite:Cluster:SiloListen", "nowhere")]
    public async Task What_makes_no_sense_is_one_line_and_code_2(string expected, params string[] arguments)
        => AssertOneLine(await ProgramRun.StartAsync(arguments), ExitCodes.Usage, expected);

    [Fact]
    public async Task The_environment_is_held_to_the_same()
    {
        var environment = new Dictionary<string, string> { ["Siberite__Storage__Durabilty"] = "Os" };

        var run = await ProgramRun.StartAsync(environment, "-listen", "127.0.0.1:0");

        AssertOneLine(run, ExitCodes.Usage, "unknown setting Siberite:Storage:Durabilty");
    }

    [Theory]
    [InlineData("-listen", "-admin", "Siberite:Gateway:Listen")]
    [InlineData("-admin", "-listen", "Siberite:Admin:Listen")]
    public async Task A_port_in_use_is_named(string taken, string other, string setting)
    {
        using var directory = new TemporaryDirectory();
        using var holder = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        holder.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        holder.Listen();
        var address = holder.LocalEndPoint!.ToString()!;

        var run = await ProgramRun.StartAsync(taken, address, other, "127.0.0.1:0", "-data", directory["data"]);

        AssertOneLine(run, ExitCodes.StartFailed, $"cannot listen on {address} ({setting})");
        Assert.False(Directory.Exists(directory["data"]), "nothing was opened yet");
    }

    [Theory]
    [InlineData("no address of that name can be found", "-advertise", "no.such.name.invalid")]
    [InlineData("must be an address at which other silos reach this one", "-listen", "*:0")]
    [InlineData("cannot reach database siberite on 127.0.0.1:1 as me", "-name", "first")]
    public async Task A_silo_that_cannot_join_says_so_in_one_line_without_the_password(
        string expected, string flag, string value)
    {
        using var directory = new TemporaryDirectory();

        var run = await ProgramRun.StartAsync(
            "-listen", "127.0.0.1:0", "-admin", "127.0.0.1:0", "-data", directory["data"], "-silo-port", "1",
            "-cluster", "Host=127.0.0.1;Port=1;Database=siberite;Username=me;Password=secret", flag, value);

        AssertOneLine(run, ExitCodes.StartFailed, expected);
        Assert.False(Directory.Exists(directory["data"]), "nothing was opened yet");
    }

    [Fact]
    public async Task An_address_of_another_machine_is_named()
        => AssertOneLine(
            await ProgramRun.StartAsync("-listen", "192.0.2.1:1"), ExitCodes.StartFailed,
            "cannot listen on 192.0.2.1:1");

    [Fact]
    public async Task A_file_is_no_data_directory()
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory["file"], "x", TestContext.Current.CancellationToken);

        AssertOneLine(await StartOnAsync(directory["file"]), ExitCodes.StartFailed, directory["file"]);
    }

    [Fact]
    public async Task A_directory_of_something_else_is_left_alone()
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory["CURRENT"], "MANIFEST-000004\n", TestContext.Current.CancellationToken);

        AssertOneLine(await StartOnAsync(directory.Path), ExitCodes.StartFailed, directory.Path);
        var found = Directory.GetFileSystemEntries(directory.Path).Select(Path.GetFileName);
        Assert.Equal(["CURRENT"], found);
    }

    [Fact]
    public async Task A_data_directory_in_use_is_refused_and_its_owner_serves_on()
    {
        using var directory = new TemporaryDirectory();
        await using var owner = await ServerProcess.StartAsync(directory["data"]);

        AssertOneLine(await StartOnAsync(directory["data"]), ExitCodes.StartFailed, "in use by another process");

        await owner.WaitUntilServingAsync();
    }

    [Fact]
    public async Task A_pid_file_that_cannot_be_written_is_named()
    {
        using var directory = new TemporaryDirectory();
        var path = directory["missing/pid"];

        var run = await ProgramRun.StartAsync(
            "-listen", "127.0.0.1:0", "-admin", "127.0.0.1:0", "-data", directory["data"], "-pid", path);

        Assert.Equal(ExitCodes.StartFailed, run.ExitCode);
        Assert.StartsWith($"siberite: cannot write the pid file {path}", Assert.Single(run.ErrorLines));
    }

    private static Task<ProgramRun> StartOnAsync(string dataDirectory)
        => ProgramRun.StartAsync("-listen", "127.0.0.1:0", "-admin", "127.0.0.1:0", "-data", dataDirectory);

    private static void AssertOneLine(ProgramRun run, int exitCode, string expected)
    {
        Assert.Equal("", run.Output);
        var line = Assert.Single(run.ErrorLines);
        Assert.StartsWith("siberite: ", line, StringComparison.Ordinal);
        Assert.Contains(expected, line, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", line, StringComparison.Ordinal);
        Assert.Equal(exitCode, run.ExitCode);
    }
}
