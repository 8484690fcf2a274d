using Siberite.Contracts;
using Siberite.Server.Settings;

namespace Siberite.Server.Hosting;

/// <summary>What clients that may can have this silo do.</summary>
internal sealed class SiloControl(SettingsReload reload, IHostApplicationLifetime lifetime) : ISiloControl
{
    /// <inheritdoc/>
    public string? Reload() => reload.Reload();

    /// <inheritdoc/>
    /// <remarks>Not on the caller's thread: a session that asks for it would wait for its own end.</remarks>
    public void Shutdown()
        => ThreadPool.UnsafeQueueUserWorkItem(
            static lifetime => lifetime.StopApplication(), lifetime, preferLocal: false);
}
