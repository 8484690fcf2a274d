namespace Siberite.Cluster;

/// <summary>Whether this silo serves queues: what a readiness check asks.</summary>
public interface ISiloReadiness
{
    /// <summary>From the moment the silo is active until it begins to stop.</summary>
    bool IsActive { get; }
}

internal sealed class SiloReadiness : ISiloReadiness, ILifecycleParticipant<ISiloLifecycle>
{
    private volatile bool _isActive;

    public bool IsActive => _isActive;

    public void Participate(ISiloLifecycle lifecycle)
        => lifecycle.Subscribe(
            nameof(SiloReadiness),
            ServiceLifecycleStage.Active + 1, // Starts after all of the silo, stops before any of it.
            _ => Set(isActive: true),
            _ => Set(isActive: false));

    private Task Set(bool isActive)
    {
        _isActive = isActive;
        return Task.CompletedTask;
    }
}
