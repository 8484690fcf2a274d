// Three silos, PostgreSQL and HAProxy are as many processes as a small machine bears: one test at a time.
[assembly: Xunit.v3.Parallelization(MaxThreads = 1)]
