#include "planner/quotas/quota_schedule.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tidewright::planner {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr std::size_t kMostStates = 4'000'000;  // that are held at a time

class Solver {
 public:
  explicit Solver(const QuotaProblem& problem)
      : p_(problem),
        budget_(problem.limit, problem.spent, problem.now, problem.step),
        levels_(problem.levels.size()),
        states_(static_cast<std::size_t>(budget_.count())),
        cost_(levels_),
        keep_(levels_),
        take_(levels_) {
    const std::size_t layer = levels_ * states_;
    segment_ = static_cast<int>(std::clamp<std::size_t>(
        kMostStates / layer, 1, static_cast<std::size_t>(std::max(1, p_.steps))));
    const int segments = (p_.steps + segment_ - 1) / segment_;
    after_.assign(static_cast<std::size_t>(segments) + 1, {});
    values_.assign(static_cast<std::size_t>(segment_ + 1) * layer, 0.0);
  }

  QuotaChoice Solve() {
    QuotaChoice out;
    if (p_.steps <= 0) return out;
    const int segments = static_cast<int>(after_.size()) - 1;
    after_.back().assign(levels_ * states_, 0.0);
    for (int s = segments - 1; s >= 0; --s) {
      Fill(s);
      after_[static_cast<std::size_t>(s)].assign(Values(0), Values(0) + levels_ * states_);
    }
    in_hand_ = 0;
    const int present = Present();
    if (present >= 0) out.stay = Walk(present);
    out.best = Walk(-1);
    if (out.stay && out.stay->cost <= out.best.cost) out.best = *out.stay;
    return out;
  }

 private:
  // Of the segment in hand: [step of it][budget][level].
  [[nodiscard]] double* Values(int in_segment) {
    return values_.data() + static_cast<std::size_t>(in_segment) * levels_ * states_;
  }
  [[nodiscard]] int Present() const {
    const auto it = std::find(p_.levels.begin(), p_.levels.end(), p_.from);
    return it == p_.levels.end() ? -1 : static_cast<int>(it - p_.levels.begin());
  }
  [[nodiscard]] WallTime TimeOf(int t) const { return p_.now + p_.step * t; }

  // Values of the steps of a segment, from those at its end.
  void Fill(int s) {
    const int begin = s * segment_;
    const int end = std::min(begin + segment_, p_.steps);
    const auto& last = after_[static_cast<std::size_t>(s) + 1];
    std::copy(last.begin(), last.end(), Values(end - begin));
    for (int t = end - 1; t >= begin; --t) FillStep(t, Values(t - begin), Values(t + 1 - begin));
    in_hand_ = s;
  }

  void FillStep(int t, double* now, const double* next) {
    FillCost(t);
    for (std::size_t b = 0; b < states_; ++b) {
      const int kept = budget_.Keep(t, static_cast<int>(b));
      const int taken = MayLower(t) ? budget_.Take(t, static_cast<int>(b)) : -1;
      double* value = now + b * levels_;
      Add(next, kept, keep_);
      double above = kNever;
      for (std::size_t q = levels_; q-- > 0;) {
        value[q] = std::min(keep_[q], above);
        above = std::min(above, keep_[q] + p_.change_cost);
      }
      if (taken < 0) continue;
      Add(next, taken, take_);
      double below = kNever;
      for (std::size_t q = 0; q < levels_; ++q) {
        value[q] = std::min(value[q], below);
        below = std::min(below, take_[q] + p_.change_cost);
      }
    }
  }

  void Add(const double* next, int state, std::vector<double>& out) const {
    const double* row = next + static_cast<std::size_t>(state) * levels_;
    for (std::size_t q = 0; q < levels_; ++q) out[q] = cost_[q] + row[q];
  }

  // Within a billing period a decrease saves nothing.
  [[nodiscard]] bool MayLower(int t) const {
    return p_.billing_period <= p_.step || FloorTo(TimeOf(t), p_.billing_period) == TimeOf(t);
  }

