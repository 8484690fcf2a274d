using System.Globalization;
using System.Text;
using Siberite.Ctl.Admin;

namespace Siberite.Ctl.Files;

/// <summary>An exported queue that is read to be imported, and how far that is.</summary>
/// <remarks>What was stored is counted in a small file beside it, so that a run that is cut short can be gone on with.
/// The items of the request that was under way then may be stored twice.</remarks>
internal sealed class ImportFile : IDisposable
{
    /// <summary>Payload bytes of one request: 1 MiB, or one larger item.</summary>
    private const int MaxBatchBytes = 1 << 20;

    private readonly StreamReader _reader;
    private readonly string _notePath;

    private bool _isBad; // The line that was read last is no item.

    private ImportFile(StreamReader reader, string notePath)
    {
        _reader = reader;
        _notePath = notePath;
    }

    /// <summary>Items stored, those of earlier runs included.</summary>
    public long StoredCount { get; private set; }

    /// <summary>Bytes of the file.</summary>
    public long TotalBytes => _reader.BaseStream.Length;

    /// <summary>How many of them were read.</summary>
    public long ReadBytes => _reader.BaseStream.Position;

    /// <exception cref="CtlException">It cannot be read, is no export, or not a whole one.</exception>
    public static async Task<ImportFile> OpenAsync(
        string path, string queue, bool mayContinue, bool mayBePartial, CancellationToken cancellation)
    {
        var notePath = $"{path}.into-{queue}";
        if (File.Exists(notePath) && !mayContinue)
        {
            throw new CtlException(
                ExitCodes.Usage,
                $"{path} was imported into {queue} in part; --resume goes on, or remove {notePath} to begin anew");
        }

        try
        {
            if (!mayBePartial && !await IsWholeAsync(path, cancellation))
            {
                throw new CtlException(
                    ExitCodes.Usage, $"{path} has no end: go on with its export, or say --partial");
            }

            var file = new ImportFile(new StreamReader(path, Encoding.UTF8), notePath);
            await file.SkipAsync(path, cancellation);
            return file;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CtlException(ExitCodes.Failed, $"cannot read {path}: {e.Message}", e);
        }
    }

    /// <summary>The next items; none at the end.</summary>
    /// <exception cref="CtlException">There is something else in the file.</exception>
    public async Task<IReadOnlyList<ItemQuestion>> ReadBatchAsync(int maxCount, CancellationToken cancellation)
    {
        var batch = new List<ItemQuestion>();
        var bytes = 0L;
        if (_isBad)
        {
            throw new CtlException(
                ExitCodes.Failed,
                $"item {Screen.Count(StoredCount + 1)} of the file cannot be read; all before it are stored");
        }

        while (batch.Count < maxCount && bytes < MaxBatchBytes
            && await _reader.ReadLineAsync(cancellation) is { } line
            && ExportJson.TryRead(line, ExportJson.Default.ExportEnd) is null)
        {
            var item = ExportJson.TryRead(line, ExportJson.Default.ExportItem);
            if (item is null)
            {
                if (await _reader.ReadLineAsync(cancellation) is null)
                {
                    break; // Half a line, where an export was cut short.
                }

                _isBad = true; // What is before it is stored first.
                break;
            }

            batch.Add(new ItemQuestion(item.Payload, item.Flags, item.ExpiresAt));
            bytes += item.Payload.Length;
        }

        return _isBad && batch.Count == 0 ? await ReadBatchAsync(maxCount, cancellation) : batch;
    }

    /// <summary>Notes that so many more are stored.</summary>
    public Task NoteStoredAsync(int count)
    {
        StoredCount += count;
        return File.WriteAllTextAsync(_notePath, Screen.Count(StoredCount));
    }

    /// <summary>All are stored.</summary>
    public void Finish() => File.Delete(_notePath);

    public void Dispose() => _reader.Dispose();

    private static async Task<bool> IsWholeAsync(string path, CancellationToken cancellation)
    {
        const int TailBytes = 64;
        await using var stream = File.OpenRead(path);
        stream.Position = Math.Max(0, stream.Length - TailBytes);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var tail = await reader.ReadToEndAsync(cancellation);
        var last = tail.TrimEnd('\n').Split('\n')[^1];
        return tail.EndsWith('\n') && ExportJson.TryRead(last, ExportJson.Default.ExportEnd) is not null;
    }

    /// <summary>Passes over the head and what is stored already.</summary>
    private async Task SkipAsync(string path, CancellationToken cancellation)
    {
        if (await _reader.ReadLineAsync(cancellation) is not { } first
            || ExportJson.TryRead(first, ExportJson.Default.ExportHead) is not
            { Format: ExportHead.Name, Version: ExportHead.LatestVersion })
        {
            throw new CtlException(ExitCodes.Usage, $"{path} is no export of a queue");
        }

        if (File.Exists(_notePath))
        {
            StoredCount = long.Parse(
                await File.ReadAllTextAsync(_notePath, cancellation), CultureInfo.InvariantCulture);
        }

        for (var i = 0L; i < StoredCount; i++)
        {
            await _reader.ReadLineAsync(cancellation);
        }
    }
}
