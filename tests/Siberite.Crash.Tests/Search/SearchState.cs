using Siberite.Testing.Histories;

namespace Siberite.Crash.Tests.Search;

/// <summary>The model: queues of items, each waiting, open, or gone but for a crash. Never changed once made.</summary>
internal sealed class SearchState
{
    private readonly Slot[][] _queues;

    private SearchState(Slot[][] queues) => _queues = queues;

    private enum SlotState
    {
        Waiting,
        Open,

        /// <summary>Taken; a crash may bring it back.</summary>
        Forgettable,

        /// <summary>Back or gone since a crash; the next read that gets to it decides.</summary>
        Perhaps,
    }

    public static SearchState Empty(int queueCount)
        => new([.. Enumerable.Range(0, queueCount).Select(static _ => Array.Empty<Slot>())]);

    /// <summary>All states in which the step may leave this one; none if it cannot happen here as it was
    /// answered.</summary>
    public IEnumerable<SearchState> After(SearchStep step) => step.Kind switch
    {
        StepKind.Set => [Each(step.Queues, slots => [.. slots, new Slot(step.Item!.Value, SlotState.Waiting, 0)])],
        StepKind.Close => Finish(step, static _ => null),
        StepKind.Abort => Finish(step, static slot => slot with { State = SlotState.Waiting, Session = 0 }),
        StepKind.SessionEnd => [AllQueues(slots => EndOf(slots, step.Session))],
        StepKind.Crash => [AllQueues(AfterCrash)],
        _ when step.IsOptional => ReadOfUnknown(step),
        _ when step.Item is { } item => ReadOf(step, item),
        _ => ReadOfNothing(step.Queues[0]),
    };

    /// <summary>The same for the same states, and different for others but for a wonder.</summary>
    public ulong Digest()
    {
        var digest = 14_695_981_039_346_656_037UL;
        foreach (var slots in _queues)
        {
            digest = Mix(digest, (ulong)slots.Length);
            foreach (var slot in slots)
            {
                digest = Mix(digest, ((ulong)slot.Item.Flags << 32) | ((ulong)slot.Session << 8) | (ulong)slot.State);
            }
        }

        return digest;
    }

    private static ulong Mix(ulong digest, ulong value)
    {
        var mixed = (digest ^ value) * 0x9E37_79B9_7F4A_7C15;
        return mixed ^ (mixed >> 29);
    }

    private static Slot[] EndOf(Slot[] slots, int session)
        => [.. slots.Select(slot => slot.State == SlotState.Open && slot.Session == session ? slot.Returned : slot)];

    private static Slot[] AfterCrash(Slot[] slots) => [.. slots.Select(static slot => slot.State switch
    {
        SlotState.Open => slot.Returned,
        SlotState.Forgettable => slot with { State = SlotState.Perhaps },
        _ => slot,
    })];

    private IEnumerable<SearchState> Finish(SearchStep step, Func<Slot, Slot?> finish)
    {
        var slots = _queues[step.Queues[0]];
        var index = Array.FindIndex(
            slots, slot => slot.Item == step.Item && slot.State == SlotState.Open && slot.Session == step.Session);
        return index < 0 ? [] : [With(step.Queues[0], slots[..index], finish(slots[index]), slots[(index + 1)..])];
    }

    private IEnumerable<SearchState> ReadOf(SearchStep step, ItemId item)
    {
        var slots = _queues[step.Queues[0]];
        var index = Array.FindIndex(
            slots,
            slot => slot.Item == item && slot.State is SlotState.Waiting or SlotState.Perhaps && slot.Item == item);
        return index < 0 || slots[..index].Any(static slot => slot.State == SlotState.Waiting)
            ? []
            : [Handed(step, index)];
    }

    /// <summary>Nobody knows what it was given: whatever may have been first.</summary>
    private IEnumerable<SearchState> ReadOfUnknown(SearchStep step)
    {
        var slots = _queues[step.Queues[0]];
        for (var index = 0; index < slots.Length; index++)
        {
            if (slots[index].State is SlotState.Perhaps or SlotState.Waiting)
            {
                yield return Handed(step, index);
            }

            if (slots[index].State == SlotState.Waiting)
            {
                yield break;
            }
        }
    }

    private IEnumerable<SearchState> ReadOfNothing(int queue)
    {
        var slots = _queues[queue];
        return slots.Any(static slot => slot.State == SlotState.Waiting)
            ? []
            : [With(queue, WithoutDoubt(slots), null, [])];
    }

    private SearchState Handed(SearchStep step, int index)
    {
        var slots = _queues[step.Queues[0]];
        Slot? handed = step switch
        {
            { Kind: StepKind.Open } => slots[index] with { State = SlotState.Open, Session = step.Session },
            { IsForgettable: true } => slots[index] with { State = SlotState.Forgettable, Session = 0 },
            _ => null,
        };
        return With(step.Queues[0], WithoutDoubt(slots[..index]), handed, slots[(index + 1)..]);
    }

    /// <summary>What a read has passed over is not there.</summary>
    private static Slot[] WithoutDoubt(Slot[] slots)
        => [.. slots.Where(static slot => slot.State != SlotState.Perhaps)];

    private SearchState With(int queue, Slot[] before, Slot? slot, Slot[] after)
    {
        var queues = (Slot[][])_queues.Clone();
        queues[queue] = slot is { } there ? [.. before, there, .. after] : [.. before, .. after];
        return new SearchState(queues);
    }

    private SearchState AllQueues(Func<Slot[], Slot[]> change) => new([.. _queues.Select(change)]);

    private SearchState Each(int[] numbers, Func<Slot[], Slot[]> change)
        => new([.. _queues.Select((slots, number) => numbers.Contains(number) ? change(slots) : slots)]);

    private readonly record struct Slot(ItemId Item, SlotState State, int Session)
    {
        public Slot Returned => this with { State = SlotState.Waiting, Session = 0 };
    }
}
