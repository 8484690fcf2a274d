using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Siberite.Server.Hosting;

/// <summary>The connections of all endpoints, to end those that outstay a stop. Costs one entry a connection.</summary>
/// <remarks>Kestrel itself waits for connections as long as the whole host may take to stop, and nothing would be left
/// for Orleans and the store.</remarks>
internal sealed class OpenConnections
{
    private readonly ConcurrentDictionary<ConnectionContext, bool> _connections = new();

    /// <summary>Keeps track of an endpoint's connections, and closes those beyond <paramref name="most"/>.</summary>
    public void Track(ListenOptions endpoint, int most = int.MaxValue)
    {
        var count = 0;
        endpoint.Use(next => async connection =>
        {
            _connections.TryAdd(connection, value: true);
            try
            {
                if (Interlocked.Increment(ref count) <= most)
                {
                    await next(connection);
                }
            }
            finally
            {
                Interlocked.Decrement(ref count);
                _connections.TryRemove(connection, out _);
            }
        });
    }

    /// <summary>Ends every connection that is still there.</summary>
    /// <returns>How many.</returns>
    public int AbortAll()
    {
        var count = 0;
        foreach (var (connection, _) in _connections)
        {
            connection.Abort(new ConnectionAbortedException("The silo stops."));
            count++;
        }

        return count;
    }
}
