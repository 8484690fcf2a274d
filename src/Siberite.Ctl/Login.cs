using System.Text;

namespace Siberite.Ctl;

/// <summary>What a server that asks for a password is sent first over each connection, as memcached's text protocol has
/// it: a set whose data is <c>user password</c>.</summary>
internal sealed class Login
{
    /// <summary>How the command line names the file. A password among the arguments could be read by everybody on the
    /// machine.</summary>
    public const string FileDescription = "a file with a line user:password, for a server with an AuthFile";

    private const string Admitted = "STORED";

    private Login(string user, string password)
    {
        var sent = Encoding.UTF8.GetBytes($"{user} {password}");
        Command = [.. Encoding.ASCII.GetBytes($"set login 0 0 {sent.Length}\r\n"), .. sent, .. "\r\n"u8];
    }

    /// <summary>The whole command. Only for a server that asks for it: another one would take it for an item.</summary>
    public byte[] Command { get; }

    /// <summary>Reads the first line of the file that is not empty.</summary>
    /// <returns><see langword="null"/> without a file.</returns>
    /// <exception cref="CtlException">It cannot be read, or there is none.</exception>
    public static Login? Read(string? path)
    {
        if (path is null)
        {
            return null;
        }

        try
        {
            var line = File.ReadLines(path).FirstOrDefault(line => line.Length > 0) ?? "";
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            return colon > 0
                ? new Login(line[..colon], line[(colon + 1)..])
                : throw new CtlException(ExitCodes.Usage, $"{path} has no line user:password");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CtlException(ExitCodes.Usage, $"{path} cannot be read: {e.Message}", e);
        }
    }

    /// <param name="answer">What the server answered to <c>version</c>.</param>
    public static bool IsAskedFor(string answer) => answer == "CLIENT_ERROR unauthenticated";

    /// <summary>Reads the server's answer to <see cref="Command"/>.</summary>
    /// <exception cref="CtlException">It does not let us in.</exception>
    public static void Check(string answer, string server)
    {
        if (answer != Admitted)
        {
            throw new CtlException(ExitCodes.Failed, $"{server} does not admit this user: it answered '{answer}'");
        }
    }
}
