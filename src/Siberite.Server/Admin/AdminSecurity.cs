using System.Net;

namespace Siberite.Server.Admin;

/// <summary>What every answer of the admin endpoint has in common: only who says to be an operator changes something,
/// and other sites' pages can neither say so nor get anything out of it.</summary>
internal static class AdminSecurity
{
    /// <summary>A header that browsers do not let other sites' pages send without asking first, which is refused.
    /// Every request that may change something must have it.</summary>
    public const string OperatorHeader = "Siberite-Operator";

    private static readonly PathString Api = "/api";

    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>Orleans' dashboard sets styles from script and brings fonts of its own.</summary>
    private const string DashboardPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
        + "img-src 'self' data:; font-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <param name="app">The host.</param>
    /// <param name="isLoopback">Whether the endpoint is for this machine only. Then a request by any other name comes
    /// from a page that has its own name resolve to this machine, to read what is not meant for it.</param>
    public static void UseAdminSecurity(this WebApplication app, bool isLoopback)
        => app.Use(async (context, next) =>
        {
            // The request came in on a socket thread, which serves queue clients too. Pages are made elsewhere.
            await Task.Yield();

            SetHeaders(context);
            if (isLoopback && !IsOwnName(context.Request.Host.Host))
            {
                context.Response.StatusCode = StatusCodes.Status403Forbidden;
            }
            else if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method)
                && !MayChange(context.Request))
            {
                context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            }
            else
            {
                await next(context);
            }
        });

    private static bool MayChange(HttpRequest request)
        => request.Path.StartsWithSegments(Api) && request.Headers.ContainsKey(OperatorHeader);

    private static void SetHeaders(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy =
            context.Request.Path.StartsWithSegments(LazyDashboard.Prefix) ? DashboardPolicy : Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers.CacheControl = "no-store";
    }

    private static bool IsOwnName(string host)
        => host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || IPAddress.TryParse(host, out _);
}
