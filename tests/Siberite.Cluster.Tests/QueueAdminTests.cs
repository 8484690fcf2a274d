using Siberite.Contracts;
using static Siberite.Cluster.Tests.Shorthand;

namespace Siberite.Cluster.Tests;

/// <summary>What an operator does with queues, from any silo of several.</summary>
public sealed class QueueAdminTests
{
    [Fact]
    public async Task Settings_are_changed_from_any_silo_and_count_at_the_home()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var (home, other) = (cluster.Silos[0], cluster.Silos[1]);
        await home.FillAsync("q", 1);

        Assert.True(await AdminOf(other).ChangeSettingsAsync(Name("q"), Change(("maxitems", "1"))));

        Assert.Equal(AppendStatus.Full, (await (await other.OpenAsync("q")).AppendAsync(Draft("x"))).Status);
        var settings = await AdminOf(other).GetSettingsAsync(Name("q"));
        Assert.Contains(new EffectiveSetting("MaxItems", "1", SettingOrigin.RunTime, "q"), settings!);
    }

    [Fact]
    public async Task A_setting_that_a_home_does_not_understand_changes_nothing()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        await cluster.Silos[0].FillAsync("q", 1);
        var admin = AdminOf(cluster.Silos[1]);
        await admin.ChangeSettingsAsync(Name("q"), Change(("MaxItems", "5")));

        var refusal = await Assert.ThrowsAsync<SiberiteException>(
            async () => await admin.ChangeSettingsAsync(Name("q"), Change(("MaxItems", "6"), ("Flavour", "sweet"))));

        Assert.Equal(SiberiteError.SettingInvalid, refusal.Error);
        Assert.Equal(5, cluster.Silos[0].Queues.Settings.Of(Name("q")).MaxItems);
    }

    [Fact]
    public async Task While_a_home_is_away_settings_stay_as_they_are_at_all_others()
    {
        await using var cluster = await ClusterActs.WithLooseQueuesAsync(TestCluster.StartAsync(2));
        var (stays, leaves) = (cluster.Silos[0], cluster.Silos[1]);
        await stays.AppendAsync("loose", "a");
        await leaves.AppendAsync("loose", "b");
        await AdminOf(stays).ChangeSettingsAsync(Name("loose"), Change(("MaxItems", "5")));
        Assert.Equal(5, leaves.Queues.Settings.Of(Name("loose")).MaxItems);
        var disk = await cluster.StopAsync(leaves);
        await cluster.UntilKnownAsync(leaves, isHere: false);

        await Assert.ThrowsAsync<SiberiteException>(
            async () => await AdminOf(stays).ChangeSettingsAsync(Name("loose"), Change(("MaxItems", "6"))));

        Assert.Equal(5, stays.Queues.Settings.Of(Name("loose")).MaxItems);
        var back = await cluster.AddLooseAsync(disk);
        Assert.Equal(5, back.Queues.Settings.Of(Name("loose")).MaxItems);
        Assert.True(await AdminOf(stays).ChangeSettingsAsync(Name("loose"), Change(("MaxItems", "6"))));
        Assert.Equal(6, back.Queues.Settings.Of(Name("loose")).MaxItems);
    }

    [Fact]
    public async Task A_new_shard_is_told_what_the_others_are()
    {
        await using var cluster = await ClusterActs.WithLooseQueuesAsync(TestCluster.StartAsync(2));
        await cluster.Silos[0].AppendAsync("loose", "a");
        await AdminOf(cluster.Silos[1]).ChangeSettingsAsync(Name("loose"), Change(("MaxItems", "1")));

        await cluster.Silos[1].AppendAsync("loose", "b");

        var queue = await cluster.Silos[1].OpenAsync("loose");
        Assert.Equal(AppendStatus.Full, (await queue.AppendAsync(Draft("c"))).Status);
    }

    [Fact]
    public async Task A_copy_that_a_crash_left_behind_is_put_right_by_the_record()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var home = cluster.Silos[0];
        await home.FillAsync("q", 1);
        await AdminOf(home).ChangeSettingsAsync(Name("q"), Change(("MaxItems", "5")));
        var copy = home.Get<RunTimeSettings>();

        await copy.ReplaceAsync(Name("q"), new Dictionary<string, string> { ["MaxItems"] = "9" });
        await copy.ReplaceAsync(Name("gone"), new Dictionary<string, string> { ["MaxItems"] = "9" });
        Assert.True(await copy.TryCompareAsync(Name("q")));
        Assert.True(await copy.TryCompareAsync(Name("gone")));

        Assert.Equal(5, home.Queues.Settings.Of(Name("q")).MaxItems);
        Assert.Equal(0, home.Queues.Settings.Of(Name("gone")).MaxItems);
    }

    [Fact]
    public async Task Settings_go_with_a_queue_that_moves_and_leave_nothing_behind()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var (source, target) = (cluster.Silos[0], cluster.Silos[1]);
        await source.FillAsync("q", 3);
        await AdminOf(source).ChangeSettingsAsync(Name("q"), Change(("MaxItems", "3")));

        await source.Get<QueueMover>().Begin(Name("q"), target.Store.Id).End;

        Assert.Equal(AppendStatus.Full, (await (await source.OpenAsync("q")).AppendAsync(Draft("x"))).Status);
        Assert.Equal(3, target.Queues.Settings.Of(Name("q")).MaxItems);
        Assert.Equal(0, source.Queues.Settings.Of(Name("q")).MaxItems);
    }

    [Fact]
    public async Task Settings_outlast_a_power_cut_and_end_with_their_queue()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var (home, other) = (cluster.Silos[0], cluster.Silos[1]);
        await home.FillAsync("q", 1);
        await AdminOf(other).ChangeSettingsAsync(Name("q"), Change(("MaxItems", "1")));
        var disk = await cluster.KillAndDeclareAsync(home);

        var back = await cluster.AddAsync(disk);
        Assert.Equal(1, back.Queues.Settings.Of(Name("q")).MaxItems);
        await cluster.UntilKnownAsync(back);
        Assert.True(await AdminOf(other).DeleteAsync(Name("q")));

        Assert.Equal(0, back.Queues.Settings.Of(Name("q")).MaxItems);
        Assert.Null(await AdminOf(other).GetSettingsAsync(Name("q")));
    }

    [Fact]
    public async Task A_paused_queue_refuses_takes_from_any_silo()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var (home, other) = (cluster.Silos[0], cluster.Silos[1]);
        await home.FillAsync("q", 1);
        await AdminOf(other).ChangeSettingsAsync(Name("q"), Change(("Paused", "true")));

        foreach (var silo in cluster.Silos)
        {
            var queue = await silo.OpenAsync("q");
            var refusal = await Assert.ThrowsAsync<SiberiteException>(
                async () => await queue.TakeAsync(silo.Session(1), TakeMode.Plain, TimeSpan.Zero));
            Assert.Equal(SiberiteError.QueuePaused, refusal.Error);
            Assert.Equal(AppendStatus.Stored, (await queue.AppendAsync(Draft("x"))).Status);
        }
    }

    [Fact]
    public async Task A_look_at_a_loose_queue_goes_from_shard_to_shard()
    {
        await using var cluster = await ClusterActs.WithLooseQueuesAsync(TestCluster.StartAsync(2));
        for (var i = 0; i < 6; i++)
        {
            await cluster.Silos[i % 2].AppendAsync("loose", $"{i}");
        }

        var seen = new List<string>();
        ItemPlace? next = null;
        do
        {
            var page = await AdminOf(cluster.Silos[1]).InspectAsync(Name("loose"), next, maxCount: 2, maxBytes: 1_000);
            seen.AddRange(page!.Items.Select(item => System.Text.Encoding.ASCII.GetString(item.Payload)));
            next = page.Next;
        }
        while (next is not null);

        Assert.Equal(["0", "2", "4", "1", "3", "5"], seen);
    }

    [Fact]
    public async Task A_redrive_reaches_a_queue_of_another_silo_and_keeps_order()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        var (source, target, asker) = (cluster.Silos[0], cluster.Silos[1], cluster.Silos[2]);
        await source.FillAsync("failed", 1_500);
        await target.FillAsync("mended", 1);

        var moved = 0;
        RedriveResult? part;
        do
        {
            part = await AdminOf(asker).RedriveAsync(Name("failed"), Name("mended"), maxCount: 10_000);
            moved += part!.Count;
        }
        while (!part.IsOver);

        Assert.Equal((1_500, 0L), (moved, source.Queues.ItemCount));
        Assert.Equal("00000", await asker.TakeAsync("mended"));
        for (var i = 0; i < 1_500; i++)
        {
            Assert.Equal($"{i:00000}", await asker.TakeAsync("mended"));
        }
    }

    [Fact]
    public async Task A_redrive_whose_target_is_away_leaves_every_item_in_its_place()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var (source, target) = (cluster.Silos[0], cluster.Silos[1]);
        await source.FillAsync("failed", 3);
        await target.FillAsync("mended", 1);
        await cluster.KillAndDeclareAsync(target);

        var result = await AdminOf(source).RedriveAsync(Name("failed"), Name("mended"), maxCount: 10);

        Assert.Equal((0, true), (result!.Count, result.IsOver));
        Assert.NotNull(result.Trouble);
        Assert.Equal("00000", await source.TakeAsync("failed"));
        Assert.Equal(2, source.Queues.ItemCount);
    }

    [Fact]
    public async Task A_redrive_that_does_not_hear_of_its_target_loses_no_item()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var (source, target) = (cluster.Silos[0], cluster.Silos[1]);
        await source.FillAsync("failed", 100);
        await target.FillAsync("mended", 0);
        source.Faults.LoseReplies(int.MaxValue); // Of every call that stores some, and of its second try.

        var part = await AdminOf(source).RedriveAsync(Name("failed"), Name("mended"), maxCount: 100);

        Assert.Equal((0, true), (part!.Count, part.IsOver));
        Assert.Equal(100, source.Queues.ItemCount);
        Assert.NotEqual(0, target.Queues.ItemCount); // Stored, although nobody heard of it: twice, and not lost.
    }

    [Fact]
    public async Task A_queue_made_by_an_operator_is_there_after_a_crash()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        Assert.True(await AdminOf(cluster.Silos[0]).CreateAsync(
            Name("made"), new Dictionary<string, string> { ["MaxItems"] = "1" }));
        var disk = await cluster.KillAsync(cluster.Silos[0]);

        var back = await cluster.AddAsync(disk);

        Assert.NotNull(back.Queues.Find(Name("made")));
        Assert.Equal(1, back.Queues.Settings.Of(Name("made")).MaxItems);
        Assert.False(await AdminOf(back).CreateAsync(Name("made"), new Dictionary<string, string>()));
    }

    private static IQueueAdmin AdminOf(ClusterSilo silo) => silo.Get<IQueueAdmin>();

    private static QueueName Name(string name) => QueueName.Parse(name);

    private static SettingsChange Change(params (string Key, string? Value)[] values)
        => new(values.ToDictionary(pair => pair.Key, pair => pair.Value), ReplacesAll: false);
}
