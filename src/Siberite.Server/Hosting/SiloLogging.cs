using Microsoft.Extensions.Logging.Console;

namespace Siberite.Server.Hosting;

/// <summary>The process's log: the console, one line an entry, ours from Information and others' from Warning
/// on.</summary>
internal static class SiloLogging
{
    /// <summary>Made before the host, so that the store can log too, and outlives it. Section <c>Logging</c> of the
    /// configuration may change levels.</summary>
    /// <param name="configuration">All settings.</param>
    /// <param name="isQuiet">While it holds, only our own parts log: a start that fails is told in one line by
    /// whoever catches the exception, and the frameworks would print it as well, each with a stack trace.</param>
    public static ILoggerFactory Create(IConfiguration configuration, Func<bool> isQuiet)
        => LoggerFactory.Create(logging =>
        {
            logging.SetMinimumLevel(LogLevel.Warning);
            logging.AddFilter("Siberite", LogLevel.Information);
            logging.AddConfiguration(configuration.GetSection("Logging"));
            logging.Services.AddSingleton(TimeProvider.System);
            logging.Services.AddSingleton(new QuietTime(isQuiet));
            logging.AddConsole(console => console.FormatterName = LineFormatter.FormatterName);
            logging.AddConsoleFormatter<LineFormatter, ConsoleFormatterOptions>();
        });
}

/// <summary>When only our own parts are heard.</summary>
internal sealed record QuietTime(Func<bool> IsNow);
