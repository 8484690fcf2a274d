using System.Globalization;

namespace Siberite.Crash.Tests.Faults;

/// <summary>Chance, and how to have the same chance again.</summary>
internal static class Seeds
{
    private const string SeedVariable = "SIBERITE_CRASH_SEED";
    private const string RoundsVariable = "SIBERITE_CRASH_ROUNDS";

    /// <summary>A new seed for every run, or the one that is asked for.</summary>
    public static int Next() => Asked(SeedVariable) ?? Random.Shared.Next(1, 1_000_000);

    /// <summary>How many times as many faults as in the daily run.</summary>
    public static int Rounds => Asked(RoundsVariable) ?? 1;

    /// <summary>The command that plays the same again.</summary>
    public static string CommandFor(string method, int seed)
        => $"{SeedVariable}={seed} dotnet test --project tests/Siberite.Crash.Tests --filter-method \"*{method}*\"";

    private static int? Asked(string variable)
        => int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var value)
            ? value
            : null;
}
