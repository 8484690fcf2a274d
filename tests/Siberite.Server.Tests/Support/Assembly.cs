// Servers are processes: two at a time are what small machines bear without tests waiting for each other.
[assembly: Xunit.v3.Parallelization(MaxThreads = 2)]
