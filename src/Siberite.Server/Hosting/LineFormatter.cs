using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Siberite.Server.Hosting;

/// <summary>Writes a log entry as one line: time, level, part, text. Whatever a client sent cannot break the
/// line.</summary>
internal sealed class LineFormatter(TimeProvider time, QuietTime quiet) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "line";

    public override void Write<TState>(
        in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        if (quiet.IsNow() && !logEntry.Category.StartsWith("Siberite", StringComparison.Ordinal))
        {
            return;
        }

        var now = time.GetUtcNow().ToString("yyyy-MM-dd HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        var part = logEntry.Category[(logEntry.Category.LastIndexOf('.') + 1)..];
        var text = logEntry.Formatter(logEntry.State, logEntry.Exception);
        textWriter.Write($"{now} {NameOf(logEntry.LogLevel)} {part}: {OnOneLine(text)}");
        if (logEntry.Exception is { } exception)
        {
            textWriter.Write($" | {OnOneLine(exception.ToString())}");
        }

        textWriter.Write('\n');
    }

    /// <summary>The text without line ends and other control characters, which could forge entries or steer a
    /// terminal.</summary>
    public static string OnOneLine(string text)
    {
        if (!text.Any(char.IsControl))
        {
            return text;
        }

        var line = new StringBuilder(text.Length + 16);
        foreach (var c in text.ReplaceLineEndings(" | "))
        {
            if (char.IsControl(c))
            {
                line.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}");
            }
            else
            {
                line.Append(c);
            }
        }

        return line.ToString();
    }

    private static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info ",
        LogLevel.Warning => "WARN ",
        LogLevel.Error => "ERROR",
        _ => "FATAL",
    };
}
