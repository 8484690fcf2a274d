using Siberite.Contracts;

namespace Siberite.Repository.Tests;

public sealed class ErrorCodeTests
{
    /// <remarks>The numbers are on the wire between silos of different versions: append only.</remarks>
    [Fact]
    public void Error_codes_never_change()
        => Assert.Equal(
            [
                "QueueNameInvalid=1", "StorageFailed=2", "DiskFull=3", "QueueUnavailable=4", "TooManyQueues=5",
                "OutcomeUnknown=6", "ShuttingDown=7", "ItemUnreadable=8", "SilosAway=9",
                "DirectoryUnavailable=10", "HomesDiffer=11", "QueueMoving=12", "SettingInvalid=13", "QueuePaused=14",
                "QueueBusy=15", "ReadLost=16", "MemoryFull=17", "CursorNameInvalid=20", "TooManyCursors=21",
                "NotForThisQueue=22",
            ],
            Enum.GetValues<SiberiteError>().Select(error => $"{error}={(int)error}"));
}
