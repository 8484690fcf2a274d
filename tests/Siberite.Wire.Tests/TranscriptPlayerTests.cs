using Siberite.Testing.Transcripts;

namespace Siberite.Wire.Tests;

/// <summary>The player must find what is wrong, or the transcripts prove nothing.</summary>
public sealed class TranscriptPlayerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(0.3);

    private static readonly string[] Story =
    [
        "# One word gets one reply.",
        "A> set work 0 0 5",
        "A> first",
        "A< STORED",
    ];

    private const string Request = "set work 0 0 5\r\nfirst\r\n";

    [Fact]
    public Task A_conversation_that_goes_as_written_passes()
        => PlayAsync(new ScriptedServer((Request, "STORED\r\n")), Story);

    [Theory]
    [InlineData("NOT_STORED\r\n", @"NOT_STORED\r\n")]
    [InlineData("STORED\n", @"STORED\n")]
    [InlineData("STORED \r\n", @"STORED \r\n")]
    [InlineData("stored\r\n", @"stored\r\n")]
    public async Task A_wrong_reply_is_found_and_told_with_its_place(string reply, string shown)
    {
        var server = new ScriptedServer((Request, reply));

        var failure = await Assert.ThrowsAsync<TranscriptException>(() => PlayAsync(server, Story));

        Assert.StartsWith("story.txt:4: client A", failure.Message, StringComparison.Ordinal);
        Assert.Contains(@"expected: STORED\r\n", failure.Message, StringComparison.Ordinal);
        Assert.Contains($"received: {shown}", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_reply_is_found()
    {
        var server = new ScriptedServer((Request, ""));

        var failure = await Assert.ThrowsAsync<TranscriptException>(() => PlayAsync(server, Story));

        Assert.Contains("and then nothing for 0.3 s", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_close_instead_of_a_reply_is_found()
    {
        var server = new ScriptedServer((Request, null));

        var failure = await Assert.ThrowsAsync<TranscriptException>(() => PlayAsync(server, Story));

        Assert.Contains("and then the server's close", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("STORED\r\n\n")]
    [InlineData("STORED\r\nSTORED\r\n")]
    public async Task A_byte_too_many_is_found_when_the_story_ends(string reply)
    {
        var server = new ScriptedServer((Request, reply));

        var failure = await Assert.ThrowsAsync<TranscriptException>(() => PlayAsync(server, Story));

        Assert.Contains("to close without another byte", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_that_should_be_closed_and_is_not_is_found()
    {
        var server = new ScriptedServer((Request, "STORED\r\n"));

        var failure = await Assert.ThrowsAsync<TranscriptException>(() => PlayAsync(server, [.. Story, "A! closed"]));

        Assert.StartsWith("story.txt:5:", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reply_where_silence_should_be_is_found()
    {
        var server = new ScriptedServer((Request, "STORED\r\n"), ("version\r\n", "VERSION 1.0.0\r\n"));
        string[] story = [.. Story[..3], "A! silent"];

        var failure = await Assert.ThrowsAsync<TranscriptException>(() => PlayAsync(server, story));

        Assert.Contains(@"received: STORED\r\n", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public Task Silence_is_told_by_a_reply_to_something_else()
        => PlayAsync(
            new ScriptedServer((Request, ""), ("version\r\n", "VERSION 1.0.0\r\n")), [.. Story[..3], "A! silent"]);

    [Theory]
    [InlineData(0, new[] { 23 })]
    [InlineData(7, new[] { 7, 7, 7, 2 })]
    public async Task Requests_leave_in_pieces_of_the_size_asked_for(int pieceBytes, int[] segments)
    {
        var server = new ScriptedServer((Request, "STORED\r\n"));

        await new TranscriptPlayer(server, pieceBytes, Patience)
            .PlayAsync(Transcript.Parse("story.txt", Story), TestContext.Current.CancellationToken);

        Assert.Equal(segments, server.SegmentBytes);
    }

    [Fact]
    public Task Stats_lines_may_come_in_any_order_and_have_wildcards() => PlayAsync(
        new ScriptedServer(("stats\r\n", "STAT version 1.0.0\r\nSTAT uptime 12\r\nSTAT x y\r\nEND\r\n")),
        ["# Stats.", "A> stats", "A<* STAT uptime <number>", "A<* STAT version <word>"]);

    [Theory]
    [InlineData("STAT uptime soon\r\nEND\r\n", "not in the stats: STAT uptime <number>")]
    [InlineData("STAT uptime\r\nEND\r\n", "a line of statistics or END")]
    [InlineData("STAT version 1 2\r\nSTAT uptime 1\r\nEND\r\n", "a line of statistics or END")]
    [InlineData("STAT uptime 1\r\nERROR\r\n", "a line of statistics or END")]
    public async Task A_missing_or_malformed_stats_line_is_found(string reply, string told)
    {
        var server = new ScriptedServer(("stats\r\n", reply));

        var failure = await Assert.ThrowsAsync<TranscriptException>(
            () => PlayAsync(server, ["# Stats.", "A> stats", "A<* STAT uptime <number>"]));

        Assert.Contains(told, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wildcard_outside_of_stats_is_plain_text()
    {
        var server = new ScriptedServer(("get q\r\n", "VALUE q 0 5\r\n"));

        await Assert.ThrowsAsync<TranscriptException>(
            () => PlayAsync(server, ["# No wildcards in items.", "A> get q", "A< VALUE q 0 <number>"]));
    }

    [Fact]
    public Task Any_byte_and_any_number_of_it_can_be_written() => PlayAsync(
        new ScriptedServer(("\0\x80\xff\r\n\\\taaaabcbc", "ok \x01\r\n")),
        ["# Escapes.", @"A>> \x00\x80\xFF\r\n\\\t{4*a}{2*bc}", @"A< ok \x01"]);

    [Theory]
    [InlineData("A? what")]
    [InlineData("a> lower case")]
    [InlineData("A>no space")]
    public void A_line_that_is_none_is_refused(string line)
    {
        var failure = Assert.Throws<TranscriptException>(() => Transcript.Parse("story.txt", ["# Story.", line]));

        Assert.StartsWith("story.txt:2:", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_story_without_a_point_is_refused()
        => Assert.Throws<TranscriptException>(() => Transcript.Parse("story.txt", ["A> version"]));

    [Fact]
    public async Task An_act_that_is_none_is_refused()
        => await Assert.ThrowsAsync<TranscriptException>(
            () => PlayAsync(new ScriptedServer(), ["# Story.", "A! dance"]));

    [Fact]
    public void Directives_say_what_server_is_needed()
    {
        var story = Transcript.Parse("story.txt", ["# Story.", "# settings: --a=1 --b=2", "# server: own"]);

        Assert.Equal(["--a=1", "--b=2"], story.Settings);
        Assert.True(story.NeedsOwnServer);
    }

    [Fact]
    public async Task An_update_writes_what_was_received_and_nothing_else()
    {
        string[] story =
        [
            "# Story.", "A> get {q}", "A< END", "", "# Kept.", "A> version", "A< VERSION <number>.<number>.<number>",
        ];
        var server = new ScriptedServer(
            ("get 12345678\r\n", "VALUE x 0 3\r\n\0\r\n\r\nEND\r\n"), ("version\r\n", "VERSION 1.0.0\r\n"));
        var path = Path.GetTempFileName();
        var player = new TranscriptPlayer(server, pieceBytes: 0, Patience) { UpdatesFile = true };

        await player.PlayAsync(Transcript.Parse(path, story), TestContext.Current.CancellationToken);

        string[] expected = [.. story[..2], "A< VALUE x 0 3", @"A< \x00\r\n", "A< END", .. story[3..]];
        Assert.Equal(expected, await File.ReadAllLinesAsync(path, TestContext.Current.CancellationToken));
        File.Delete(path);
    }

    private static Task PlayAsync(ScriptedServer server, string[] lines)
        => new TranscriptPlayer(server, pieceBytes: 0, Patience)
            .PlayAsync(Transcript.Parse("story.txt", lines), TestContext.Current.CancellationToken);
}
