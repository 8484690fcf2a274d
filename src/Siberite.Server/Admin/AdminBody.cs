using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Siberite.Server.Admin;

/// <summary>Reads bodies where the framework's way of it does not do.</summary>
internal static class AdminBody
{
    /// <exception cref="AdminRefusal">It is not JSON of that form.</exception>
    public static async Task<T> ReadAsync<T>(HttpContext context, JsonTypeInfo<T> form)
    {
        if (!context.Request.HasJsonContentType())
        {
            throw new AdminRefusal(
                StatusCodes.Status415UnsupportedMediaType, "The body must be application/json.");
        }

        try
        {
            return await JsonSerializer.DeserializeAsync(context.Request.Body, form, context.RequestAborted)
                ?? throw AdminRefusal.Invalid("The body is null.");
        }
        catch (JsonException e)
        {
            throw AdminRefusal.Invalid($"The body cannot be read: {e.Message}");
        }
    }
}
