using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Running;
using Siberite.Benchmarks.Micro;
using Siberite.Benchmarks.Peers;

// What infra/bench/compare.sh asks for; anything else is for BenchmarkDotNet.
if (args is ["peer", .. var peer])
{
    return await PeerCommand.RunAsync(peer);
}

if (args is ["compare", .. var files])
{
    return ComparisonCommand.Run(files);
}

// In this process: a project that BenchmarkDotNet makes for itself would be held to the rules of this checkout.
var config = ManualConfig.Create(DefaultConfig.Instance)
    .WithArtifactsPath(Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../benchmarks")));
var summaries = BenchmarkSwitcher.FromAssembly(typeof(ParserBenchmarks).Assembly).Run(["--inProcess", .. args], config);
return summaries.Any(summary => summary.HasCriticalValidationErrors || summary.Reports.Any(report => !report.Success))
    ? 1
    : 0;
