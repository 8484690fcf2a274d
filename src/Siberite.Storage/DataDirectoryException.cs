namespace Siberite.Storage;

/// <summary>The data directory cannot be used. The message is one line for an operator and names the
/// directory.</summary>
public sealed class DataDirectoryException(string message, Exception? inner) : Exception(message, inner);
