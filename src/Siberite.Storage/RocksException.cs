namespace Siberite.Storage;

/// <summary>RocksDB's own words about what went wrong.</summary>
internal sealed class RocksException(string message) : Exception(message)
{
    /// <summary>Whether bytes on the disk are not what was written. RocksDB's messages begin with the kind.</summary>
    public bool IsCorruption => Message.StartsWith("Corruption: ", StringComparison.Ordinal);
}
