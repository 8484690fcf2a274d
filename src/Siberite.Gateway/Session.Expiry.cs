using System.Globalization;
using Siberite.Contracts;

namespace Siberite.Gateway;

// Kestrel's flush_expired and flush_all_expired.
internal sealed partial class Session
{
    private bool TryServeExpiry(ReadOnlySpan<byte> command, LineTokens tokens)
    {
        var isForAll = command.SequenceEqual("flush_all_expired"u8);
        if (!isForAll && !command.SequenceEqual("flush_expired"u8))
        {
            return false;
        }

        if (Refuses(Refusals.Writes))
        {
            Refuse(RefusalOf(Refusals.Writes));
            return true;
        }

        if (isForAll)
        {
            BlockBehindAll(() => DropExpiredAsync(name: null));
            return true;
        }

        var key = tokens.Next();
        if (key.IsEmpty)
        {
            Refuse(ErrorReplies.BadLine);
        }
        else if (QueueName.TryParse(key, out var name))
        {
            BlockBehind(name, () => DropExpiredAsync(name));
        }
        else
        {
            Reply("0\r\n"); // There can be no such queue, so nothing of it has expired.
        }

        return true;
    }

    private async Task<Action> DropExpiredAsync(QueueName? name)
    {
        var count = await _gateway.Router.DropExpiredAsync(name);
        return () => Reply(string.Create(CultureInfo.InvariantCulture, $"{count}\r\n"));
    }
}
