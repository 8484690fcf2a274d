using System.Globalization;
using Siberite.Contracts;

namespace Siberite.Gateway;

// Kestrel's flush_expired and flush_all_expired.
internal sealed partial class Session
{
    private bool TryServeExpiry(ReadOnlySpan<byte> command, LineTokens tokens)
    {
        if (command.SequenceEqual("flush_all_expired"u8))
        {
            Block(DropExpiredAsync(name: null));
            return true;
        }

        if (!command.SequenceEqual("flush_expired"u8))
        {
            return false;
        }

        var key = tokens.Next();
        if (key.IsEmpty)
        {
            Refuse(ErrorReplies.BadLine);
        }
        else if (QueueName.TryParse(key, out var name))
        {
            Block(DropExpiredAsync(name));
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
