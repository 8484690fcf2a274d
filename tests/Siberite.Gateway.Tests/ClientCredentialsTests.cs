using System.Text;

namespace Siberite.Gateway.Tests;

/// <summary>The file that says who may connect.</summary>
public sealed class ClientCredentialsTests
{
    [Theory]
    [InlineData("anna:secret", null)]
    [InlineData("anna:secret\n\nbert:with space\ncleo:a:b\ndora:\n", null)]
    [InlineData("", "has no line")]
    [InlineData("\n\n", "has no line")]
    [InlineData("anna:secret\nbert", "line 2")]
    [InlineData(":secret", "line 1")]
    [InlineData("anna b:secret", "line 1")]
    public void A_file_that_makes_no_sense_is_refused_with_the_line(string content, string? trouble)
    {
        var path = Path.GetTempFileName();
        File.WriteAllText(path, content);

        var found = ClientCredentials.FindTrouble(path);

        File.Delete(path);
        Assert.Equal(trouble is null, found is null);
        Assert.Contains(trouble ?? "", found ?? "", StringComparison.Ordinal);
        Assert.Contains("cannot be read", ClientCredentials.FindTrouble(path), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("anna secret", true)]
    [InlineData("cleo a:b", true)]
    [InlineData("dora ", true)]
    [InlineData("anna:secret", false)]
    [InlineData("anna secret ", false)]
    [InlineData("anna", false)]
    [InlineData("", false)]
    [InlineData("Anna secret", false)]
    [InlineData("anna a:b", false)]
    public void A_user_and_the_password_of_that_user_are_admitted_and_nobody_else(string sent, bool isAdmitted)
    {
        var path = Path.GetTempFileName();
        File.WriteAllText(path, "anna:secret\ncleo:a:b\ndora:\n");
        var credentials = ClientCredentials.Read(path);
        File.Delete(path);

        Assert.Equal(isAdmitted, credentials!.Admits(Encoding.ASCII.GetBytes(sent)));
        Assert.Null(ClientCredentials.Read(""));
    }
}
