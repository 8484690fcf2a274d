namespace Siberite.Storage;

/// <summary>The data directory cannot be used. The message is one line and says what to do.</summary>
public sealed class DataDirectoryException(string message, Exception? inner) : Exception(message, inner);
