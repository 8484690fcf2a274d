using Microsoft.AspNetCore.Mvc;
using Siberite.Contracts;

namespace Siberite.Server.Admin;

/// <summary>Moves of queues and drains of silos, for the operator's tool.</summary>
/// <remarks>
/// <code>
/// POST /api/queues/{name}/move?to={silo}   begins a move
/// GET  /api/queues/{name}/move             how far the latest one is; with ?move={id} a certain one
/// POST /api/silos/{silo}/drain             begins to empty a silo; with ?stop=true tells it to stay
/// GET  /api/silos/{silo}/drain             how far that is
/// </code>
/// A silo is named as it calls itself, or by its store id.
/// </remarks>
internal static class MoveEndpoints
{
    public static void MapMoves(this WebApplication app)
    {
        var queue = app.MapGroup("/api/queues/{name}/move").WithTags("Moves");
        queue.MapPost("", async (string name, string to, [FromServices] IQueueMoves moves) =>
            MoveReport.Of(await moves.MoveAsync(QueueName.Parse(name), to), moves.Silos))
            .WithSummary("Begins to move a queue to another silo.");
        queue.MapGet("", async (string name, Guid? move, [FromServices] IQueueMoves moves) =>
            await moves.FindMoveAsync(QueueName.Parse(name), move) is { } found
                ? MoveReport.Of(found, moves.Silos)
                : throw AdminRefusal.NotFound("No such move is remembered."))
            .WithSummary("How far the latest move of a queue is, or a certain one.");
        var silo = app.MapGroup("/api/silos/{name}/drain").WithTags("Silos");
        silo.MapPost("", async (string name, bool? stop, [FromServices] IQueueMoves moves) =>
            DrainReport.Of(await moves.DrainAsync(name, isDraining: stop != true), moves.Silos))
            .WithSummary("Begins to empty a silo, or lets it stay.");
        silo.MapGet("", async (string name, [FromServices] IQueueMoves moves) =>
            DrainReport.Of(await moves.GetDrainAsync(name), moves.Silos))
            .WithSummary("How far a drain is.");
    }
}

/// <summary>How far a move is.</summary>
/// <param name="Queue">The queue.</param>
/// <param name="From">The silo it was on.</param>
/// <param name="To">The silo it goes to.</param>
/// <param name="Step">Copying, HandingOver, Finishing, Done or Failed.</param>
/// <param name="Sent">Items sent so far.</param>
/// <param name="Left">Items still to be sent, roughly.</param>
/// <param name="Trouble">Why it failed, or what it waits for.</param>
/// <param name="Move">Tells it from other moves of the queue.</param>
internal sealed record MoveReport(
    string Queue, string From, string To, string Step, long Sent, long Left, string? Trouble, Guid Move)
{
    public static MoveReport Of(MoveStatus move, IReadOnlyList<SiloName> silos)
        => new(
            move.Name, SiloOf(move.Source, silos), SiloOf(move.Target, silos), move.Step.ToString(), move.SentCount,
            move.LeftCount, move.Failure, move.Move);

    public static string SiloOf(StoreId store, IReadOnlyList<SiloName> silos)
        => silos.FirstOrDefault(silo => silo.Store == store)?.Name ?? store.ToString();
}

/// <summary>How far a drain is.</summary>
/// <param name="Silo">The silo.</param>
/// <param name="IsDraining">Whether it gives away what it has.</param>
/// <param name="IsEmpty">Whether it can be retired.</param>
/// <param name="QueuesLeft">Queues and shards that are still there.</param>
/// <param name="ItemsLeft">Their items, those in the hands of clients included.</param>
/// <param name="Moved">Queues and shards given away.</param>
/// <param name="Trouble">Why the last one could not be; it is tried again.</param>
internal sealed record DrainReport(
    string Silo, bool IsDraining, bool IsEmpty, long QueuesLeft, long ItemsLeft, long Moved, string? Trouble)
{
    public static DrainReport Of(DrainStatus drain, IReadOnlyList<SiloName> silos)
        => new(
            MoveReport.SiloOf(drain.Store, silos), drain.IsDraining, drain.IsEmpty, drain.QueuesLeft, drain.ItemsLeft,
            drain.MovedCount, drain.Failure);
}
