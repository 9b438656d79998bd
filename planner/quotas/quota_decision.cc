#include "planner/quotas/quota_decision.h"

#include <algorithm>
#include <cmath>

#include "planner/explain.h"
#include "planner/quotas/quota_demand.h"
#include "planner/quotas/quota_schedule.h"

namespace tidewright {
namespace {

using namespace planner;  // NOLINT: the room's own parts

constexpr int kMostLevels = 192;
constexpr int kGrid = 256;  // of the risk tables: DemandRisk::kCells times as many capacities
constexpr double kForbidden = 1e15;
constexpr double kRounding = 1e-9;
// A forecast that errs much is borne where so much was seen that similar times tell too.
constexpr Duration kLongEnough = std::chrono::hours(48);
// Fresh for a decrease: what a forecast was made from ended at most so many steps ago.
constexpr int kOldestInSteps = 6;

std::string Units(double value) { return fmt::format("{:.6g}", value); }

Reason DataFault(Quality quality) {
  switch (quality) {
    case Quality::kMissing:
      return {ReasonCode::kDataMissing, "nothing is told of demand"};
    case Quality::kStale:
      return {ReasonCode::kDataStale, "what is told of demand is of too long ago"};
    case Quality::kFresh:
    case Quality::kImplausible:
      break;
  }
  return {ReasonCode::kDataImplausible, "what is told of demand is against its metric's contract"};
}

QuotaPolicy Sane(QuotaPolicy policy) {
  if (!(policy.step > 0)) policy.step = 1;
  policy.target_utilisation = std::clamp(policy.target_utilisation, 0.05, 1.0);
  policy.reactive_utilisation = std::max(policy.reactive_utilisation, policy.target_utilisation);
  policy.floor = std::max(std::ceil(policy.floor / policy.step - kRounding), 1.0) * policy.step;
  policy.ceiling =
      std::max(policy.floor, std::floor(policy.ceiling / policy.step + kRounding) * policy.step);
  return policy;
}

class Decider {
 public:
  explicit Decider(const QuotaInput& input)
      : in_(input), policy_(Sane(input.policy)), state_(input.state) {
    out_.from = input.quota;
    out_.to = input.quota;
    out_.decreases_left = state_.decreases.LeftToday(policy_.decreases, in_.now);
    out_.next_decrease = state_.decreases.NextAt(policy_.decreases, in_.now);
  }

  QuotaDecision Decide() {
    const QuotaDemand demand(UsableForecast(), in_.recent, in_.now, policy_.horizon, state_.gate);
    lowers_ = MayBeLowered(demand);
    least_ = Least();
    if (demand.steps() > 0) {
      Schedule(demand);
    } else {
      out_.to = std::max(out_.from, std::min(least_, policy_.ceiling));
    }
    Bound();
    Explain();
    Remember(demand.step());
    return std::move(out_);
  }

 private:
  // What rests on data that ended too long ago, or has nothing to say, is none.
  [[nodiscard]] const Forecast* UsableForecast() const {
    const Forecast* f = in_.forecast;
    if (f == nullptr || f->trust == Trust::kNone || f->paths.paths == 0) return nullptr;
    if (in_.now - f->start > policy_.max_forecast_age || f->start - in_.now > f->step) {
      return nullptr;
    }
    const bool finite = std::all_of(f->paths.values.begin(), f->paths.values.end(),
                                    [](float v) { return std::isfinite(v); });
    return finite ? f : nullptr;
  }

  [[nodiscard]] double RoundUp(double quota) const {
    return std::ceil(quota / policy_.step - kRounding) * policy_.step;
  }

  void Reject(ReasonCode code, std::string text) {
    out_.rejections.push_back({code, std::move(text)});
  }

  // Missing, stale, implausible and zero are four things; none of them lowers a quota.
  bool MayBeLowered(const QuotaDemand& demand) {
    const Reading& seen = in_.observed;
    if (!seen.fresh() || !std::isfinite(seen.value) || seen.value < 0) {
      obstacle_ = DataFault(seen.quality);
    } else if (in_.throttled) {
      obstacle_ = Reason{ReasonCode::kObservedLoadHigh,
                         "clients are refused: demand is higher than what is observed"};
    } else if (seen.value == 0 && demand.lowest_median() > 0) {
      obstacle_ =
          Reason{ReasonCode::kDataZero, fmt::format("zero is observed, {} is forecast at the least",
                                                    Units(demand.lowest_median()))};
    } else if (UsableForecast() == nullptr) {
      obstacle_ = Reason{ReasonCode::kNoForecast,
                         "there is no forecast of demand, or it is too old, for a decrease"};
    } else if (in_.now - in_.forecast->start > kOldestInSteps * in_.forecast->step) {
      obstacle_ = Reason{ReasonCode::kForecastUntrusted,
                         fmt::format("the forecast rests on observations that end at {}",
                                     FormatTime(in_.forecast->start))};
    } else if (in_.forecast->trust < Trust::kFair &&
               (demand.analogues() == 0 || demand.seen() < kLongEnough)) {
      obstacle_ = Reason{ReasonCode::kForecastUntrusted,
                         "the forecast has too little history or too large an error"};
    }
    return !obstacle_;
  }

