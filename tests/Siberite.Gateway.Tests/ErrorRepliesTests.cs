using System.Text;
using Siberite.Contracts;

namespace Siberite.Gateway.Tests;

public sealed class ErrorRepliesTests
{
    [Fact]
    public void Every_error_has_a_reply_with_a_text()
    {
        foreach (var error in Enum.GetValues<SiberiteError>())
        {
            var line = Encoding.ASCII.GetString(ErrorReplies.For(error).Line.Span);
            Assert.Matches("^(CLIENT|SERVER)_ERROR .+\r\n$", line);
        }
    }

    [Fact]
    public void Version_is_three_numbers_and_starts_with_at_least_one()
        => Assert.Matches(@"^[1-9]\d*\.\d+\.\d+$", GatewayParts.Version);
}
