// `tidectl replay`: from what was typed to traces, stores and contestants, and what came of them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/replay_options.h"
#include "core/clock.h"
#include "core/money.h"
#include "replay/trace_class.h"
#include "replay/trial.h"

namespace tidewright::cli {

struct ReplayTrace {
  std::string name;
  Series series;
  replay::StoreModel store;
  replay::TraceClass kind;
};

/// Understood and read.
struct ReplayJob {
  std::vector<ReplayTrace> traces;
  std::vector<replay::Contestant> contestants;
  std::size_t policies = 0;  ///< how many of them, the first ones, are policies of ours
  bool sweep = false;
  bool optimum = false;
  replay::TrialSettings settings;
  replay::StoreOptions store;
  /// A quota is replayed, these are its figures; a "node" of a store is a step of it then.
  std::optional<QuotaPolicy> quota;
  double penalty = 20;
  Money price_per_node_hour;
  std::string currency;
  int jobs = 1;
  std::vector<std::string> notes;  ///< what was done to the data, for people
};
[[nodiscard]] StatusOr<ReplayJob> PrepareReplay(const ReplayOptions& options);

/// What is kept of one contestant's run over one trace.
struct ReplayRun {
  replay::Trial trial;
  replay::Score score;
};
struct ReplayResult {
  std::vector<std::vector<ReplayRun>> runs;  ///< [trace][contestant]
  struct Bounds {
    replay::Outcome cheapest;  ///< the optimum of J
    replay::Outcome safest;    ///< the zero-violation optimum
  };
  std::vector<Bounds> bounds;  ///< [trace]; empty where nobody asked
  double seconds = 0;
  double memory_bytes = 0;  ///< highest resident set
};

int Replay(const ReplayOptions& options, Clock& clock);

/// One table a class of traces (periodic, bursty, all; alone where there is one trace).
[[nodiscard]] std::string ReplayTable(const ReplayJob& job, const ReplayResult& result);
/// One document; what depends on the machine and the number of threads is in "run" alone.
[[nodiscard]] std::string ReplayJson(const ReplayJob& job, const ReplayResult& result);
/// Whose course the page draws: policies first, then the two that everybody knows, then anybody.
[[nodiscard]] std::vector<std::size_t> DrawnContestants(const ReplayJob& job);
/// One page without references to anything outside it.
[[nodiscard]] std::string ReplayPage(const ReplayJob& job, const ReplayResult& result);

/// A line of a table: a contestant, or one of the optima, over the traces of a class.
struct PooledLine {
  std::string name;
  replay::Pool pool;
  bool frontier = false;  ///< none has both fewer node-hours and fewer violations
};
struct PooledClass {
  std::string name;  ///< "periodic", "bursty", "all", or the trace's
  int traces = 0;
  std::vector<PooledLine> lines;
};
[[nodiscard]] std::vector<PooledClass> PoolReplay(const ReplayJob& job, const ReplayResult& result);

}  // namespace tidewright::cli
