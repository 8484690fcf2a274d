namespace Siberite.Gateway;

/// <summary>A transport that serves its sessions in rounds: all that have something to do, then once what they
/// share.</summary>
internal interface IRound
{
    /// <summary>Completes when every session of this round has taken its commands in. At once for a session that no
    /// round is serving. Awaited by one caller at a time.</summary>
    ValueTask EndAsync();
}