  // Below this nothing is planned for the step that begins now.
  double Least() {
    double least = policy_.floor;
    if (in_.observed.fresh() && std::isfinite(in_.observed.value)) {
      const double seen = std::max(0.0, in_.observed.value);
      const bool more = seen > policy_.reactive_utilisation * in_.quota * (1 + kRounding);
      if (more) reactive_ = RoundUp(seen / policy_.target_utilisation);
      if (in_.throttled) {
        reactive_ = std::max(reactive_, RoundUp(in_.quota * policy_.throttled_growth));
      }
      least = std::max(least, reactive_);
      // What is lowered still bears what is seen.
      low_enough_ = std::min(in_.quota, RoundUp(seen / policy_.target_utilisation));
      least = std::max(least, low_enough_);
    }
    if (!lowers_) least = std::max(least, in_.quota);
    return least;
  }

  [[nodiscard]] std::vector<double> Levels(const QuotaDemand& demand) const {
    const double u = policy_.target_utilisation;
    // A penalty below 2 is served to less than the median.
    const double low = policy_.unserved_penalty < 2
                           ? policy_.floor
                           : std::max(policy_.floor, 0.5 * demand.lowest_median() / u);
    const double need = std::max({demand.highest() / u, least_, low});
    const double high = std::clamp(need, policy_.floor, policy_.ceiling);
    std::vector<double> levels = QuotaLevels(std::min(low, high), high, policy_.step, kMostLevels);
    levels.push_back(policy_.floor);
    // Above the ceiling it stays until it may be lowered.
    const bool stays = in_.quota <= policy_.ceiling ||
                       !(lowers_ && state_.decreases.May(policy_.decreases, in_.now));
    if (in_.quota >= policy_.floor && stays) levels.push_back(in_.quota);
    if (least_ <= policy_.ceiling) levels.push_back(least_);
    std::sort(levels.begin(), levels.end());
    levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
    return levels;
  }

  // Cells of the risk table to read each level at.
  struct Place {
    int cell = 0;
    double share = 0;  // of the next cell
  };

  // [0]: expected demand above what the level may bear, in units; [1]: its probability.
  [[nodiscard]] static std::array<double, 2> RiskAt(const DemandRisk& risk, int t,
                                                    const Place& place, double units) {
    const auto between = [&](float a, float b) {
      return static_cast<double>(a) * (1 - place.share) + static_cast<double>(b) * place.share;
    };
    return {units * between(risk.Unserved(t, place.cell), risk.Unserved(t, place.cell + 1)),
            between(risk.Above(t, place.cell), risk.Above(t, place.cell + 1))};
  }

  void Schedule(const QuotaDemand& demand) {
    const std::vector<double> levels = Levels(demand);
    const double u = policy_.target_utilisation;
    const double unit = levels.back() * u / kGrid;
    const DemandRisk risk = demand.Tabulate(unit, kGrid);
    const int last = risk.CellOf(kGrid);
    const auto place_of = [&](double level) {
      const double at = std::min(level * u / unit * DemandRisk::kCells, static_cast<double>(last));
      const int cell = std::min(static_cast<int>(at), last - 1);
      return Place{cell, at - cell};
    };
    std::vector<Place> places;
    for (const double level : levels) places.push_back(place_of(level));
    const double units = unit / u;
    const double violation = policy_.violation_penalty * demand.mean();

    QuotaProblem problem;
    problem.levels = levels;
    problem.from = in_.quota;
    problem.steps = demand.steps();
    problem.step = demand.step();
    problem.now = in_.now;
    problem.limit = policy_.decreases;
    problem.spent = state_.decreases;
    problem.billing_period = policy_.billing_period;
    problem.billed = state_.billed;
    problem.change_cost = demand.mean() * Seconds(policy_.change_cost) / Seconds(demand.step());
    problem.risk = [&](int t, std::span<double> cost) {
      for (std::size_t q = 0; q < cost.size(); ++q) {
        const auto [unserved, above] = RiskAt(risk, t, places[q], units);
        cost[q] = policy_.unserved_penalty * unserved + violation * above;
        if (t == 0 && levels[q] < least_ * (1 - kRounding) && q + 1 < cost.size()) {
          cost[q] += kForbidden;
        }
      }
    };
    const QuotaChoice choice = MakeQuotaSchedule(problem);
    const auto level_at = [&](int t) {
      return levels[static_cast<std::size_t>(choice.best.level[static_cast<std::size_t>(t)])];
    };
    out_.to = level_at(0);
    out_.horizon = demand.step() * demand.steps();
    const double hours = Seconds(demand.step()) / 3600;
    const Place present = place_of(std::max(in_.quota, 0.0));
    double before = out_.to;
    for (int t = 0; t < demand.steps(); ++t) {
      const double level = level_at(t);
      const auto with = RiskAt(risk, t, place_of(level), units);
      const auto without = RiskAt(risk, t, present, units);
      out_.with.unit_hours += hours * level;
      out_.with.unserved_unit_hours += hours * with[0];
      out_.with.violation_hours += hours * with[1];
      out_.without.unit_hours += hours * in_.quota;
      out_.without.unserved_unit_hours += hours * without[0];
      out_.without.violation_hours += hours * without[1];
      if (level != before && out_.later.size() < QuotaDecision::kMostLater) {
        out_.later.push_back({in_.now + demand.step() * t, before, level});
      }
      before = level;
    }
    if (in_.explain) Compare(problem, choice);
  }

