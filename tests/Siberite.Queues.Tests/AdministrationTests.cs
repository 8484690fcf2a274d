using System.Text;
using Siberite.Contracts;

namespace Siberite.Queues.Tests;

/// <summary>What operators do with a queue, beside its clients.</summary>
public sealed class AdministrationTests : IDisposable
{
    private readonly Engine _engine = new();

    public void Dispose() => _engine.Dispose();

    [Fact]
    public async Task A_paused_queue_refuses_takes_and_those_who_wait_already()
    {
        var waiting = _engine["q"].TakeAsync(Engine.Session(1), TakeMode.Plain, TimeSpan.FromMinutes(1)).AsTask();
        _engine.Tell("q", options => options.Paused = true);

        _engine.Append("q", "a");

        Assert.Equal(SiberiteError.QueuePaused, (await Assert.ThrowsAsync<SiberiteException>(() => waiting)).Error);
        var refusal = Assert.Throws<SiberiteException>(() => _engine.Take("q"));
        Assert.Equal(SiberiteError.QueuePaused, refusal.Error);
        Assert.True(_engine.Stats("q").IsPaused);

        _engine.Tell("q", options => options.Paused = false);
        Assert.Equal("a", _engine.Take("q"));
    }

    [Fact]
    public async Task Who_waits_hears_of_a_pause_at_once_when_the_settings_are_taken_up()
    {
        _engine.Append("q", "a");
        _engine.TakeItem("q");
        var waiting = _engine["q"].TakeAsync(Engine.Session(2), TakeMode.Plain, TimeSpan.FromMinutes(1)).AsTask();
        _engine.Tell("q", options => options.Paused = true);

        _engine["q"].TakeUpSettings();

        Assert.Equal(SiberiteError.QueuePaused, (await Assert.ThrowsAsync<SiberiteException>(() => waiting)).Error);
    }

    /// <remarks>Its take waits for the store in the line of those who are refused.</remarks>
    [Fact]
    public void An_operator_takes_from_a_paused_queue_also_what_is_on_disk_alone()
    {
        _engine.Append("q", "a", "b");
        _engine.Commit();
        _engine.Kill();
        _engine.Tell("q", options => options.Paused = true);

        Assert.Equal("a", Engine.Text(_engine.Settle(_engine["q"].TakeForAdminAsync(Engine.Session(-1)))));
        Assert.Equal("b", Engine.Text(_engine.Settle(_engine["q"].TakeForAdminAsync(Engine.Session(-1)))));
        Assert.Null(Engine.Text(_engine.Settle(_engine["q"].TakeForAdminAsync(Engine.Session(-1)))));
    }

    [Fact]
    public void A_look_sees_what_is_not_closed_and_takes_nothing()
    {
        _engine.Append("q", "a", "b", "c", "d", "e", "f");
        _engine.Commit();
        var items = Enumerable.Range(0, 4).Select(_ => _engine.TakeItem("q")).ToArray();
        _engine.Close("q", items[0].Sequence);
        _engine.Close("q", items[2].Sequence);

        Assert.Equal("b d e f", Look(1, maxCount: 10, maxBytes: 100, out var next));
        Assert.Equal(0, next);
        Assert.True(_engine["q"].IsHeld(items[1].Sequence));
        Assert.False(_engine["q"].IsHeld(items[2].Sequence));
        Assert.Equal("b d", Look(1, maxCount: 2, maxBytes: 100, out next));
        Assert.Equal("e f", Look(next, maxCount: 3, maxBytes: 100, out next));
        Assert.Equal("b", Look(1, maxCount: 10, maxBytes: 1, out next));
        Assert.Equal("d", Look(next, maxCount: 10, maxBytes: 1, out next));
        Assert.Equal("", Look(7, maxCount: 10, maxBytes: 100, out next));
        Assert.Equal("e", _engine.Take("q"));
    }

    [Fact]
    public void A_look_passes_over_a_long_run_of_closed_items()
    {
        _engine.Append("q", [.. Enumerable.Range(0, 1_000).Select(i => $"{i}")]);
        _engine.Commit();
        _engine.TakeItem("q");
        for (var i = 1; i < 999; i++)
        {
            _engine.Close("q", _engine.TakeItem("q").Sequence);
        }

        Assert.Equal("0 999", Look(1, maxCount: 10, maxBytes: 1_000, out var next));
        Assert.Equal(0, next);
    }

    [Fact]
    public void A_queue_that_was_made_lasts_without_items()
    {
        _engine["made"].Persist();
        _engine.Commit();

        _engine.Kill();

        var made = Assert.IsType<Queue>(_engine.Queues.Find(QueueName.Parse("made")));
        Assert.Null(_engine.Take("made"));
        _engine.Append("made", "a");
        Assert.Equal("a", _engine.Take("made"));
        Assert.Equal(default, made.Persist());
    }

    private string Look(long first, int maxCount, long maxBytes, out long next)
        => string.Join(' ', _engine["q"].Inspect(first, maxCount, maxBytes, out next)
            .Select(item => Encoding.ASCII.GetString(item.Payload)));
}
