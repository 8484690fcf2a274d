using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Threading.Tasks.Sources;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Siberite.Gateway;

/// <summary>One client's socket, received from and sent to without a buffer of its own while it is idle.</summary>
/// <remarks>The socket is closed on the poll thread, between rounds, so that nothing there speaks of another one that
/// was given its number.</remarks>
internal sealed class PolledConnection : ConnectionContext, IDuplexPipe, IRound, IValueTaskSource,
    PollThread.IPosted, IConnectionIdFeature, IConnectionTransportFeature, IConnectionItemsFeature,
    IConnectionLifetimeFeature, IConnectionEndPointFeature
{
    private readonly Lock _gate = new();
    private readonly Socket _socket;
    private readonly PollThread _thread;
    private readonly PolledReader _reader;
    private readonly PolledWriter _writer;
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ManualResetValueTaskSourceCore<bool> _roundEnd;
    private CancellationTokenSource? _closing;
    private GCHandle _handle;
    private bool _isClosed;
    private IDictionary<object, object?>? _items;

    public PolledConnection(Socket socket, PollThread thread, string id)
    {
        _socket = socket;
        _thread = thread;
        Descriptor = (int)socket.Handle;
        ConnectionId = id;
        _reader = new PolledReader(this, thread);
        _writer = new PolledWriter(this, thread);
        Features = new FeatureCollection(initialCapacity: 8);
        Features.Set<IConnectionIdFeature>(this);
        Features.Set<IConnectionTransportFeature>(this);
        Features.Set<IConnectionItemsFeature>(this);
        Features.Set<IConnectionLifetimeFeature>(this);
        Features.Set<IConnectionEndPointFeature>(this);
        _handle = GCHandle.Alloc(this);
    }

    /// <summary>The socket's number.</summary>
    public int Descriptor { get; }

    /// <summary>Leads the poll thread back to this object.</summary>
    public nint Key => GCHandle.ToIntPtr(_handle);

    public override string ConnectionId { get; set; }

    public override IFeatureCollection Features { get; }

    public override IDictionary<object, object?> Items
    {
        get => _items ??= new ConnectionItems();
        set => _items = value;
    }

    public override IDuplexPipe Transport
    {
        get => this;
        set => throw new NotSupportedException("Nothing can stand between a session and its socket.");
    }

    public PipeReader Input => _reader;

    public PipeWriter Output => _writer;

    public override EndPoint? LocalEndPoint
    {
        get => _socket.LocalEndPoint;
        set => throw new NotSupportedException();
    }

    public override EndPoint? RemoteEndPoint
    {
        get => _socket.RemoteEndPoint;
        set => throw new NotSupportedException();
    }

    public override CancellationToken ConnectionClosed
    {
        get
        {
            lock (_gate)
            {
                _closing ??= new CancellationTokenSource();
                if (_isClosed)
                {
                    _closing.Cancel();
                }

                return _closing.Token;
            }
        }

        set => throw new NotSupportedException();
    }

    /// <summary>Starts to hear of the socket.</summary>
    public void Start() => _thread.Add(this);

    /// <summary>What the poll says of the socket. Poll thread.</summary>
    public void OnEvents(uint events)
    {
        const uint Ends = LinuxCalls.PollError | LinuxCalls.PollHangUp | LinuxCalls.PollPeerHangUp;
        if ((events & (LinuxCalls.PollOut | LinuxCalls.PollError | LinuxCalls.PollHangUp)) != 0)
        {
            _writer.OnWritable();
        }

        if ((events & (LinuxCalls.PollIn | Ends)) != 0)
        {
            _reader.OnReadable(isEnding: (events & Ends) != 0);
        }
    }

    /// <inheritdoc/>
    public ValueTask EndAsync()
    {
        if (!_thread.IsCurrent)
        {
            return default;
        }

        _roundEnd.Reset();
        _thread.AtEnd(this);
        return new(this, _roundEnd.Version);
    }

    /// <summary>Lets the session go on after its round. Poll thread.</summary>
    public void EndRound() => _roundEnd.SetResult(true);

    public override void Abort() => Shutdown();

    public override void Abort(ConnectionAbortedException abortReason) => Shutdown();

    /// <summary>Ends when the socket is closed.</summary>
    public override async ValueTask DisposeAsync()
    {
        Shutdown();
        _thread.Post(this);
        await _closed.Task;
        await base.DisposeAsync();
    }

    /// <summary>Closes the socket. The session has ended. Poll thread, between rounds.</summary>
    void PollThread.IPosted.RunPosted()
    {
        CancellationTokenSource? closing;
        lock (_gate)
        {
            _isClosed = true;
            closing = _closing;
        }

        _socket.Dispose();
        _handle.Free();
        _reader.Release();
        _writer.Release();
        closing?.Cancel();
        _closed.SetResult();
    }

    void IValueTaskSource.GetResult(short token) => _roundEnd.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _roundEnd.GetStatus(token);

    void IValueTaskSource.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _roundEnd.OnCompleted(continuation, state, token, flags);

    private void Shutdown()
    {
        lock (_gate)
        {
            if (_isClosed)
            {
                return;
            }

            try
            {
                _socket.Shutdown(SocketShutdown.Both);
            }
            catch (SocketException)
            {
                // The client was faster.
            }
        }
    }
}
