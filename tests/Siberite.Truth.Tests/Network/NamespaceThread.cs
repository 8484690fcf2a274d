using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Siberite.Truth.Tests.Network;

/// <summary>A thread in a network namespace: a socket that is made on it belongs there, whoever uses it.</summary>
internal sealed partial class NamespaceThread : IDisposable
{
    private const int NewNetwork = 0x40000000; // CLONE_NEWNET

    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread _thread;

    public NamespaceThread(string name)
    {
        var entered = new TaskCompletionSource();
        _thread = new Thread(() => Work(name, entered)) { IsBackground = true, Name = $"in {name}" };
        _thread.Start();
        entered.Task.GetAwaiter().GetResult();
    }

    /// <summary>Runs something there, and returns what it returns.</summary>
    public T Run<T>(Func<T> make)
    {
        var made = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                made.SetResult(make());
            }
            catch (Exception e)
            {
                made.SetException(e);
            }
        });
        return made.Task.GetAwaiter().GetResult();
    }

    public void Dispose()
    {
        _work.CompleteAdding();
        _thread.Join();
        _work.Dispose();
    }

    private void Work(string name, TaskCompletionSource entered)
    {
        using (var handle = File.OpenHandle($"/var/run/netns/{name}"))
        {
            if (Enter(handle, NewNetwork) != 0)
            {
                entered.SetException(new InvalidOperationException(
                    $"Cannot enter {name}: {Marshal.GetLastPInvokeErrorMessage()}"));
                return;
            }
        }

        entered.SetResult();
        foreach (var work in _work.GetConsumingEnumerable())
        {
            work();
        }
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int Enter(SafeFileHandle handle, int type);
}
