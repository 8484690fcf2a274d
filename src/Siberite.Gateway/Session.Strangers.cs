using System.Buffers;
using System.Text;

namespace Siberite.Gateway;

// Clients that have not said who they are, where they must. memcached's way: the data of a first set is user and
// password, whatever its key.
internal sealed partial class Session
{
    /// <summary>Longest line, and longest data, of a stranger. 1 KiB: nobody's name and password are longer.</summary>
    private const int MaxStrangerBytes = 1 << 10;

    private bool _isKnown;

    private void ServeStranger(ReadOnlySpan<byte> line, ref InputCursor cursor)
    {
        var tokens = new LineTokens(line);
        var command = tokens.Next();
        if (IsHttp(line))
        {
            RejectHttp();
        }
        else if (Ascii.EqualsIgnoreCase(command, "set"u8))
        {
            Receive(SetLine.TryParse(tokens, MaxStrangerBytes, out var set), set, ref cursor);
        }
        else if (Ascii.EqualsIgnoreCase(command, "quit"u8))
        {
            _isClosing = true;
        }
        else
        {
            Refuse(ErrorReplies.Unauthenticated);
        }
    }

    private void Admit(in ReadOnlySequence<byte> sent, bool isSilent)
    {
        _isKnown = _gateway.Credentials!.Admits(sent.ToArray());
        if (!_isKnown)
        {
            Refuse(ErrorReplies.AuthenticationFailed); // Also in silence: nothing that follows would be obeyed.
            return;
        }

        Reply(isSilent ? ReplyKind.Silence : ReplyKind.Stored);
    }
}
