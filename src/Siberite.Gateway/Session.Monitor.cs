using Siberite.Contracts;

namespace Siberite.Gateway;

// Reading many items reliably: monitor streams them as they come, confirm closes the oldest.
internal sealed partial class Session
{
    private Monitoring? _monitoring; // Commands behind it wait until it has ended.

    private void Monitor(LineTokens tokens)
    {
        var key = tokens.Next();
        var secondsToken = tokens.Next();
        var countToken = tokens.Next();
        var most = long.MaxValue;
        if (!SetLine.TryParseNumber(secondsToken, out var seconds)
            || (!countToken.IsEmpty && !SetLine.TryParseNumber(countToken, out most))
            || !tokens.Next().IsEmpty)
        {
            Refuse(ErrorReplies.BadLine);
        }
        else if (!QueueName.TryParse(key, out var name))
        {
            Refuse(ErrorReplies.InvalidQueueName);
        }
        else if (Refuses(Refusals.Reads))
        {
            Refuse(RefusalOf(Refusals.Reads));
        }
        else
        {
            var options = _gateway.Options;
            var time = seconds < options.MaxWait.TotalSeconds ? TimeSpan.FromSeconds(seconds) : options.MaxWait;
            _monitoring = new Monitoring(name, _gateway.Time.GetTimestamp(), time) { LeftCount = most };
            GoOnMonitoring();
        }
    }

    /// <summary>Takes what is there, as far as the client has room for it, and then waits for the next item; or ends
    /// the command.</summary>
    private void GoOnMonitoring()
    {
        while (_monitoring is { } monitoring && _blocked is null && HasRoom)
        {
            var left = monitoring.Length - _gateway.Time.GetElapsedTime(monitoring.StartedAt);
            var name = monitoring.Name.Utf8.Span;
            var mayGoOn = left > TimeSpan.Zero
                && monitoring.LeftCount > 0
                && CountReads(name) < _gateway.Options.MaxMonitoredItems
                && !_isStopping
                && !Refuses(Refusals.Reads);
            try
            {
                if (!mayGoOn)
                {
                    _monitoring = null;
                    Reply(ReplyKind.End);
                }
                else
                {
                    TakeFrom(name, TakeMode.Open, left, closed: default);
                }
            }
            catch (SiberiteException e)
            {
                Refuse(ErrorReplies.For(e)); // Ends it.
            }
        }
    }

    private void Confirm(LineTokens tokens)
    {
        var key = tokens.Next();
        var countToken = tokens.Next();
        if (!SetLine.TryParseSigned(countToken, out var count) || !tokens.Next().IsEmpty)
        {
            Refuse(ErrorReplies.BadLine);
        }
        else if (!QueueName.IsLegal(key))
        {
            Refuse(ErrorReplies.InvalidQueueName);
        }
        else if (count <= 0 || CountReads(key) < count)
        {
            Refuse(ErrorReplies.FewerOpen);
        }
        else
        {
            ConfirmOldest(key, (int)count);
        }
    }

    private void ConfirmOldest(ReadOnlySpan<byte> key, int count)
    {
        // All are called before the first is awaited: to another silo they go in one call.
        var closes = new List<Task<Commit>>(count);
        while (closes.Count < count && TryDetachRead(key, out var read))
        {
            closes.Add(read.Queue.CloseAsync(_id, read.Sequence).AsTask());
        }

        if (closes.TrueForAll(static close => close.IsCompletedSuccessfully))
        {
            ReplyConfirmed(closes.ConvertAll(static close => close.Result));
        }
        else
        {
            Block(RunAsync(Task.WhenAll(closes)));
        }

        async Task<Action> RunAsync(Task<Commit[]> closing)
        {
            var commits = await closing;
            return () => ReplyConfirmed(commits);
        }
    }

    private void ReplyConfirmed(IEnumerable<Commit> commits)
    {
        var reply = new PendingReply(ReplyKind.End);
        foreach (var commit in commits)
        {
            reply.WaitFor(commit);
        }

        Owe(reply);
    }

    /// <summary>A <c>monitor</c> under way.</summary>
    private sealed class Monitoring(QueueName name, long startedAt, TimeSpan length)
    {
        public QueueName Name => name;

        public long StartedAt => startedAt;

        public TimeSpan Length => length;

        /// <summary>How many more items the client asked for.</summary>
        public long LeftCount { get; set; }
    }
}
