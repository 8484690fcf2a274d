using Siberite.Contracts;

namespace Siberite.Queues;

// Parents and children: who gets copies of what is appended to whom.
public sealed partial class LocalQueues
{
    private readonly Dictionary<QueueName, Queue[]> _children = []; // By parent. Guarded by the naming lock.

    /// <summary>Whether what is appended to a parent is copied to its children.</summary>
    public bool FansOut
    {
        get => _shared.FansOut;
        set => _shared.FansOut = value;
    }

    /// <summary>Whether the queue, which need not be there, has children here.</summary>
    public bool HasChildren(QueueName parent)
    {
        lock (_naming)
        {
            return _children.ContainsKey(parent);
        }
    }

    /// <summary>A queue is there now: a child gets copies from now on; a parent gets the children that were there
    /// before it. Under the naming lock.</summary>
    private void Subscribe(Queue queue)
    {
        queue.Children = _children.GetValueOrDefault(queue.Name, []);
        if (queue.Name.Parent is { } parent && !queue.IsNameless)
        {
            _children[parent] = [.. _children.GetValueOrDefault(parent, []).Where(other => other != queue), queue];
            TellParent(parent);
        }
    }

    private void Unsubscribe(Queue queue)
    {
        if (queue.Name.Parent is { } parent && _children.TryGetValue(parent, out var children))
        {
            Queue[] left = [.. children.Where(other => other != queue)];
            _children[parent] = left;
            TellParent(parent);
            if (left.Length == 0)
            {
                _children.Remove(parent);
            }
        }
    }

    private void TellParent(QueueName parent)
    {
        if (_queues.TryGetValue(parent, out var found))
        {
            found.Children = _children[parent];
        }
    }

    /// <summary>A child has its parent's home, so a parent that has none must not get one on its way.</summary>
    private void ThrowIfParentMoves(QueueName name)
    {
        if (name.Parent is { } parent)
        {
            ThrowIfDeparted(parent);
            if (_queues.TryGetValue(parent, out var found) && found.IsHeldStill)
            {
                found.ThrowIfHeldStill();
            }
        }
    }
}
