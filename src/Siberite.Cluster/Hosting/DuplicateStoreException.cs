namespace Siberite.Cluster;

/// <summary>Another silo has this silo's store: its data directory is a copy. It must not serve.</summary>
/// <remarks>Thrown by the start of the host; the message is one line for whoever started it.</remarks>
public sealed class DuplicateStoreException(string message) : Exception(message);
