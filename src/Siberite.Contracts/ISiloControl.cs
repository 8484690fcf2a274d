namespace Siberite.Contracts;

/// <summary>What an operator may have this silo do over the wire.</summary>
public interface ISiloControl
{
    /// <summary>Reads the settings again and puts those of queues in force.</summary>
    /// <returns><see langword="null"/> when that is done; otherwise, on one line, what is wrong: then all settings stay
    /// as they were.</returns>
    string? Reload();
}
