using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Siberite.Ctl.Admin;

namespace Siberite.Ctl.Files;

/// <summary>A file that items of a queue are exported to: a head, a line for each item, and an end.</summary>
/// <remarks>A run that is cut short leaves no end, and perhaps half a line. To go on, whole lines count and the rest is
/// cut off.</remarks>
internal sealed class ExportFile : IAsyncDisposable
{
    private readonly FileStream _stream;

    private ExportFile(FileStream stream) => _stream = stream;

    /// <summary>Items in it.</summary>
    public long ItemCount { get; private set; }

    /// <summary>Where the queue is to be read on; <see langword="null"/> from the beginning.</summary>
    public string? Next { get; private set; }

    /// <summary>Whether nothing is missing.</summary>
    public bool IsComplete { get; private set; }

    /// <exception cref="CtlException">It cannot be opened, or is not what is to be gone on with.</exception>
    public static async Task<ExportFile> OpenAsync(
        string path, string queue, bool mayContinue, CancellationToken cancellation)
    {
        if (File.Exists(path) && !mayContinue)
        {
            throw new CtlException(ExitCodes.Usage, $"{path} exists; --resume goes on with it");
        }

        try
        {
            var file = new ExportFile(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite));
            if (file._stream.Length == 0)
            {
                await file.WriteAsync(
                    new ExportHead(ExportHead.Name, ExportHead.LatestVersion, queue), ExportJson.Default.ExportHead,
                    cancellation);
            }
            else
            {
                await file.FindEndAsync(path, queue, cancellation);
            }

            return file;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CtlException(ExitCodes.Failed, $"cannot write {path}: {e.Message}", e);
        }
    }

    /// <summary>Adds a page of items, and the end after the last one.</summary>
    public async Task AddAsync(ItemsAnswer page, CancellationToken cancellation)
    {
        foreach (var item in page.Items)
        {
            await WriteAsync(
                new ExportItem(
                    item.StoreId, item.Sequence, item.Flags, item.EnqueuedAt, item.ExpiresAt, item.Payload),
                ExportJson.Default.ExportItem, cancellation);
            ItemCount++;
        }

        Next = page.Next;
        if (Next is null)
        {
            await WriteAsync(new ExportEnd(ItemCount), ExportJson.Default.ExportEnd, cancellation);
            IsComplete = true;
        }

        await _stream.FlushAsync(cancellation);
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private async Task FindEndAsync(string path, string queue, CancellationToken cancellation)
    {
        using var reader = new StreamReader(_stream, Encoding.UTF8, leaveOpen: true);
        var head = await reader.ReadLineAsync(cancellation) is { } first
            ? ExportJson.TryRead(first, ExportJson.Default.ExportHead)
            : null;
        if (head is not { Format: ExportHead.Name, Version: ExportHead.LatestVersion } || head.Queue != queue)
        {
            throw new CtlException(ExitCodes.Usage, $"{path} is no export of {queue} that can be gone on with");
        }

        var whole = (long)Encoding.UTF8.GetByteCount(JsonSerializer.Serialize(head, ExportJson.Default.ExportHead)) + 1;
        while (await reader.ReadLineAsync(cancellation) is { } line)
        {
            var end = whole + Encoding.UTF8.GetByteCount(line) + 1;
            if (end > _stream.Length)
            {
                break; // Half a line, or a whole one without its end.
            }

            if (ExportJson.TryRead(line, ExportJson.Default.ExportEnd) is not null)
            {
                IsComplete = true;
            }
            else if (ExportJson.TryRead(line, ExportJson.Default.ExportItem) is { } item)
            {
                ItemCount++;
                Next = string.Create(CultureInfo.InvariantCulture, $"{item.StoreId}:{item.Sequence + 1}");
            }
            else
            {
                break;
            }

            whole = end;
        }

        _stream.SetLength(whole);
        _stream.Position = whole;
    }

    private async Task WriteAsync<T>(T line, JsonTypeInfo<T> form, CancellationToken cancellation)
    {
        await JsonSerializer.SerializeAsync(_stream, line, form, cancellation);
        _stream.WriteByte((byte)'\n');
    }
}
