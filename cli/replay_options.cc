#include "cli/replay_options.h"

namespace tidewright::cli {
namespace {

constexpr char kFooter[] =
    "The simulated store: a node serves --node-capacity (the policy's shard_capacity; else the\n"
    "trace's 99.5th percentile / 12); adding nodes takes --provisioning-time and moving data\n"
    "(1 - s/l) x --full-migration-time / min(s, l - s) for sizes s < l, and eats capacity. The\n"
    "first 14 days (7 of less than 28 days, half of less than 14) are history, the rest is "
    "judged.\n"
    "J = node-hours + penalty x node-hours of demand unserved. J/OPT is J over that of the "
    "optimum\n"
    "that knows the whole trace; HOURS are node-hours over those of the optimum without "
    "violations;\n"
    "VIOLATING is the share of time with demand above capacity; an EPISODE is a run of such steps\n"
    "no more than 30 minutes apart. Several traces are pooled, periodic and bursty loads apart:\n"
    "ratios by geometric mean, shares by the mean of the traces', the rest added up.\n"
    "Traces: CSV of timestamp,value with a value for every step, in order; a folder stands for "
    "the\n"
    "files that its INDEX.tsv names, else for its *.csv.\n"
    "\n"
    "Examples:\n"
    "  tidectl replay --trace load.csv --policy tidewright.yaml --baselines --optimum\n"
    "  tidectl replay --trace load.csv --policy policy.yaml --html replay.html\n"
    "  tidectl replay --from-history --data-dir /var/lib/tidewright --cluster cache \\\n"
    "      --policy tidewright.yaml --baselines --optimum\n"
    "  tidectl replay --trace load.csv --policy policy.yaml --sweep risk_quantile=0.8,0.95,0.99\n"
    "  tidectl replay --trace load.csv --policy policy.yaml --decisions decisions.csv\n"
    "  tidectl replay --trace load.csv --policy policy.yaml --fault metrics=0.05 --fault "
    "moves=0.1\n"
    "  tidectl replay --quota --trace table.csv --node-capacity 1 --policy policy.yaml \\\n"
    "      --baselines --optimum\n"
    "  tidectl replay --trace traces/ --policy none --baselines --optimum --summary summary.json\n"
    "\n"
    "Exit codes: 0 done; 1 the output could not be written; 2 wrong usage, unreadable trace or\n"
    "policy (stderr has file and line; nothing is written).\n";

}  // namespace

void AddReplayOptions(CLI::App& replay, ReplayOptions& options) {
  replay.footer(kFooter);
  const auto add = [&](const char* name, auto& value, const char* type, const char* what,
                       const char* group) {
    return replay.add_option(name, value, what)->group(group)->type_name(type);
  };
  constexpr char kLoad[] = "Load";
  add("--trace", options.traces, "FILE|FOLDER", "A trace; may be repeated", kLoad);
  replay.add_flag("--from-history", options.from_history, "What the daemon has recorded")
      ->group(kLoad);
  add("--data-dir", options.data_dir, "FOLDER", "The daemon's data_dir", kLoad);
  add("--cluster", options.cluster, "NAME", "The cluster's name", kLoad);
  add("--resource", options.resource, "NAME", "requests, cpu, memory or network", kLoad)
      ->check(CLI::IsMember({"requests", "cpu", "memory", "network"}))
      ->capture_default_str();

  constexpr char kWho[] = "Who is compared";
  add("--policy", options.policies, "FILE",
      "A policy (`policy:` of a configuration); may be repeated; 'none' for none (default: the "
      "daemon's defaults)",
      kWho);
  add("--sweep", options.sweep, "KEY=A,B,C", "The policy once for each value of one of its keys",
      kWho);
  replay.add_flag("--baselines", options.baselines, "Eight other policies")->group(kWho);
  replay
      .add_flag(
          "--quota", options.quota,
          "A quota (`policy.quota`: provisioned throughput) instead of shards; --node-capacity "
          "is what a unit of it serves (default: p99.5 / 1000)")
      ->group(kWho);
  replay.add_flag("--optimum", options.optimum, "The optimum that knows the whole trace")
      ->group(kWho);

  constexpr char kStore[] = "The simulated store";
  add("--node-capacity", options.node_capacity, "N", "What a node serves, in the trace's unit",
      kStore)
      ->check(CLI::PositiveNumber);
  add("--max-nodes", options.max_nodes, "N",
      "At most this many (default: what the trace needs + 2)", kStore)
      ->check(CLI::Range(1, 64));
  add("--full-migration-time", options.full_migration_time, "DURATION",
      "In which one stream moves all data", kStore)
      ->capture_default_str();
  add("--provisioning-time", options.provisioning_time, "DURATION", "Until a new node takes data",
      kStore)
      ->capture_default_str();
  add("--penalty", options.penalty, "N", "Of J: node-hours for a node-hour of demand unserved",
      kStore)
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  add("--fault", options.faults, "KIND=VALUE",
      "latency=10m, moves=0.1, metrics=0.05, provisioning=30m, forecast=random|constant|shift12h; "
      "may be repeated",
      kStore);
  add("--seed", options.seed, "N", "Of the faults", kStore)->capture_default_str();

  constexpr char kOut[] = "Results (beside a table, or --output json, on stdout)";
  add("--decisions", options.decisions, "FILE",
      "The policy's answers, timestamp,target_nodes; of several traces a folder", kOut);
  add("--summary", options.summary, "FILE", "Every figure, as JSON", kOut);
  add("--html", options.html, "FILE", "One page to look at", kOut);
  add("--jobs", options.jobs, "N", "Threads (default: one a core)", kOut)
      ->check(CLI::Range(1, 1024));
}

}  // namespace tidewright::cli
