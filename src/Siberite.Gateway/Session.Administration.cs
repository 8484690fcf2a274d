using System.Text;
using Siberite.Contracts;

namespace Siberite.Gateway;

// Commands about the silo rather than about items.
internal sealed partial class Session
{
    private bool TryServeAdministration(ReadOnlySpan<byte> name, LineTokens tokens)
    {
        if (name.SequenceEqual("stats"u8))
        {
            Stats(tokens);
        }
        else if (name.SequenceEqual("dump_stats"u8))
        {
            Dump(tokens, static (stats, gateway) => StatsReport.Dump(stats, gateway.Time.GetUtcNow()));
        }
        else if (name.SequenceEqual("dump_config"u8))
        {
            Dump(tokens, static (stats, gateway) => SettingsReport.Render(stats, gateway.QueueSettings));
        }
        else if (name.SequenceEqual("version"u8))
        {
            Reply($"VERSION {GatewayParts.Version}\r\n");
        }
        else if (name.SequenceEqual("verbosity"u8))
        {
            ReplyUnlessSilent(tokens, "OK\r\n");
        }
        else if (name.SequenceEqual("status"u8))
        {
            Status(tokens);
        }
        else if (name.SequenceEqual("reload"u8))
        {
            Reload();
        }
        else if (name.SequenceEqual("shutdown"u8) && _gateway.Options.AllowShutdown)
        {
            _isClosing = true;
            _gateway.Control.Shutdown();
        }
        else if (name.SequenceEqual("quit"u8))
        {
            _isClosing = true;
        }
        else
        {
            return false;
        }

        return true;
    }

    /// <summary>Tells the silo's status, the one that was set last, or sets it.</summary>
    private void Status(LineTokens tokens)
    {
        var word = tokens.Next();
        if (word.IsEmpty)
        {
            Reply(_gateway.Status.Wanted.ToString().ToUpperInvariant() + "\r\n");
        }
        else if (!_gateway.Options.AllowStatusChange)
        {
            Refuse(ErrorReplies.StatusRefused);
        }
        else if (!TryParseStatus(word, out var status) || !tokens.Next().IsEmpty)
        {
            Refuse(ErrorReplies.BadStatus);
        }
        else
        {
            Reply(ReplyKind.End, _gateway.Status.Change(status));
        }
    }

    /// <summary>By name, in any case: a number is none.</summary>
    private static bool TryParseStatus(ReadOnlySpan<byte> word, out ServiceStatus status)
    {
        foreach (var known in Enum.GetValues<ServiceStatus>())
        {
            if (Ascii.EqualsIgnoreCase(word, known.ToString()))
            {
                status = known;
                return true;
            }
        }

        status = default;
        return false;
    }

    private void Stats(LineTokens tokens)
    {
        var argument = tokens.Next();
        if (argument.SequenceEqual("reset"u8))
        {
            _gateway.Counters.Reset();
            Reply("RESET\r\n");
            return;
        }

        var isScope = argument.SequenceEqual("silo"u8) || argument.SequenceEqual("cluster"u8);
        var scope = argument.SequenceEqual("silo"u8) ? StatsScope.Silo
            : isScope ? StatsScope.Cluster
            : _gateway.Options.StatsScope;
        QueueName? name = null;
        if (!argument.IsEmpty && !isScope && !QueueName.TryParse(argument, out name))
        {
            Reply(ReplyKind.End);
            return;
        }

        // It may read the store for each queue, and other sessions share this thread.
        BlockBehindAll(() => Task.Run(RunAsync));

        async Task<Action> RunAsync()
        {
            var stats = await _gateway.Router.GetStatsAsync(name, scope);
            var report = StatsReport.Render(_gateway, stats, withGlobals: name is null);
            return () => Reply(report);
        }
    }

    /// <summary>Tells of the queues that are named, or of all. Names that no queue has are passed over.</summary>
    private void Dump(LineTokens tokens, Func<ClusterStats, GatewayParts, string> render)
    {
        if (tokens.CountRest() > _gateway.Options.MaxKeys)
        {
            Refuse(ErrorReplies.TooManyKeys);
            return;
        }

        var wanted = new HashSet<string>(StringComparer.Ordinal);
        for (var key = tokens.Next(); !key.IsEmpty; key = tokens.Next())
        {
            wanted.Add(Encoding.Latin1.GetString(key));
        }

        BlockBehindAll(() => Task.Run(RunAsync)); // For the same reason.

        async Task<Action> RunAsync()
        {
            var one = wanted.Count == 1 && QueueName.TryParse(Encoding.Latin1.GetBytes(wanted.Single()), out var name)
                ? name
                : null;
            var stats = await _gateway.Router.GetStatsAsync(one, _gateway.Options.StatsScope);
            var shown = wanted.Count == 0 ? stats
                : stats with { Queues = [.. stats.Queues.Where(queue => wanted.Contains(queue.Name))] };
            var report = render(shown, _gateway);
            return () => Reply(report);
        }
    }

    private void Reload()
    {
        if (!_gateway.Options.AllowReload)
        {
            Refuse(ErrorReplies.ReloadRefused);
        }
        else
        {
            Block(Task.Run<Action>(() => // It reads files, and socket threads must not wait for disks.
            {
                var refusal = _gateway.Control.Reload();
                return () => Reply(refusal is null ? "Reloaded config.\r\n" : $"CLIENT_ERROR {refusal}\r\n");
            }));
        }
    }
}
