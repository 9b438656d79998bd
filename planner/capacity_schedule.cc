#include "planner/capacity_schedule.h"

#include <algorithm>
#include <limits>

namespace tidewright::planner {
namespace {

constexpr float kNever = std::numeric_limits<float>::infinity();

// A move between two sizes, worked out once.
struct Kind {
  int to = 0;
  float billed = 0;
  std::vector<int> cells;  // of the capacity in each of its steps
};

class Solver {
 public:
  Solver(const DemandRisk& risk, const ScheduleProblem& problem)
      : risk_(risk),
        problem_(problem),
        steps_(risk.steps()),
        sizes_(problem.most - problem.fewest + 1) {
    cells_ = risk.CellOf(risk.most()) + 1;
    risk_cost_.resize(static_cast<std::size_t>(steps_) * static_cast<std::size_t>(cells_));
    const auto unserved = static_cast<float>(problem.unserved_penalty);
    const auto violation = static_cast<float>(problem.violation_penalty);
    for (int t = 0; t < steps_; ++t) {
      float* row = risk_cost_.data() + Row(t);
      for (int i = 0; i < cells_; ++i) {
        row[i] = unserved * risk.Unserved(t, i) + violation * risk.Above(t, i);
      }
    }
    for (int n = problem.fewest; n <= problem.most; ++n) kinds_.push_back(KindsFrom(n));
  }

  CapacitySchedule Solve() {
    value_.assign(static_cast<std::size_t>(steps_ + 1) * static_cast<std::size_t>(sizes_), 0.0F);
    choice_.assign(value_.size(), 0);
    for (int t = steps_ - 1; t >= 0; --t) {
      for (int n = problem_.fewest; n <= problem_.most; ++n) Choose(t, n);
    }
    CapacitySchedule out;
    float best = kNever;
    const std::vector<Kind> first = KindsFrom(problem_.from);
    for (const Kind& kind : first) {
      out.options.push_back(Evaluate(kind));
      const auto cost = static_cast<float>(out.options.back().cost);
      // Of equals the one that changes least.
      const bool nearer = std::abs(kind.to - problem_.from) < std::abs(out.to - problem_.from);
      if (cost < best || (cost == best && nearer)) {
        best = cost;
        out.to = kind.to;
      }
    }
    Walk(out.to, [&](int step, const Kind& kind, int from) {
      if (kind.to != from) out.moves.push_back({step, from, kind.to});
    });
    return out;
  }

 private:
  [[nodiscard]] std::size_t Row(int t) const {
    return static_cast<std::size_t>(t) * static_cast<std::size_t>(cells_);
  }
  [[nodiscard]] std::size_t State(int t, int n) const {
    return static_cast<std::size_t>(t) * static_cast<std::size_t>(sizes_) +
           static_cast<std::size_t>(n - problem_.fewest);
  }

  [[nodiscard]] std::vector<Kind> KindsFrom(int from) const {
    std::vector<Kind> kinds;
    for (int to = problem_.fewest; to <= problem_.most; ++to) {
      Kind kind{.to = to, .billed = static_cast<float>(std::max(from, to)), .cells = {}};
      const int steps = std::max(1, problem_.moves.Steps(from, to));
      for (int j = 0; j < steps && j < steps_; ++j) {
        kind.cells.push_back(
            risk_.CellOf(from == to ? from : problem_.moves.Capacity(from, to, j)));
      }
      kinds.push_back(std::move(kind));
    }
    return kinds;
  }

  [[nodiscard]] float MoveCost(const Kind& kind, int from) const {
    return kind.to == from ? 0.0F : static_cast<float>(problem_.move_cost);
  }

  void Choose(int t, int from) {
    const auto& kinds = kinds_[static_cast<std::size_t>(from - problem_.fewest)];
    float best = kNever;
    int choice = from;
    const auto consider = [&](const Kind& kind) {
      const int steps = std::min(static_cast<int>(kind.cells.size()), steps_ - t);
      float cost = MoveCost(kind, from) + kind.billed * static_cast<float>(steps) +
                   value_[State(t + steps, kind.to)];
      const float* row = risk_cost_.data() + Row(t);
      for (int j = 0; j < steps && cost < best; ++j, row += cells_) {
        cost += row[kind.cells[static_cast<std::size_t>(j)]];
      }
      if (cost < best) {
        best = cost;
        choice = kind.to;
      }
    };
    // Staying first: it bounds the rest, and wins where another is no cheaper.
    consider(kinds[static_cast<std::size_t>(from - problem_.fewest)]);
    for (const Kind& kind : kinds) {
      if (kind.to != from) consider(kind);
    }
    value_[State(t, from)] = best;
    choice_[State(t, from)] = choice;
  }

  // Calls visit(step, kind, from) along the best schedule that begins towards `to`.
  template <typename Visit>
  void Walk(int to, Visit visit) const {
    std::vector<Kind> first = KindsFrom(problem_.from);
    const Kind* kind = &first[static_cast<std::size_t>(to - problem_.fewest)];
    int from = problem_.from;
    for (int t = 0; t < steps_;) {
      visit(t, *kind, from);
      t += static_cast<int>(kind->cells.size());
      from = kind->to;
      if (t >= steps_) break;
      const int next = choice_[State(t, from)];
      kind = &kinds_[static_cast<std::size_t>(from - problem_.fewest)]
                    [static_cast<std::size_t>(next - problem_.fewest)];
    }
  }

  [[nodiscard]] ScheduleOption Evaluate(const Kind& towards) const {
    ScheduleOption out{.to = towards.to};
    Walk(towards.to, [&](int step, const Kind& kind, int from) {
      out.billed += MoveCost(kind, from);
      for (std::size_t j = 0; j < kind.cells.size(); ++j) {
        const int t = step + static_cast<int>(j);
        if (t >= steps_) break;
        out.billed += kind.billed;
        out.unserved += problem_.unserved_penalty * risk_.Unserved(t, kind.cells[j]);
        out.violation += problem_.violation_penalty * risk_.Above(t, kind.cells[j]);
      }
    });
    out.cost = out.billed + out.unserved + out.violation;
    return out;
  }

  const DemandRisk& risk_;
  const ScheduleProblem& problem_;
  int steps_;
  int sizes_;
  int cells_ = 0;
  std::vector<float> risk_cost_;          // [step][cell]
  std::vector<std::vector<Kind>> kinds_;  // [from][to]
  std::vector<float> value_;              // [step][size]
  std::vector<int> choice_;
};

}  // namespace

const ScheduleOption& CapacitySchedule::Towards(int shards) const {
  return options[static_cast<std::size_t>(shards - options.front().to)];
}

CapacitySchedule MakeSchedule(const DemandRisk& risk, const ScheduleProblem& problem) {
  return Solver(risk, problem).Solve();
}

}  // namespace tidewright::planner
