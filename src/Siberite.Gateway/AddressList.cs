using System.Net;
using Siberite.Contracts;

namespace Siberite.Gateway;

/// <summary>How many connections each client address has, and has begun within the second. Keeps nothing while no
/// limit is set.</summary>
internal sealed class AddressList(GatewayOptions options, TimeProvider time)
{
    private static readonly TimeSpan RateWindow = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, int> _open = [];
    private readonly Dictionary<IPAddress, int> _begun = []; // Within the window.
    private long _windowStartedAt = time.GetTimestamp();

    /// <summary>Addresses that have connections. For tests: it must not grow.</summary>
    internal int Count
    {
        get
        {
            lock (_gate)
            {
                return _open.Count;
            }
        }
    }

    /// <returns>Whether the address may have one more; then <see cref="Leave"/> ends it.</returns>
    public bool TryEnter(IPAddress address)
    {
        if (!IsLimited)
        {
            return true;
        }

        lock (_gate)
        {
            if (time.GetElapsedTime(_windowStartedAt) >= RateWindow)
            {
                _begun.Clear();
                _windowStartedAt = time.GetTimestamp();
            }

            var open = _open.GetValueOrDefault(address);
            var begun = _begun.GetValueOrDefault(address);
            if (IsReached(open, options.MaxConnectionsPerAddress)
                || IsReached(begun, options.MaxConnectionRatePerAddress))
            {
                return false;
            }

            _open[address] = open + 1;
            _begun[address] = begun + 1;
            return true;
        }
    }

    public void Leave(IPAddress address)
    {
        if (!IsLimited)
        {
            return;
        }

        lock (_gate)
        {
            if (--_open[address] == 0)
            {
                _open.Remove(address);
            }
        }
    }

    private bool IsLimited => options.MaxConnectionsPerAddress > 0 || options.MaxConnectionRatePerAddress > 0;

    private static bool IsReached(int count, int limit) => limit > 0 && count >= limit;
}
