using System.Security.Cryptography;

namespace Siberite.Gateway;

/// <summary>Names one run of a gateway in the ids of its sessions.</summary>
/// <param name="Number">Random, so that the sessions of a restarted silo are new ones.</param>
public sealed record GatewayIdentity(long Number)
{
    /// <summary>One that no other run has: of 64 random bits, never 0.</summary>
    public static GatewayIdentity Draw()
        => BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long))) is not 0 and var number
            ? new GatewayIdentity(number)
            : Draw();
}
