namespace Siberite.Ctl.Copying;

/// <summary>One connection to the source, with the item that it has open.</summary>
internal sealed class Lane(WireConnection source) : IDisposable
{
    private bool _isOpen;

    /// <summary>Completes when the target has the item on disk.</summary>
    public Task Stored { get; set; } = Task.CompletedTask;

    /// <summary>Closes the item, which the target has, and opens the next one.</summary>
    /// <returns><see langword="null"/> if there is none.</returns>
    public async Task<WireItem?> OpenNextAsync(string queue, CancellationToken cancellation)
    {
        var command = _isOpen ? $"get {queue}/close/open" : $"get {queue}/open";
        _isOpen = false; // Until the answer is there, nobody knows which item is open: none may be closed.
        await source.SendAsync(command, cancellation);
        var item = await source.ReadItemAsync(cancellation);
        _isOpen = item is not null;
        return item;
    }

    /// <summary>Closes the item, if there is one.</summary>
    public async Task CloseAsync(string queue, CancellationToken cancellation)
    {
        if (_isOpen)
        {
            await source.SendAsync($"get {queue}/close", cancellation);
            _isOpen = await source.ReadItemAsync(cancellation) is not null;
        }
    }

    public void Dispose() => source.Dispose();
}