  // Of being at each level in step t. As a quota never falls within a period, the last step of it
  // tells what is billed.
  void FillCost(int t) {
    std::fill(cost_.begin(), cost_.end(), 0.0);
    p_.risk(t, cost_);
    if (p_.billing_period <= p_.step) {
      for (std::size_t q = 0; q < levels_; ++q) cost_[q] += p_.levels[q];
      return;
    }
    const WallTime period = FloorTo(TimeOf(t), p_.billing_period);
    const bool ends = t + 1 == p_.steps || FloorTo(TimeOf(t + 1), p_.billing_period) != period;
    if (!ends) return;
    const double billed_steps = Seconds(TimeOf(t + 1) - period) / Seconds(p_.step);
    const double least = period <= p_.now ? p_.billed : 0;
    for (std::size_t q = 0; q < levels_; ++q) {
      cost_[q] += billed_steps * std::max(least, p_.levels[q]);
    }
  }

  // What is best in step t from a quota, with `next` the values after it.
  struct Step {
    int level = 0;
    int state = 0;
    double cost = kNever;  // of the step alone
    double total = kNever;
  };
  Step Best(int t, double from, int state, const double* next) {
    FillCost(t);
    const int kept = budget_.Keep(t, state);
    const int taken = MayLower(t) ? budget_.Take(t, state) : -1;
    Step best;
    const auto consider = [&](std::size_t q, int after) {
      const double cost = cost_[q] + (p_.levels[q] == from ? 0.0 : p_.change_cost);
      const double total = cost + next[static_cast<std::size_t>(after) * levels_ + q];
      const bool stays = p_.levels[q] == from;
      if (total < best.total || (stays && total <= best.total)) {
        best = {static_cast<int>(q), after, cost, total};
      }
    };
    for (std::size_t q = 0; q < levels_; ++q) {
      if (p_.levels[q] >= from) {
        consider(q, kept);
      } else if (taken >= 0) {
        consider(q, taken);
      }
    }
    if (best.total == kNever) consider(levels_ - 1, kept);
    return best;
  }

  // The best schedule; with `first` ≥ 0, the best one that begins with that level.
  QuotaSchedule Walk(int first) {
    QuotaSchedule out;
    out.level.reserve(static_cast<std::size_t>(p_.steps));
    double from = p_.from;
    int state = budget_.start();
    for (int t = 0; t < p_.steps; ++t) {
      const int s = t / segment_;
      if (s != in_hand_) Fill(s);
      Step step;
      if (t == 0 && first >= 0) {
        FillCost(t);
        step = {first, budget_.Keep(t, state), cost_[static_cast<std::size_t>(first)], 0};
      } else {
        step = Best(t, from, state, Values(t + 1 - s * segment_));
      }
      out.cost += step.cost;
      out.level.push_back(step.level);
      from = p_.levels[static_cast<std::size_t>(step.level)];
      state = step.state;
    }
    return out;
  }

  const QuotaProblem& p_;
  BudgetStates budget_;
  std::size_t levels_;
  std::size_t states_;
  int segment_ = 1;                         // steps
  int in_hand_ = -1;                        // segment
  std::vector<std::vector<double>> after_;  // [segment]: values at its beginning
  std::vector<double> values_;
  std::vector<double> cost_;
  std::vector<double> keep_;
  std::vector<double> take_;
};

}  // namespace

QuotaChoice MakeQuotaSchedule(const QuotaProblem& problem) { return Solver(problem).Solve(); }

std::vector<double> QuotaLevels(double low, double high, double step, int most) {
  constexpr double kRounding = 1e-9;
  const double first = std::max(1.0, std::ceil(low / step - kRounding));
  const double last = std::max(first, std::ceil(high / step - kRounding));
  std::vector<double> levels = {first * step};
  if (last - first + 1 <= most) {
    for (double n = first + 1; n <= last; ++n) levels.push_back(n * step);
    return levels;
  }
  const double ratio = std::pow(last / first, 1.0 / (most - 1));
  for (int i = 1; i < most; ++i) {
    const double n = i + 1 == most ? last : std::round(first * std::pow(ratio, i));
    if (n * step > levels.back()) levels.push_back(n * step);
  }
  return levels;
}

}  // namespace tidewright::planner
