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
  double least = 0;              // of them
};

class Solver {
 public:
  Solver(const Series& trace, const StoreModel& store, const OptimumObjective& objective)
      : store_(store), objective_(objective), steps_(static_cast<int>(trace.size()) - store.first) {
    for (int t = 0; t < steps_; ++t) {
      demand_.push_back(trace.values[static_cast<std::size_t>(store.first + t)] /
                        store.node_capacity);
    }
    for (int from = store.min_nodes; from <= store.max_nodes; ++from) {
      kinds_.push_back(KindsFrom(from));
      for (const Kind& kind : kinds_.back()) {
        longest_ = std::max(longest_, static_cast<int>(kind.capacity.size()));
      }
    }
  }

  // Targets by the step at whose end they are decided.
  std::map<int, int> Solve() {
    const auto nodes = static_cast<std::size_t>(store_.max_nodes);
    best_.assign(static_cast<std::size_t>(steps_ + 1) * nodes, kNever);
    came_from_.assign(best_.size(), {});
    best_[Cell(0, store_.start_nodes)] = 0;
    for (int t = 0; t < steps_; ++t) {
      LookAhead(t);
      for (int from = store_.min_nodes; from <= store_.max_nodes; ++from) Relax(t, from);
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
    for (int to = store_.min_nodes; to <= store_.max_nodes; ++to) {
      Kind kind{.to = to, .billed = std::max(from, to), .capacity = {}};
      const int steps = std::max(1, store_.moves.Steps(from, to));
      for (int j = 0; j < steps; ++j) {
        kind.capacity.push_back(from == to ? from : store_.moves.Capacity(from, to, j));
      }
      kind.least = *std::min_element(kind.capacity.begin(), kind.capacity.end());
      kinds.push_back(std::move(kind));
    }
    return kinds;
  }

  // The highest demand of the next 1, 2, … steps.
  void LookAhead(int t) {
    ahead_.clear();
    double highest = 0;
    for (int j = t; j < std::min(t + longest_, steps_); ++j) {
      highest = std::max(highest, demand_[static_cast<std::size_t>(j)]);
      ahead_.push_back(highest);
    }
  }

  void Relax(int t, int from) {
    const double so_far = best_[Cell(t, from)];
    if (so_far == kNever) return;
    for (const Kind& kind : kinds_[static_cast<std::size_t>(from - store_.min_nodes)]) {
      const int steps = std::min(static_cast<int>(kind.capacity.size()), steps_ - t);
      const std::size_t cell = Cell(t + steps, kind.to);
      double cost = so_far + static_cast<double>(kind.billed) * steps;
      // Most moves are never short of capacity: one look at the highest demand tells.
      const bool ample = ahead_[static_cast<std::size_t>(steps - 1)] <= kind.least;
      for (int j = 0; !ample && j < steps && cost < best_[cell]; ++j) {
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
    int nodes = store_.min_nodes;
    for (int n = nodes + 1; n <= store_.max_nodes; ++n) {
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
  int longest_ = 1;                       // move
  std::vector<double> ahead_;             // [steps − 1], from the step at hand
  std::vector<double> demand_;            // in nodes' worth
  std::vector<std::vector<Kind>> kinds_;  // [from − min_nodes]
  std::vector<double> best_;              // node-steps
  std::vector<Origin> came_from_;
};

}  // namespace

Outcome Optimum(const Series& trace, const StoreModel& store, const OptimumObjective& objective) {
  const std::map<int, int> targets = Solver(trace, store, objective).Solve();
  return Run(trace, store, [&](int t, int) { return targets.at(t); });
}

}  // namespace tidewright::replay
