using Siberite.Contracts;

namespace Siberite.Gateway;

/// <summary>What a client may not do.</summary>
[Flags]
internal enum Refusals : byte
{
    None = 0,

    /// <summary>Set, delete, flush.</summary>
    Writes = 1,

    /// <summary>Take or look at items. What is open can still be closed, aborted and confirmed.</summary>
    Reads = 2,
}

/// <summary>What the clients of this gateway may not do, by the silo's status.</summary>
internal sealed class StatusGate
{
    private readonly IServiceStatus _status;
    private readonly SessionList _sessions;
    private volatile Refusals _refused;

    public StatusGate(IServiceStatus status, SessionList sessions)
    {
        _status = status;
        _sessions = sessions;
        status.Changed += Apply;
        Apply();
    }

    public Refusals Refused => _refused;

    private void Apply()
    {
        _refused = _status.InForce switch
        {
            ServiceStatus.ReadOnly => Refusals.Writes,
            ServiceStatus.Quiescent => Refusals.Writes | Refusals.Reads,
            _ => Refusals.None,
        };
        if ((_refused & Refusals.Reads) != 0)
        {
            _sessions.EndWaits();
        }
    }
}
