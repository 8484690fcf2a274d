using Siberite.Testing;

namespace Siberite.Truth.Tests;

/// <summary>A connection to a cluster.</summary>
/// <param name="Wire">What is said on it.</param>
/// <param name="Silo">The silo it goes to, if that is known.</param>
internal sealed record Client(WireClient Wire, string? Silo) : IAsyncDisposable
{
    public ValueTask DisposeAsync() => Wire.DisposeAsync();
}
