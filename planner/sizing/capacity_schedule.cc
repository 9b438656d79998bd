#include "planner/sizing/capacity_schedule.h"

#include <algorithm>
#include <limits>

namespace tidewright::planner {
namespace {

constexpr float kNever = std::numeric_limits<float>::infinity();

// A move between two sizes, worked out once.
struct Kind {
  int to = 0;
  float billed = 0;        // in each step of the move
  float billed_after = 0;  // in those of the rest after it
  int move = 0;            // steps, without that rest
  int steps = 0;
  std::vector<std::vector<int>> cells;  // [capacity][step], of the capacity in each of its steps
};

// Demand that is held against the same capacity.
struct Against {
  const std::vector<double>* served = nullptr;
  std::vector<const RiskTerm*> terms;
  std::vector<float> cost;  // [step][cell]
};

class Solver {
 public:
  explicit Solver(const ScheduleProblem& problem)
      : problem_(problem),
        grid_(*problem.demand.front().risk),
        steps_(grid_.steps()),
        sizes_(problem.most - problem.fewest + 1),
        cells_(grid_.CellOf(grid_.most()) + 1),
        released_(problem.billing, problem.from, steps_) {
    for (const RiskTerm& term : problem.demand) AddCost(term);
    for (int n = problem.fewest; n <= problem.most; ++n) kinds_.push_back(KindsFrom(n));
  }

