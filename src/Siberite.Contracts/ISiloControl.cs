namespace Siberite.Contracts;

/// <summary>What an operator may have this silo do over the wire.</summary>
public interface ISiloControl
{
    /// <summary>Reads the settings again and puts those of queues in force.</summary>
    /// <returns><see langword="null"/> when that is done; otherwise, on one line, what is wrong: then all settings stay
    /// as they were.</returns>
    string? Reload();

    /// <summary>Begins to stop the silo as a signal would. Returns at once.</summary>
    void Shutdown();
}

/// <summary>What queues are told by their settings, as of now.</summary>
public interface IQueueSettings
{
    /// <summary>The settings of one queue, whether it exists or not. Shared: never written to.</summary>
    QueueOptions OptionsOf(QueueName name);
}
