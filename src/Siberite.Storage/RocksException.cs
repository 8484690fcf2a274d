namespace Siberite.Storage;

/// <summary>RocksDB's own words about what went wrong.</summary>
internal sealed class RocksException(string message) : Exception(message);
