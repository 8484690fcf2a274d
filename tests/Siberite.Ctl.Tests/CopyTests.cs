using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Siberite.Ctl.Tests.Support;
using Siberite.Testing;

namespace Siberite.Ctl.Tests;

/// <summary><c>siberitectl copy</c> from a server of another process to another one.</summary>
[Trait("Category", "Slow")]
public sealed class CopyTests : IAsyncLifetime
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("siberite-copy-");
    private string _notes = "";
    private ServerProcess? _source;
    private ServerProcess? _target;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Takes as its ancestors do: one open read for a connection, and what was set is the system's.</summary>
    public async ValueTask InitializeAsync()
    {
        _notes = _directory.CreateSubdirectory("notes").FullName;
        _source = await ServerProcess.StartAsync(Path.Combine(_directory.FullName, "source"), "-durability", "os");
        _target = await ServerProcess.StartAsync(Path.Combine(_directory.FullName, "target"));
    }

    public async ValueTask DisposeAsync()
    {
        await _source!.DisposeAsync();
        await _target!.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task A_hundred_thousand_items_survive_a_kill_in_the_middle()
    {
        const int ItemCount = 100_000;
        await RunningSilo.FillAsync(_source!, "work", ItemCount);
        using (var copy = StartCopy())
        {
            await Poll.UntilAsync(
                async () => await ItemsAsync(_target!) > ItemCount / 4, "a quarter is copied", Poll.Patience * 4);
            copy.Kill();
            await copy.WaitForExitAsync(Cancellation);
        }

        var copied = await ItemsAsync(_target!);
        Assert.InRange(copied, ItemCount / 4, ItemCount - 1);
        var rest = await CopyAsync();
        Assert.True(rest.ExitCode == 0, rest.Errors);

        Assert.Equal(0, await ItemsAsync(_source!));
        var items = await RunningSilo.DrainAsync(_target!, "work");
        var numbers = items.ConvertAll(item => int.Parse(item.Payload, CultureInfo.InvariantCulture));
        Assert.InRange(numbers.Count, ItemCount, ItemCount + 1); // The close of one may have been on its way.
        Assert.Empty(Directory.EnumerateFiles(_notes, "*"));
        Assert.Equal(Enumerable.Range(0, ItemCount), numbers.Distinct());
        Assert.All(items, item => Assert.Equal(
            int.Parse(item.Payload, CultureInfo.InvariantCulture) % 7, (int)item.Flags));
    }

    /// <param name="kinds">How many different items there are: what is told by its bytes alone must not be lost for
    /// it.</param>
    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(3)]
    public async Task A_target_that_is_killed_in_the_middle_has_every_item_once_in_the_end(int kinds)
    {
        const int ItemCount = 20_000;
        await RunningSilo.FillAsync(_source!, "work", ItemCount, kinds);
        var copying = CopyAsync();
        await Poll.UntilAsync(
            async () => await ItemsAsync(_target!) > ItemCount / 4, "a quarter is copied", Poll.Patience * 4);

        await _target!.KillAsync();
        Assert.Equal(1, (await copying).ExitCode);
        Assert.Single(Directory.EnumerateFiles(_notes, "*.journal"));
        await _target.DisposeAsync();
        _target = await ServerProcess.StartAsync(Path.Combine(_directory.FullName, "target"));
        var rest = await CopyAsync();
        Assert.True(rest.ExitCode == 0, rest.Errors);

        var items = await RunningSilo.DrainAsync(_target, "work");
        Assert.Equal(
            Enumerable.Range(0, ItemCount).Select(i => $"{i % kinds}"),
            items.Select(item => System.Text.Encoding.ASCII.GetString(item.Payload)));
        Assert.Empty(Directory.EnumerateFiles(_notes, "*"));
    }

    [Fact]
    public async Task A_source_that_is_killed_in_the_middle_takes_back_what_was_open()
    {
        const int ItemCount = 20_000;
        await RunningSilo.FillAsync(_source!, "work", ItemCount);
        var copying = CopyAsync();
        await Poll.UntilAsync(
            async () => await ItemsAsync(_target!) > ItemCount / 4, "a quarter is copied", Poll.Patience * 4);

        await _source!.KillAsync();
        Assert.Equal(1, (await copying).ExitCode);
        var source = ServerProcess.Launch(
            [], _source.DataDirectory, _source.EndPoint, _source.AdminEndPoint, "-durability", "os");
        await _source.DisposeAsync();
        _source = source;
        await source.WaitUntilServingAsync();
        var rest = await CopyAsync();
        Assert.True(rest.ExitCode == 0, rest.Errors);

        var numbers = (await RunningSilo.DrainAsync(_target!, "work"))
            .ConvertAll(item => int.Parse(item.Payload, CultureInfo.InvariantCulture));
        Assert.InRange(numbers.Count, ItemCount, ItemCount + 1);
        Assert.Equal(Enumerable.Range(0, ItemCount), numbers.Distinct());
    }

    [Fact]
    public async Task Two_copies_of_one_queue_at_once_are_refused()
    {
        await RunningSilo.FillAsync(_source!, "work", 20_000);
        using var first = StartCopy();
        await Poll.UntilAsync(
            () => Task.FromResult(Directory.EnumerateFiles(_notes, "*").Any()), "the first has begun", Poll.Patience);

        var second = await CopyAsync();
        first.Kill();
        await first.WaitForExitAsync(Cancellation);

        Assert.Equal(1, second.ExitCode);
        Assert.Contains("cannot keep notes of the copy in ", second.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_queues_are_copied_or_those_that_are_named()
    {
        await RunningSilo.FillAsync(_source!, "a", 40);
        await RunningSilo.FillAsync(_source!, "b", 3);
        await RunningSilo.FillAsync(_source!, "c", 2);

        var named = await CopyAsync("--queues", "a, c", "--window", "1");
        Assert.Equal($"a: 40 items\nc: 2 items\n42 items of 2 queues are at {_target!.EndPoint}\n", named.Output);
        var all = await CopyAsync();

        Assert.Contains("b: 3 items\n", all.Output, StringComparison.Ordinal);
        Assert.Equal(45, await ItemsAsync(_target));
    }

    [Fact]
    public async Task A_target_that_refuses_loses_nothing_and_the_same_command_goes_on()
    {
        (await ToolRun.CtlAsync("queue", "create", "work", "MaxItems=10", "--admin", $"{_target!.AdminEndPoint}"))
            .MustPrint();
        await RunningSilo.FillAsync(_source!, "work", 50);

        var refused = await CopyAsync();
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("queue work is full at the target; ", refused.Errors, StringComparison.Ordinal);
        (await ToolRun.CtlAsync("queue", "unset", "work", "--all", "--admin", $"{_target.AdminEndPoint}")).MustPrint();
        var rest = await CopyAsync();
        Assert.True(rest.ExitCode == 0, rest.Errors);

        // What the target had was closed at the source before the first run ended: nothing comes twice.
        var items = await RunningSilo.DrainAsync(_target, "work");
        Assert.Equal(
            Enumerable.Range(0, 50).Select(i => $"{i}"),
            items.Select(item => System.Text.Encoding.ASCII.GetString(item.Payload)));
    }

    [Fact]
    public async Task Names_that_mean_something_else_here_are_skipped_and_said()
    {
        var run = await CopyAsync("--queues", "a+b,c.d,plain");

        Assert.Equal(3, run.ExitCode);
        Assert.Contains("a+b is skipped", run.Errors, StringComparison.Ordinal);
        Assert.Contains("c.d is skipped", run.Errors, StringComparison.Ordinal);
        Assert.EndsWith($"0 items of 1 queues are at {_target!.EndPoint}\n", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_source_that_is_none_is_said_in_one_line()
    {
        var nobody = ServerProcess.FreeEndPoint();
        Assert.Contains(
            $"cannot connect to {nobody}", (await RunAsync($"{nobody}", [])).Errors, StringComparison.Ordinal);
        Assert.Contains("'here' is no address", (await RunAsync("here", [])).Errors, StringComparison.Ordinal);
        Assert.Contains(
            "--window must be 1 to 1000", (await CopyAsync("--window", "0")).Errors, StringComparison.Ordinal);

        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var answering = AnswerAsync(listener, "HTTP/1.1 400 Bad Request\r\n");
        var foreign = await RunAsync($"{listener.LocalEndpoint}", []);
        Assert.Equal($"siberitectl: {listener.LocalEndpoint} answers: HTTP/1.1 400 Bad Request\n", foreign.Errors);
        await answering;
    }

    private static async Task AnswerAsync(TcpListener listener, string reply)
    {
        using var client = await listener.AcceptTcpClientAsync(Cancellation);
        await client.GetStream().ReadExactlyAsync(new byte["stats\r\n".Length], Cancellation);
        await client.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes(reply), Cancellation);
    }

    private static async Task<long> ItemsAsync(ServerProcess server)
    {
        await using var client = await WireClient.ConnectAsync(server.EndPoint, Cancellation);
        client.Write("stats");
        await client.SendAsync(Cancellation);
        var items = 0L;
        for (var line = await client.ReadLineAsync(Cancellation); line != "END";
            line = await client.ReadLineAsync(Cancellation))
        {
            items = line.StartsWith("STAT curr_items ", StringComparison.Ordinal)
                ? long.Parse(line.Split(' ')[2], CultureInfo.InvariantCulture)
                : items;
        }

        return items;
    }

    private Process StartCopy()
        => Process.Start(new ProcessStartInfo(
            "dotnet",
            [
                Repository.CtlAssembly, "copy", "--from", $"{_source!.EndPoint}", "--to", $"{_target!.EndPoint}",
                "--notes", _notes,
            ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;

    private Task<ToolRun> CopyAsync(params string[] arguments) => RunAsync($"{_source!.EndPoint}", arguments);

    private Task<ToolRun> RunAsync(string source, string[] arguments)
        => ToolRun.CtlAsync(
            ["copy", "--from", source, "--to", $"{_target!.EndPoint}", "--notes", _notes, .. arguments]);
}
