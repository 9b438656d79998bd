#include "replay/store_model.h"

#include <algorithm>
#include <cmath>

namespace tidewright::replay {
namespace {

constexpr auto kBad = StatusCode::kInvalidArgument;
constexpr int kFewestSteps = 4;
constexpr int kMostNodes = 64;
constexpr double kStartUse = 0.8;
constexpr double kNodesAtPeak = 12;  // that the 99.5th percentile fills
constexpr double kRounding = 1e-9;

int FirstJudged(const Series& trace) {
  const auto n = static_cast<int>(trace.size());
  const auto day = static_cast<int>(std::chrono::hours(24) / trace.step);
  if (n >= 28 * day) return 14 * day;
  if (n >= 14 * day) return 7 * day;
  return n / 2;
}

Status CheckTrace(const Series& trace) {
  if (trace.size() < kFewestSteps) {
    return Error(kBad, "a trace of {} steps is too short: at least {}", trace.size(), kFewestSteps);
  }
  if (trace.size() > kMostSteps) {
    return Error(kBad, "{} steps are more than {}; replay a coarser step or less of it",
                 trace.size(), kMostSteps);
  }
  for (std::size_t t = 0; t < trace.size(); ++t) {
    if (Series::IsGap(trace.values[t])) {
      return Error(kBad, "no demand is known at {}: a replay needs every step",
                   FormatTime(trace.TimeOf(t)));
    }
    if (!(trace.values[t] >= 0) || std::isinf(trace.values[t])) {
      return Error(kBad, "demand of {} at {}", trace.values[t], FormatTime(trace.TimeOf(t)));
    }
  }
  return OkStatus();
}

int RoundUp(double nodes) { return static_cast<int>(std::ceil(nodes - kRounding)); }

}  // namespace

StatusOr<StoreModel> ModelFor(const Series& trace, const StoreOptions& options) {
  TW_RETURN_IF_ERROR(CheckTrace(trace));
  StoreModel store;
  store.step = trace.step;
  std::vector<double> sorted = trace.values;
  std::sort(sorted.begin(), sorted.end());
  const double highest = sorted.back();
  if (!(highest > 0)) return Error(kBad, "demand is 0 throughout");
  const auto index = static_cast<std::size_t>(0.995 * static_cast<double>(sorted.size() - 1));
  store.node_capacity = options.node_capacity;
  if (store.node_capacity <= 0) {
    store.node_capacity = (sorted[index] > 0 ? sorted[index] : highest) / kNodesAtPeak;
  }
  store.max_nodes = options.max_nodes;
  if (store.max_nodes <= 0) {
    const double needed = std::min<double>(kMostNodes, std::ceil(highest / store.node_capacity));
    store.max_nodes =
        std::max(options.min_nodes, std::min(kMostNodes, static_cast<int>(needed) + 2));
  }
  store.min_nodes = options.min_nodes;
  store.moves.provisioning = RoundUp(Seconds(options.provisioning_time) / Seconds(trace.step));
  store.moves.full_migration = Seconds(options.full_migration_time) / Seconds(trace.step);
  store.first = FirstJudged(trace);
  const double before = trace.values[static_cast<std::size_t>(store.first - 1)];
  const double start = std::min<double>(before / (kStartUse * store.node_capacity), kMostNodes);
  store.start_nodes = std::clamp(RoundUp(start), store.min_nodes, store.max_nodes);
  return store;
}

void Episodes::Violated(int t) {
  if (count_ == 0 || t - last_ > apart_) ++count_;
  last_ = t;
}

Outcome Run(const Series& trace, const StoreModel& store, const Decide& decide,
            const std::function<void(int, int)>& decided,
            const std::function<void(const ServedStep&)>& served, const SetOut& set_out) {
  Outcome out;
  Episodes episodes(store.step);
  const double hours = store.StepHours();
  const auto answer = [&](int t, int nodes) {
    const int target = std::clamp(decide(t, nodes), store.min_nodes, store.max_nodes);
    if (decided) decided(t, target);
    if (target != nodes) out.moves.push_back({t, nodes, target});
    return target;
  };
  const auto begin = [&](int t, int from, int to, MoveCourse& course) {
    set_out ? set_out(t, from, to, course) : PlanCourse(store.moves, from, to, course);
  };
  const auto serve = [&](int t, double capacity, int billed) {
    const double demand = trace.values[static_cast<std::size_t>(t)] / store.node_capacity;
    out.node_hours += billed * hours;
    out.demand_hours += demand * hours;
    if (demand > capacity * (1 + kRounding)) {
      out.unserved_hours += (demand - capacity) * hours;
      ++out.violating;
      episodes.Violated(t);
    }
    if (served) served({t, capacity * store.node_capacity, billed});
    ++out.steps;
  };
  WalkMoves(store.first, static_cast<int>(trace.size()), store.start_nodes, answer, begin, serve);
  out.episodes = episodes.count();
  return out;
}

}  // namespace tidewright::replay
