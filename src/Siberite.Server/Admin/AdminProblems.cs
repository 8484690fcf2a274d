using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using Siberite.Contracts;

namespace Siberite.Server.Admin;

/// <summary>Why a request of an operator was not carried out.</summary>
internal sealed class AdminRefusal(int status, string message) : Exception(message)
{
    /// <summary>The HTTP status.</summary>
    public int Status => status;

    public static AdminRefusal NotFound(string message) => new(StatusCodes.Status404NotFound, message);

    public static AdminRefusal NoQueue(QueueName name) => NotFound($"There is no queue {name}.");

    public static AdminRefusal Invalid(string message) => new(StatusCodes.Status400BadRequest, message);
}

/// <summary>A refusal as <c>application/problem+json</c> (RFC 9457).</summary>
/// <param name="Title">The status in words.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Detail">One sentence, or one for each setting that is wrong.</param>
internal sealed record Problem(string Title, int Status, string Detail);

/// <summary>Gives every refusal below <c>/api</c> a body that says why.</summary>
internal static class AdminProblems
{
    private static readonly PathString Api = "/api";

    public static void UseProblems(this WebApplication app)
        => app.Use(async (context, next) =>
        {
            if (!context.Request.Path.StartsWithSegments(Api))
            {
                await next(context);
                return;
            }

            try
            {
                await next(context);
                if (context.Response is { HasStarted: false, StatusCode: >= StatusCodes.Status400BadRequest } response)
                {
                    await WriteAsync(context, response.StatusCode, DetailOf(response.StatusCode));
                }
            }
            catch (Exception e) when (!context.Response.HasStarted && Judge(e) is { } refusal)
            {
                await WriteAsync(context, refusal.Status, refusal.Message);
            }
        });

    private static AdminRefusal? Judge(Exception failure) => failure switch
    {
        AdminRefusal refusal => refusal,
        SiberiteException refusal => new AdminRefusal(StatusOf(refusal.Error), refusal.Message),
        BadHttpRequestException bad => new AdminRefusal(bad.StatusCode, bad.StatusCode switch
        {
            StatusCodes.Status413PayloadTooLarge => "The body is too large.",
            _ when bad.InnerException is JsonException json => $"The body cannot be read: {json.Message}",
            _ => bad.Message,
        }),
        _ => null,
    };

    private static int StatusOf(SiberiteError error) => error switch
    {
        SiberiteError.QueueNameInvalid or SiberiteError.SettingInvalid => StatusCodes.Status400BadRequest,
        SiberiteError.QueueUnavailable or SiberiteError.QueueMoving => StatusCodes.Status409Conflict,
        _ => StatusCodes.Status503ServiceUnavailable,
    };

    private static string DetailOf(int status) => status switch
    {
        StatusCodes.Status400BadRequest => "A parameter or the body cannot be read.",
        StatusCodes.Status403Forbidden => "This address is for this machine only.",
        StatusCodes.Status404NotFound => "There is no such path.",
        StatusCodes.Status405MethodNotAllowed =>
            $"The path is not for that method, or the header {AdminSecurity.OperatorHeader} is missing.",
        StatusCodes.Status413PayloadTooLarge => "The body is too large.",
        StatusCodes.Status415UnsupportedMediaType => "The body must be application/json.",
        _ => ReasonPhrases.GetReasonPhrase(status),
    };

    private static Task WriteAsync(HttpContext context, int status, string detail)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/problem+json";
        return JsonSerializer.SerializeAsync(
            context.Response.Body, new Problem(ReasonPhrases.GetReasonPhrase(status), status, detail),
            AdminJson.Default.Problem, context.RequestAborted);
    }
}