  CapacitySchedule Solve() {
    value_.assign(static_cast<std::size_t>(steps_ + 1) * static_cast<std::size_t>(sizes_), 0.0F);
    choice_.assign(value_.size(), 0);
    for (int t = steps_ - 1; t >= 0; --t) {
      for (int n = problem_.fewest; n <= problem_.most; ++n) Choose(t, n);
    }
    CapacitySchedule out;
    double best = 0;
    for (const Kind& kind : KindsFrom(problem_.from)) {
      out.options.push_back(Evaluate(kind));
      if (out.options.size() > 1 && out.options.back().cost >= best) continue;
      best = out.options.back().cost;
      out.to = kind.to;
    }
    std::sort(out.options.begin(), out.options.end(),
              [](const auto& a, const auto& b) { return a.to < b.to; });
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

  // Terms without a capacity of their own share the problem's.
  Against& Of(const RiskTerm& term) {
    const auto* served = term.served.empty() ? &problem_.served : &term.served;
    for (Against& one : against_) {
      if (one.served == served) return one;
    }
    against_.push_back({.served = served, .terms = {}, .cost = {}});
    against_.back().cost.resize(Row(steps_));
    return against_.back();
  }

  void AddCost(const RiskTerm& term) {
    Against& to = Of(term);
    to.terms.push_back(&term);
    const auto unserved = static_cast<float>(term.unserved_penalty);
    const auto violation = static_cast<float>(term.violation_penalty);
    const auto episode = static_cast<float>(term.episode_penalty);
    for (int t = 0; t < steps_; ++t) {
      float* row = to.cost.data() + Row(t);
      for (int i = 0; i < cells_; ++i) {
        row[i] += unserved * term.risk->Unserved(t, i) + violation * term.risk->Above(t, i) +
                  episode * term.risk->Onset(t, i);
      }
    }
  }

  // What is served in step j of the move, in shards' worth.
  [[nodiscard]] double Served(const Against& one, int from, int to, int j) const {
    const double even = from == to ? from : problem_.moves.Capacity(from, to, j);
    if (one.served->empty()) return even;
    const auto share = [&](int n) { return (*one.served)[static_cast<std::size_t>(n)] / n; };
    return even * std::min(share(from), share(to));
  }

  // Staying comes first.
  [[nodiscard]] std::vector<Kind> KindsFrom(int from) const {
    std::vector<Kind> kinds;
    const int inside = std::clamp(from, problem_.fewest, problem_.most);
    const int low = std::max(problem_.fewest, std::min(inside, from - problem_.max_step_in));
    const int high = std::min(problem_.most, std::max(inside, from + problem_.max_step_out));
    for (int to = low; to <= high; ++to) {
      Kind kind{.to = to, .billed = static_cast<float>(Billed(std::max(from, to))), .cells = {}};
      kind.billed_after = static_cast<float>(Billed(to));
      kind.move = std::min(std::max(1, problem_.moves.Steps(from, to)), steps_);
      kind.steps = std::min(kind.move + (to < from ? problem_.rest_in : 0), steps_);
      for (const Against& one : against_) {
        kind.cells.emplace_back();
        for (int j = 0; j < kind.steps; ++j) {
          const int before = j < kind.move ? from : to;
          kind.cells.back().push_back(grid_.CellOf(Served(one, before, to, j)));
        }
      }
      kinds.insert(to == from ? kinds.begin() : kinds.end(), std::move(kind));
    }
    return kinds;
  }

  [[nodiscard]] double Billed(int shards) const {
    return shards + ShardBilling::kAbsent * std::max(0, problem_.billing.committed - shards);
  }

  [[nodiscard]] float MoveCost(const Kind& kind, int from) const {
    return kind.to == from ? 0.0F : static_cast<float>(problem_.move_cost);
  }

  // Staying is tried first: it bounds the rest, and wins where another is no cheaper.
  void Choose(int t, int from) {
    const auto& kinds = kinds_[static_cast<std::size_t>(from - problem_.fewest)];
    float best = kNever;
    int choice = 0;
    for (std::size_t k = 0; k < kinds.size(); ++k) {
      const Kind& kind = kinds[k];
      const int steps = std::min(kind.steps, steps_ - t);
      const int move = std::min(kind.move, steps);
      const float billed = kind.billed * static_cast<float>(move) +
                           kind.billed_after * static_cast<float>(steps - move);
      float cost = MoveCost(kind, from) + billed + value_[State(t + steps, kind.to)];
      if (kind.to < from) {
        cost +=
            static_cast<float>(ShardBilling::kUnused * released_.Wasted(t + move, from, kind.to));
      }
      for (std::size_t a = 0; a < against_.size(); ++a) {
        const float* row = against_[a].cost.data() + Row(t);
        const int* cell = kind.cells[a].data();
        for (int j = 0; j < steps && cost < best; ++j, row += cells_) cost += row[cell[j]];
      }
      if (cost < best) {
        best = cost;
        choice = static_cast<int>(k);
      }
    }
    value_[State(t, from)] = best;
    choice_[State(t, from)] = choice;
  }

  // Calls visit(step, kind, from) along the best schedule that begins towards `to`.
  template <typename Visit>
  void Walk(int to, Visit visit) const {
    const std::vector<Kind> first = KindsFrom(problem_.from);
    const Kind* kind =
        &*std::find_if(first.begin(), first.end(), [&](const Kind& k) { return k.to == to; });
    int from = problem_.from;
    for (int t = 0; t < steps_;) {
      visit(t, *kind, from);
      t += kind->steps;
      from = kind->to;
      if (t >= steps_) break;
      kind = &kinds_[static_cast<std::size_t>(from - problem_.fewest)]
                    [static_cast<std::size_t>(choice_[State(t, from)])];
    }
  }

  // Of step t, the jth of the move.
  void AddRisk(const Kind& kind, int t, int j, ScheduleOption& out) const {
    for (std::size_t a = 0; a < against_.size(); ++a) {
      const int cell = kind.cells[a][static_cast<std::size_t>(j)];
      for (const RiskTerm* term : against_[a].terms) {
        out.unserved += term->unserved_penalty * term->risk->Unserved(t, cell);
        out.violation += term->violation_penalty * term->risk->Above(t, cell) +
                         term->episode_penalty * term->risk->Onset(t, cell);
      }
    }
  }

  [[nodiscard]] ScheduleOption Evaluate(const Kind& towards) const {
    ScheduleOption out{.to = towards.to};
    ScheduleBill bill(problem_.billing, problem_.from, steps_);
    Walk(towards.to, [&](int step, const Kind& kind, int from) {
      out.billed += MoveCost(kind, from);
      if (kind.to > from) bill.Come(step, kind.to - from);
      if (kind.to < from) {
        const int charged = std::max(0, from - std::max(kind.to, problem_.billing.committed));
        const int end = step + kind.move;
        const double unused = ShardBilling::kUnused * bill.Leave(end, from - kind.to, charged);
        out.billed += unused;
        if (step == 0) out.unused = unused;
      }
      for (int j = 0; j < kind.steps && step + j < steps_; ++j) {
        out.billed += j < kind.move ? kind.billed : kind.billed_after;
        AddRisk(kind, step + j, j, out);
      }
    });
    out.cost = out.billed + out.unserved + out.violation;
    return out;
  }

  const ScheduleProblem& problem_;
  const DemandRisk& grid_;
  int steps_;
  int sizes_;
  int cells_;
  ReleaseTable released_;
  std::vector<Against> against_;
  std::vector<std::vector<Kind>> kinds_;  // [from][to]
  std::vector<float> value_;              // [step][size]
  std::vector<int> choice_;
};

}  // namespace

const ScheduleOption* CapacitySchedule::Towards(int shards) const {
  const auto it = std::find_if(options.begin(), options.end(),
                               [&](const ScheduleOption& o) { return o.to == shards; });
  return it == options.end() ? nullptr : &*it;
}

CapacitySchedule MakeSchedule(const ScheduleProblem& problem) { return Solver(problem).Solve(); }

}  // namespace tidewright::planner