  // What would be done if a decrease took nothing: tells whether one is kept, or missing.
  void Compare(QuotaProblem problem, const QuotaChoice& choice) {
    problem.limit = {.per_day = 0, .extra_after = Duration(0), .per_hour = 0};
    const QuotaChoice free = MakeQuotaSchedule(problem);
    const double wanted = problem.levels[static_cast<std::size_t>(free.best.level.front())];
    const double chosen = problem.levels[static_cast<std::size_t>(choice.best.level.front())];
    if (wanted >= std::min(chosen, in_.quota)) return;
    if (!state_.decreases.May(policy_.decreases, in_.now)) {
      Reject(ReasonCode::kRateLimit,
             fmt::format("a decrease to {} is worth it; the store allows the next one at {}",
                         Units(wanted), FormatTime(out_.next_decrease)));
      return;
    }
    const auto next = std::find_if(out_.later.begin(), out_.later.end(),
                                   [](const QuotaChange& c) { return c.to < c.from; });
    Reject(
        ReasonCode::kDecreaseKept,
        fmt::format("a decrease to {} now would take one of the {} that are left today{}",
                    Units(wanted), out_.decreases_left.value_or(0),
                    next == out_.later.end()
                        ? std::string(" and save less than what it is kept for")
                        : fmt::format("; it is kept for {}, when the quota goes from {} to {}",
                                      FormatTime(next->at), Units(next->from), Units(next->to))));
  }

  void Bound() {
    const double wanted = std::max(least_, reactive_);
    if (wanted > policy_.ceiling && in_.quota <= policy_.ceiling) {
      Reject(ReasonCode::kAtMaximum, fmt::format("demand asks for a quota of {}; ceiling is {}",
                                                 Units(wanted), Units(policy_.ceiling)));
    }
    if (out_.to <= policy_.floor && in_.quota == out_.to && lowers_) {
      Reject(ReasonCode::kAtMinimum, fmt::format("floor is {}", Units(policy_.floor)));
    }
  }

  void Explain() {
    const Reading& seen = in_.observed;
    out_.emergency =
        out_.to > out_.from && reactive_ > out_.from && (in_.throttled || seen.value > out_.from);
    const std::string worth =
        out_.horizon > Duration(0)
            ? fmt::format(
                  "over the next {} {:.4g} unit-hours and {:.3g} of demand unserved are "
                  "expected, as it is {:.4g} and {:.3g}",
                  FormatDuration(out_.horizon), out_.with.unit_hours, out_.with.unserved_unit_hours,
                  out_.without.unit_hours, out_.without.unserved_unit_hours)
            : std::string("nothing is known of demand to come");
    const auto because = [&](ReasonCode code, std::string text) {
      out_.reasons.push_back({code, std::move(text)});
    };
    if (out_.from < policy_.floor) {
      because(ReasonCode::kBelowMinimum,
              fmt::format("the quota is {}, floor is {}", Units(out_.from), Units(policy_.floor)));
    }
    if (out_.to > out_.from && reactive_ > out_.from) {
      because(
          ReasonCode::kDemandExceedsCapacity,
          fmt::format("{} are observed, the quota of {} should bear {}{}", Units(seen.value),
                      Units(out_.from), Units(policy_.reactive_utilisation * out_.from),
                      in_.throttled ? "; clients are refused: demand is higher than that" : ""));
    }
    if (out_.to > out_.from && out_.to > std::max(reactive_, policy_.floor)) {
      because(ReasonCode::kForecastExceedsCapacity, worth);
    } else if (out_.to < out_.from) {
      because(ReasonCode::kForecastBelowCapacity, worth);
    } else if (out_.to == out_.from) {
      if (obstacle_) out_.rejections.push_back(*obstacle_);
      because(ReasonCode::kCapacityIsRight, worth);
    }
  }

  void Remember(Duration step) {
    out_.state = state_;
    if (out_.to < out_.from) out_.state.decreases.Take(in_.now);
    // The next look is a step later.
    const Duration period = policy_.billing_period;
    const bool same = period > step && FloorTo(in_.now + step, period) == FloorTo(in_.now, period);
    out_.state.billed = same ? std::max(state_.billed, out_.to) : 0;
  }

  const QuotaInput& in_;
  QuotaPolicy policy_;
  QuotaState state_;
  QuotaDecision out_;
  std::optional<Reason> obstacle_;  // to a decrease
  bool lowers_ = false;
  double least_ = 0;
  double reactive_ = 0;    // what observed demand asks for by itself; 0: nothing
  double low_enough_ = 0;  // nothing below it bears what is observed
};

}  // namespace

QuotaDecision DecideQuota(const QuotaInput& input) { return Decider(input).Decide(); }

}  // namespace tidewright
