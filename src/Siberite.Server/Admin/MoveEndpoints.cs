using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Siberite.Contracts;

namespace Siberite.Server.Admin;

/// <summary>Moves of queues and drains of silos, for the operator's tool.</summary>
/// <remarks>
/// <code>
/// POST /api/queues/{name}/move?to={silo}   begins a move
/// GET  /api/queues/{name}/move             how far the latest one is
/// POST /api/silos/{silo}/drain             begins to empty a silo; with ?stop=true tells it to stay
/// GET  /api/silos/{silo}/drain             how far that is
/// </code>
/// A silo is named as it calls itself, or by its store id.
/// </remarks>
internal static class MoveEndpoints
{
    /// <summary>A header that browsers do not let other sites' pages send without asking first, which is
    /// refused.</summary>
    public const string OperatorHeader = "Siberite-Operator";

    private static readonly PathString Queues = "/api/queues";
    private static readonly PathString Silos = "/api/silos";

    public static void MapMoves(this WebApplication app)
    {
        var moves = app.Services.GetRequiredService<IQueueMoves>();
        app.MapPost("/api/queues/{name}/move", context => AnswerAsync(context, MoveJson.Default.MoveReport, async () =>
        {
            var to = context.Request.Query["to"].ToString();
            return MoveReport.Of(await moves.MoveAsync(NameOf(context), to), moves.Silos);
        }));
        app.MapGet("/api/queues/{name}/move", context => AnswerAsync(context, MoveJson.Default.MoveReport, async () =>
            await moves.FindMoveAsync(NameOf(context)) is { } move ? MoveReport.Of(move, moves.Silos) : null));
        app.MapPost("/api/silos/{name}/drain", context => AnswerAsync(context, MoveJson.Default.DrainReport, async () =>
        {
            var isDraining = context.Request.Query["stop"] != "true";
            return DrainReport.Of(await moves.DrainAsync(TextOf(context), isDraining), moves.Silos);
        }));
        app.MapGet("/api/silos/{name}/drain", context => AnswerAsync(context, MoveJson.Default.DrainReport, async () =>
            DrainReport.Of(await moves.GetDrainAsync(TextOf(context)), moves.Silos)));
    }

    /// <summary>Whether the request may change something: it is one of these, and no browser sent it for another site.
    /// </summary>
    public static bool MayChange(HttpRequest request)
        => HttpMethods.IsPost(request.Method)
            && request.Headers.ContainsKey(OperatorHeader)
            && (Means(request.Path, Queues, "/move") || Means(request.Path, Silos, "/drain"));

    private static bool Means(PathString path, PathString of, string act)
        => path.StartsWithSegments(of, out var rest) && rest.Value!.EndsWith(act, StringComparison.Ordinal);

    private static QueueName NameOf(HttpContext context) => QueueName.Parse(TextOf(context));

    private static string TextOf(HttpContext context) => context.Request.RouteValues["name"]?.ToString() ?? "";

    private static async Task AnswerAsync<T>(HttpContext context, JsonTypeInfo<T> form, Func<Task<T?>> act)
        where T : class
    {
        context.Response.ContentType = "application/json; charset=utf-8";
        try
        {
            if (await act() is { } answer)
            {
                await JsonSerializer.SerializeAsync(context.Response.Body, answer, form, context.RequestAborted);
                return;
            }

            await RefuseAsync(context, StatusCodes.Status404NotFound, "No such move is remembered.");
        }
        catch (SiberiteException e)
        {
            await RefuseAsync(context, StatusOf(e.Error), e.Message);
        }
    }

    private static int StatusOf(SiberiteError error) => error switch
    {
        SiberiteError.QueueNameInvalid => StatusCodes.Status400BadRequest,
        SiberiteError.QueueUnavailable or SiberiteError.QueueMoving => StatusCodes.Status409Conflict,
        _ => StatusCodes.Status503ServiceUnavailable,
    };

    private static Task RefuseAsync(HttpContext context, int status, string reason)
    {
        context.Response.StatusCode = status;
        return JsonSerializer.SerializeAsync(
            context.Response.Body, new Refusal(reason), MoveJson.Default.Refusal, context.RequestAborted);
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
internal sealed record MoveReport(
    string Queue, string From, string To, string Step, long Sent, long Left, string? Trouble)
{
    public static MoveReport Of(MoveStatus move, IReadOnlyList<SiloName> silos)
        => new(
            move.Name, SiloOf(move.Source, silos), SiloOf(move.Target, silos), move.Step.ToString(), move.SentCount,
            move.LeftCount, move.Failure);

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

/// <summary>Why nothing was done.</summary>
internal sealed record Refusal(string Error);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(MoveReport))]
[JsonSerializable(typeof(DrainReport))]
[JsonSerializable(typeof(Refusal))]
internal sealed partial class MoveJson : JsonSerializerContext;
