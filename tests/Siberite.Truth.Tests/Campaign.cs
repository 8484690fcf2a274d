using System.Globalization;

namespace Siberite.Truth.Tests;

/// <summary>How long and how often: the same tests are short in every build and long in a campaign.</summary>
internal sealed record Campaign
{
    /// <summary>Set by <c>infra/campaign.sh</c>.</summary>
    private const string Variable = "SIBERITE_CAMPAIGN";
    private const string ProfileVariable = "SIBERITE_CAMPAIGN_PROFILE";
    private const string SeedVariable = "SIBERITE_CAMPAIGN_SEED";
    private const string JoinsVariable = "SIBERITE_CAMPAIGN_JOINS";

    /// <summary>The one that is asked for.</summary>
    public static Campaign Current { get; } = IsSet(Variable) ? Long() : new Campaign();

    /// <summary>Membership profile of all silos.</summary>
    public static string Profile { get; } =
        Environment.GetEnvironmentVariable(ProfileVariable) is { Length: > 0 } profile ? profile : "Fast";

    /// <summary>How long load runs before and after a fault.</summary>
    public TimeSpan Calm { get; private init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a killed silo stays away.</summary>
    public TimeSpan Absence { get; private init; } = TimeSpan.FromSeconds(3);

    /// <summary>How often each silo is killed.</summary>
    public int KillRounds { get; private init; } = 1;

    /// <summary>For how many seconds a silo is stopped.</summary>
    public IReadOnlyList<int> StopSeconds { get; private init; } = [10];

    /// <summary>How long a silo is cut off.</summary>
    public TimeSpan Cut { get; private init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long PostgreSQL is away.</summary>
    public TimeSpan DatabaseAbsence { get; private init; } = TimeSpan.FromSeconds(5);

    /// <summary>Silos that join, and leave again.</summary>
    public int Joins { get; private init; } = 6;

    /// <summary>How often queues move.</summary>
    public int Moves { get; private init; } = 6;

    /// <summary>A new seed for every run, or the one that is asked for.</summary>
    public static int NextSeed() => Asked(SeedVariable) ?? Random.Shared.Next(1, 1_000_000);

    /// <summary>The command that plays the same again.</summary>
    public static string CommandFor(string method, int seed)
        => $"{SeedVariable}={seed} dotnet test --project tests/Siberite.Truth.Tests --filter-method \"*{method}*\"";

    private static Campaign Long()
        => new()
        {
            Calm = TimeSpan.FromSeconds(10),
            Absence = TimeSpan.FromSeconds(15),
            KillRounds = 2,
            StopSeconds = [10, 90],
            Cut = TimeSpan.FromSeconds(90),
            DatabaseAbsence = TimeSpan.FromSeconds(60),
            Joins = Asked(JoinsVariable) ?? 200,
            Moves = 40,
        };

    private static bool IsSet(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 };

    private static int? Asked(string variable)
        => int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var value)
            ? value
            : null;
}
