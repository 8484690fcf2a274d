namespace Siberite.Crash.Tests;

/// <summary>Tests that start servers and load them: one at a time, so that each has the machine.</summary>
[CollectionDefinition(nameof(RealServers))]
public sealed class RealServers;
