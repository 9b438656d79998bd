#include "replay/optimum.h"

#include <algorithm>
#include <limits>
#include <map>

namespace tidewright::replay {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

// One kind of move, its capacities worked out once.
struct Kind {
  int to = 0;
  int billed = 0;
  std::vector<double> capacity;  // of each of its steps
};

class Solver {
 public:
  Solver(const Series& trace, const StoreModel& store, const OptimumObjective& objective)
      : store_(store), objective_(objective), steps_(static_cast<int>(trace.size()) - store.first) {
    for (int t = 0; t < steps_; ++t) {
      demand_.push_back(trace.values[static_cast<std::size_t>(store.first + t)] /
                        store.node_capacity);
    }
    for (int from = 1; from <= store.max_nodes; ++from) kinds_.push_back(KindsFrom(from));
  }

  // Targets by the step at whose end they are decided.
  std::map<int, int> Solve() {
    const auto nodes = static_cast<std::size_t>(store_.max_nodes);
    best_.assign(static_cast<std::size_t>(steps_ + 1) * nodes, kNever);
    came_from_.assign(best_.size(), {});
    best_[Cell(0, store_.start_nodes)] = 0;
    for (int t = 0; t < steps_; ++t) {
      for (int from = 1; from <= store_.max_nodes; ++from) Relax(t, from);
    }
    return Trace();
  }

 private:
  struct Origin {
    int t = -1;
    int nodes = 0;
  };

  [[nodiscard]] std::size_t Cell(int t, int nodes) const {
    return static_cast<std::size_t>(t) * static_cast<std::size_t>(store_.max_nodes) +
           static_cast<std::size_t>(nodes - 1);
  }

  [[nodiscard]] std::vector<Kind> KindsFrom(int from) const {
    std::vector<Kind> kinds;
    for (int to = 1; to <= store_.max_nodes; ++to) {
      Kind kind{.to = to, .billed = std::max(from, to), .capacity = {}};
      const int steps = std::max(1, store_.moves.Steps(from, to));
      for (int j = 0; j < steps; ++j) {
        kind.capacity.push_back(from == to ? from : store_.moves.Capacity(from, to, j));
      }
      kinds.push_back(std::move(kind));
    }
    return kinds;
  }

  void Relax(int t, int from) {
    const double so_far = best_[Cell(t, from)];
    if (so_far == kNever) return;
    for (const Kind& kind : kinds_[static_cast<std::size_t>(from - 1)]) {
      const int steps = std::min(static_cast<int>(kind.capacity.size()), steps_ - t);
      const std::size_t cell = Cell(t + steps, kind.to);
      double cost = so_far + static_cast<double>(kind.billed) * steps;
      for (int j = 0; j < steps && cost < best_[cell]; ++j) {
        const double short_by = demand_[static_cast<std::size_t>(t + j)] -
                                kind.capacity[static_cast<std::size_t>(j)] * (1 + 1e-9);
        if (short_by > 0) cost += objective_.penalty * short_by + PerViolation();
      }
      if (cost < best_[cell]) {
        best_[cell] = cost;
        came_from_[cell] = {t, from};
      }
    }
  }
  // In node-steps.
  [[nodiscard]] double PerViolation() const {
    return objective_.per_violation / store_.StepHours();
  }

  [[nodiscard]] std::map<int, int> Trace() const {
    int nodes = 1;
    for (int n = 2; n <= store_.max_nodes; ++n) {
      if (best_[Cell(steps_, n)] < best_[Cell(steps_, nodes)]) nodes = n;
    }
    std::map<int, int> targets;
    for (int t = steps_; t > 0;) {
      const Origin origin = came_from_[Cell(t, nodes)];
      targets[store_.first + origin.t - 1] = nodes;
      t = origin.t;
      nodes = origin.nodes;
    }
    return targets;
  }

  const StoreModel& store_;
  OptimumObjective objective_;
  int steps_;
  std::vector<double> demand_;            // in nodes' worth
  std::vector<std::vector<Kind>> kinds_;  // [from − 1]
  std::vector<double> best_;              // node-steps
  std::vector<Origin> came_from_;
};

}  // namespace

Outcome Optimum(const Series& trace, const StoreModel& store, const OptimumObjective& objective) {
  const std::map<int, int> targets = Solver(trace, store, objective).Solve();
  return Run(trace, store, [&](int t, int) { return targets.at(t); });
}

}  // namespace tidewright::replay
