using Siberite.Contracts;

namespace Siberite.Gateway;

// Reading many items reliably: monitor streams them as they come, confirm closes the oldest, touch keeps them open.
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
        else if (ReaderKey.TryParse(key, out var reader) is { } error)
        {
            Refuse(error);
        }
        else if (IsForeignChild(reader))
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
            var startedAt = _gateway.Time.GetTimestamp();
            _monitoring = new Monitoring(reader.Address.ToArray(), startedAt, time) { LeftCount = most };
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
            var reader = ReaderKey.Parse(monitoring.Address);
            var mayGoOn = left > TimeSpan.Zero
                && monitoring.LeftCount > 0
                && CountReads(reader) < _gateway.Options.MaxMonitoredItems
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
                    TakeFrom(reader, TakeMode.Open, left, closed: default);
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
        else if (ReaderKey.TryParse(key, out var reader) is { } error)
        {
            Refuse(error);
        }
        else if (count <= 0 || CountReads(reader) < count)
        {
            Refuse(ErrorReplies.FewerOpen);
        }
        else
        {
            ConfirmOldest(reader, (int)count);
        }
    }

    private void ConfirmOldest(ReaderKey key, int count)
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

    /// <summary>Has the leases of what the client has open of a queue last longer: a heartbeat.</summary>
    private void Touch(LineTokens tokens)
    {
        var key = tokens.Next();
        var secondsToken = tokens.Next();
        var last = tokens.Next();
        var isSilent = last.SequenceEqual("noreply"u8);
        if (secondsToken.IsEmpty || (!last.IsEmpty && !isSilent) || !tokens.Next().IsEmpty)
        {
            Refuse(ErrorReplies.BadLine);
        }
        else if (!SetLine.TryParseNumber(secondsToken, out var seconds))
        {
            RefuseUnlessSilent(ErrorReplies.BadExptime, isSilent);
        }
        else if (ReaderKey.TryParse(key, out var reader) is { } error)
        {
            RefuseUnlessSilent(error, isSilent);
        }
        else
        {
            var lease = TimeSpan.FromSeconds(Math.Min(seconds, (long)_gateway.Options.MaxWait.TotalSeconds));
            TouchAll(reader, lease, isSilent);
        }
    }

    private void TouchAll(ReaderKey key, TimeSpan lease, bool isSilent)
    {
        var touches = new List<Task<bool>>();
        foreach (var read in _reads)
        {
            if (read.Queue.Address.Span.SequenceEqual(key.Address))
            {
                touches.Add(read.Queue.TouchAsync(_id, read.Sequence, lease).AsTask());
            }
        }

        Block(RunAsync());

        async Task<Action> RunAsync()
        {
            var isOpen = (await Task.WhenAll(touches)).Contains(true);
            return () =>
            {
                if (isSilent)
                {
                    Reply(ReplyKind.Silence);
                }
                else
                {
                    Reply(isOpen ? "TOUCHED\r\n" : "NOT_FOUND\r\n");
                }
            };
        }
    }

    /// <summary>A <c>monitor</c> under way.</summary>
    private sealed class Monitoring(byte[] address, long startedAt, TimeSpan length)
    {
        /// <summary>The key of the queue, or cursor.</summary>
        public byte[] Address => address;

        public long StartedAt => startedAt;

        public TimeSpan Length => length;

        /// <summary>How many more items the client asked for.</summary>
        public long LeftCount { get; set; }
    }
}
