using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Siberite.Ctl.Copying;

/// <summary>A file that knows which items of a queue are under way, so that a later run of the copy does not set them a
/// second time.</summary>
/// <remarks>
/// The wire gives items no name, so the copy gives each one an id, and the target takes one set with that id. What a
/// later run finds at the source is told by its bytes:
/// <code>
/// noted     written before    at the source     a later run that opens an item with these bytes
/// set       the set is sent   certainly there   sets it under the same id: the target knows if it has it
/// closing   the close is sent perhaps           sets it under a new id: it may be another one with the same bytes
/// nothing   another is opened gone
/// </code>
/// One item at a time is being closed, so one may be set twice; none can be lost. What is noted counts as long as the
/// machine has not been started again: the file is not synced, and old notes must not be taken for new ones.
/// </remarks>
internal sealed class CopyJournal : IDisposable
{
    /// <summary>Bytes of a note: state, id and digest. All have the same place and size, so a note is replaced by one
    /// write.</summary>
    private const int NoteBytes = 160;

    private const string BootPath = "/proc/sys/kernel/random/boot_id";

    private readonly FileStream _file;
    private readonly string _path;
    private readonly string _run = Guid.NewGuid().ToString("N");
    private readonly Note?[] _places;
    private readonly Dictionary<string, Queue<int>> _left = new(StringComparer.Ordinal); // By digest, their places.
    private readonly int _laneCount;
    private readonly int _generation;
    private long _lastNumber;
    private int _setsBeforeForgetting;

    private CopyJournal(FileStream file, string path, int laneCount, List<Note> left)
    {
        _file = file;
        _path = path;
        _laneCount = laneCount;
        _generation = left.Select(note => note.Order.Generation).DefaultIfEmpty().Max() + 1;
        _places = [.. new Note?[laneCount], .. left];
        _setsBeforeForgetting = _places.Length;
        for (var place = laneCount; place < _places.Length; place++)
        {
            var digest = _places[place]!.Digest;
            if (!_left.TryGetValue(digest, out var places))
            {
                _left[digest] = places = [];
            }

            places.Enqueue(place);
        }
    }

    /// <summary>Opens what an earlier run left, or begins anew.</summary>
    /// <param name="directory">Where such files are.</param>
    /// <param name="source">The server that is copied from.</param>
    /// <param name="queue">The queue.</param>
    /// <param name="laneCount">Items under way at a time.</param>
    /// <exception cref="CtlException">It cannot be written, or another run has it.</exception>
    public static CopyJournal Open(string directory, string source, string queue, int laneCount)
    {
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{source} {queue}")))[..16];
        var path = Path.Combine(directory, $"siberite-copy-{name}.journal");
        try
        {
            var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
            try
            {
                var journal = new CopyJournal(file, path, laneCount, Read(file));
                journal.Rewrite();
                return journal;
            }
            catch
            {
                file.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CtlException(ExitCodes.Failed, $"cannot keep notes of the copy in {path}: {e.Message}", e);
        }
    }

    /// <summary>What an earlier run has set and not closed is set under new ids from now on, and perhaps a second
    /// time.</summary>
    public void Forget()
    {
        _left.Clear();
        for (var place = _laneCount; place < _places.Length; place++)
        {
            Write(place, null);
        }
    }

    /// <summary>Notes that the item is about to be set.</summary>
    /// <param name="lane">Which lane has it open.</param>
    /// <param name="item">The item.</param>
    public CopyId BeginSet(int lane, WireItem item)
    {
        if (--_setsBeforeForgetting == 0)
        {
            Forget(); // What came back was at the source's head. If it is not, another client has taken it.
        }

        var digest = DigestOf(item);
        var isLeft = _left.TryGetValue(digest, out var places) && places.Count > 0;
        var place = isLeft ? places!.Dequeue() : -1;
        var id = isLeft ? _places[place]!.Id
            : string.Create(CultureInfo.InvariantCulture, $"copy-{_run}-{_generation}-{++_lastNumber}");
        Write(lane, new Note("set", id, digest));
        if (isLeft)
        {
            Write(place, null); // A kill before this leaves the id twice, and it is read once.
        }

        return new CopyId(id, MayBeThere: isLeft);
    }

    /// <summary>Notes that the item is about to be closed at the source.</summary>
    public void BeginClose(int lane)
    {
        if (_places[lane] is { } note)
        {
            Write(lane, note with { State = "closing" });
        }
    }

    /// <summary>The queue is empty, so nothing is under way any more.</summary>
    public void Complete()
    {
        _file.Dispose();
        File.Delete(_path);
    }

    public void Dispose() => _file.Dispose();

    private static string DigestOf(WireItem item)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(BitConverter.GetBytes(item.Flags));
        hash.AppendData(item.Payload.Span);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string BootId() => File.Exists(BootPath) ? File.ReadAllText(BootPath).Trim() : "";

    /// <returns>What was set and not closed, if it can still be trusted. In the order it was set: of items with the
    /// same bytes, the target has the first ones.</returns>
    private static List<Note> Read(FileStream file)
    {
        var content = new byte[file.Length];
        file.ReadExactly(content);
        var notes = Encoding.ASCII.GetString(content).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var boot = BootId();
        return boot.Length == 0 || notes.Length == 0 || notes[0].TrimEnd() != boot
            ? []
            : [.. notes[1..].Select(Note.TryParse).OfType<Note>().Where(note => note.State == "set")
                .DistinctBy(note => note.Id).OrderBy(note => note.Order)];
    }

    /// <summary>Makes room for the lanes before what is left. A kill meanwhile loses notes, and sets items twice.
    /// </summary>
    private void Rewrite()
    {
        _file.SetLength(0);
        RandomAccess.Write(_file.SafeFileHandle, Padded(BootId()), 0);
        for (var place = 0; place < _places.Length; place++)
        {
            Write(place, _places[place]);
        }
    }

    private void Write(int place, Note? note)
    {
        _places[place] = note;
        try
        {
            RandomAccess.Write(_file.SafeFileHandle, Padded(note?.ToString() ?? ""), (place + 1L) * NoteBytes);
        }
        catch (IOException e)
        {
            throw new CtlException(ExitCodes.Failed, $"cannot keep notes of the copy in {_path}: {e.Message}", e);
        }
    }

    private static byte[] Padded(string text) => Encoding.ASCII.GetBytes(text.PadRight(NoteBytes - 1) + "\n");

    private sealed record Note(string State, string Id, string Digest)
    {
        /// <summary>When it was first set: in which run since the file was begun, and as which of its
        /// items.</summary>
        public (int Generation, long Number) Order
            => Id.Split('-') is [.., var generation, var number]
                && int.TryParse(generation, CultureInfo.InvariantCulture, out var run)
                && long.TryParse(number, CultureInfo.InvariantCulture, out var item)
                ? (run, item)
                : default;

        public static Note? TryParse(string line)
            => line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [var state, var id, var digest]
                ? new Note(state, id, digest)
                : null;

        public override string ToString() => $"{State} {Id} {Digest}";
    }
}

/// <summary>What the target knows an item by.</summary>
/// <param name="Text">The id.</param>
/// <param name="MayBeThere">Whether an earlier run has sent it.</param>
internal readonly record struct CopyId(string Text, bool MayBeThere);
