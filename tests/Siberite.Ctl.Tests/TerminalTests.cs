using System.Text.RegularExpressions;
using Siberite.Ctl.Tests.Support;
using Siberite.Testing;

namespace Siberite.Ctl.Tests;

/// <summary><c>siberitectl</c> as a person sees it, in a real terminal.</summary>
[Trait("Category", "Slow")]
public sealed partial class TerminalTests(RunningSilo silo) : IClassFixture<RunningSilo>
{
    [Fact]
    public async Task Long_work_shows_a_bar_that_moves()
    {
        const int ItemCount = 20_000;
        await silo.FillAsync("long", ItemCount);
        await using var target = await ServerProcess.StartAsync(silo.PathOf("target"));
        await using var terminal = await Terminal.StartAsync(
            $"copy --from {silo.Process.EndPoint} --to {target.EndPoint} --queues long");
        var seen = new SortedSet<int>();

        var last = await terminal.UntilAsync(screen =>
        {
            var bar = Bar().Match(screen);
            if (bar.Success)
            {
                seen.Add(int.Parse(bar.Groups["percent"].Value, System.Globalization.CultureInfo.InvariantCulture));
            }

            return screen.Contains("items of 1 queues are at", StringComparison.Ordinal);
        });

        Assert.Contains($"long: {ItemCount} items", last, StringComparison.Ordinal);
        Assert.True(seen.Count(percent => percent is > 0 and < 100) >= 2, string.Join(' ', seen));
    }

    [Theory]
    [InlineData("n", "nothing was done", 3)]
    [InlineData("y", "asked was purged", 0)]
    public async Task A_person_is_asked_before_items_are_dropped(string answer, string outcome, int itemsLeft)
    {
        await silo.FillAsync("asked", 3);
        await using var terminal = await Terminal.StartAsync($"queue purge asked --admin {silo.Process.AdminEndPoint}");
        await terminal.UntilAsync(screen => Question().IsMatch(screen));

        await terminal.TypeAsync(answer);

        await terminal.UntilAsync(screen => screen.Contains(outcome, StringComparison.Ordinal));
        var items = await RunningSilo.DrainAsync(silo.Process, "asked");
        Assert.Equal(itemsLeft, items.Count);
    }

    [GeneratedRegex(@"Copying long \S+ +(?<percent>\d+)%")]
    private static partial Regex Bar();

    [GeneratedRegex(@"Drop \d+ items of asked\? \[y/n\]")]
    private static partial Regex Question();
}
