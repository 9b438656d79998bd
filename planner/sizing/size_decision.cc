#include "planner/sizing/size_decision.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "planner/situation.h"
#include "planner/sizing/opinions.h"
#include "planner/sizing/shard_demand.h"
#include "planner/sizing/shocks.h"
#include "planner/sizing/turning_point.h"

namespace tidewright::planner {
namespace {

constexpr int kMostSizes = 512;  // bounds time and memory, far above any real policy
// Of memory above its capacity: nothing that it could save is worth that.
constexpr double kMemoryPenalty = 1e4;
constexpr Duration kEpisodeGap = std::chrono::minutes(30);  // without violations ends an episode

// What is heard of one kind of demand.
struct Heard {
  const ShardDemand* demand = nullptr;
  Opinions opinions;
  Shocks shocks;
  Duration seen{0};  ///< observed demand
};

int EpisodeSteps(Duration step) { return std::max(1, static_cast<int>(kEpisodeGap / step)); }

Heard Hear(const Situation& s, const ShardDemand& demand, ForecastGate* gate) {
  Heard heard{.demand = &demand, .opinions = {}, .shocks = {}, .seen = {}};
  Series recent{.start = {}, .step = demand.step, .values = {}, .flags = {}};
  recent.values.assign(demand.recent.begin(), demand.recent.end());
  recent.start = demand.recent_end - demand.step * static_cast<Duration::rep>(recent.size());
  // What begins with a gap is as short as what follows it.
  heard.seen = demand.step * static_cast<Duration::rep>(recent.Observed());
  if (IsCurrent(recent, s.input.now)) {
    const auto day = static_cast<int>(std::chrono::hours(24) / demand.step);
    heard.shocks =
        FindShocks(demand.recent, {.before = EpisodeSteps(demand.step), .look_back = 14 * day});
  }
  const int steps =
      demand.steps > 0 ? demand.steps : static_cast<int>(s.policy.horizon / demand.step);
  heard.opinions =
      Opinions({.values = demand.ahead, .count = demand.scenarios, .from = demand.from}, recent,
               s.input.now, steps, gate);
  return heard;
}

// The forecast's scenarios, each `margin` times as far from their median.
std::vector<float> Margined(const ShardDemand& demand, double margin) {
  std::vector<float> values = demand.ahead;
  std::vector<float> scratch;
  const int count = demand.scenarios;
  for (int t = 0; t < demand.steps; ++t) {
    const float median = QuantileOf({demand.At(t), static_cast<std::size_t>(count)}, 0.5, scratch);
    float* at = values.data() + static_cast<std::ptrdiff_t>(t) * count;
    for (int k = 0; k < count; ++k) {
      at[k] = std::max(0.0F, median + static_cast<float>(margin) * (at[k] - median));
    }
  }
  return values;
}

// The highest of each scenario in the steps of one episode before a step; observed ones count.
class HighestBefore {
 public:
  HighestBefore(const ShardDemand& demand, int count)
      : span_(EpisodeSteps(demand.step)),
        last_(static_cast<std::size_t>(span_), std::vector<float>(static_cast<std::size_t>(count))),
        highest_(static_cast<std::size_t>(count)) {
    for (int b = 1; b <= span_ && b <= static_cast<int>(demand.recent.size()); ++b) {
      const float seen = demand.recent[demand.recent.size() - static_cast<std::size_t>(b)];
      auto& row = last_[static_cast<std::size_t>(span_ - b)];
      std::fill(row.begin(), row.end(), std::isnan(seen) ? 0.0F : seen);
    }
  }
  [[nodiscard]] std::span<const float> Of() {
    highest_ = last_.front();
    for (std::size_t b = 1; b < last_.size(); ++b) {
      for (std::size_t k = 0; k < highest_.size(); ++k) {
        highest_[k] = std::max(highest_[k], last_[b][k]);
      }
    }
    return highest_;
  }
  void Push(std::span<const float> values) {
    auto& oldest = last_[static_cast<std::size_t>(next_)];
    std::copy(values.begin(), values.end(), oldest.begin());
    next_ = (next_ + 1) % span_;
  }

 private:
  int span_;
  int next_ = 0;
  std::vector<std::vector<float>> last_;
  std::vector<float> highest_;
};

// On the median of whom is listened to most.
void AddShocks(const Heard& heard, double again, DemandRisk& risk) {
  const Opinions& o = heard.opinions;
  const Shocks& shocks = heard.shocks;
  if (shocks.rises.empty() || again <= 0) return;
  const auto k = static_cast<std::size_t>(std::max_element(o.shares().begin(), o.shares().end()) -
                                          o.shares().begin());
  std::vector<float> scratch;
  std::vector<float> values(shocks.rises.size());
  for (int t = 0; t < risk.steps(); ++t) {
    const float median = QuantileOf(o.At(k, t), 0.5, scratch);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = median + shocks.rises[i];
    risk.Add(t, values, std::vector<float>(values.size(), median),
             static_cast<float>(again * shocks.each));
  }
}

DemandRisk Tabulate(const Heard& heard, int steps, int most, const Policy& policy) {
  const Opinions& o = heard.opinions;
  DemandRisk risk(steps, most);
  std::vector<float> margined;
  if (policy.demand_margin != 1) margined = Margined(*heard.demand, policy.demand_margin);
  for (std::size_t k = 0; k < kOpinions; ++k) {
    if (o.shares()[k] <= 0) continue;
    const auto count = static_cast<std::size_t>(o.Count(k));
    HighestBefore before(*heard.demand, o.Count(k));
    for (int t = 0; t < steps; ++t) {
      std::span<const float> values = o.At(k, t);
      if (k == 0 && !margined.empty()) {
        values = {margined.data() + static_cast<std::size_t>(t) * count, count};
      }
      risk.Add(t, values, before.Of(), static_cast<float>(o.shares()[k] / o.Count(k)));
      before.Push(values);
    }
  }
  AddShocks(heard, policy.shock_share, risk);
  risk.Finish(policy.tail_doubt);
  return risk;
}

// Of all scenarios, whoever is listened to.
double Highest(const Opinions& o) {
  double highest = 0;
  for (std::size_t k = 0; k < kOpinions; ++k) {
    for (int t = 0; o.Count(k) > 0 && t < o.steps(); ++t) {
      for (const float v : o.At(k, t)) highest = std::max<double>(highest, v);
    }
  }
  return highest;
}

// What n shards serve where a partition cannot be split, judged at the highest demand expected.
std::vector<double> Served(const Situation& s, int most) {
  const Demand demand = s.ExpectedDemand(s.policy.horizon);
  PerResource<double> even;
  for (Resource r : kAllResources) even[r] = 1;
  std::vector<double> served = {0};
  for (int n = 1; n <= most; ++n) {
    const PerResource<double> lie =
        n == s.shards ? s.AchievableImbalance() : s.capacity.Reachable(n);
    const double level = s.capacity.FillWithoutLoss(demand, n, even).share;
    const double lies = s.capacity.FillWithoutLoss(demand, n, lie).share;
    served.push_back(lies > level && level > 0 ? n * level / lies : n);
  }
  return served;
}

// Of that, what is served once a loss has taken the capacity of some.
std::vector<double> AfterLoss(const Capacity& capacity, std::vector<double> served) {
  for (std::size_t n = 1; n < served.size(); ++n) {
    served[n] *= capacity.RemainingShare(static_cast<int>(n));
  }
  return served;
}

ShardBilling BillingOf(const Situation& s, Duration step) {
  const BillingTerms& terms = s.policy.billing;
  ShardBilling billing;
  billing.period = Seconds(terms.granularity) / Seconds(step);
  billing.least = Seconds(terms.minimum) / Seconds(step);
  billing.committed = terms.committed / (1 + s.policy.replicas_per_shard);
  if (!terms.ByPeriod()) return billing;
  for (const Shard& shard : s.input.topology.shards) {
    if (shard.partitions.empty()) continue;
    const auto since = s.BilledSince(shard);
    billing.ages.emplace_back();
    if (since) billing.ages.back() = Seconds(s.input.now - *since) / Seconds(step);
  }
  return billing;
}

// Of the one that wastes the least once a shard has left.
std::optional<WallTime> PaidUntil(const ScheduleProblem& problem, WallTime now, Duration step) {
  std::optional<double> until;
  const double end = problem.from > 1 ? problem.moves.Steps(problem.from, problem.from - 1) : 0;
  for (const auto& age : problem.billing.ages) {
    if (!age) continue;
    const double paid = end + problem.billing.Left(*age + end);
    until = std::min(paid, until.value_or(paid));
  }
  if (!until) return std::nullopt;
  return now + FromSeconds(*until * Seconds(step));
}

}  // namespace

double SizeDecision::Unused(int shards) const {
  const ScheduleOption* option = schedule.Towards(shards);
  return option == nullptr ? 0 : option->unused * Seconds(step) / 3600;
}

double SizeDecision::Regret(int shards) const {
  const ScheduleOption* option = schedule.Towards(shards);
  const ScheduleOption* best = schedule.Towards(to);
  if (option == nullptr || best == nullptr) return 0;
  return (option->cost - best->cost) * Seconds(step) / 3600;
}

std::optional<SizeDecision> DecideSize(const Situation& s, ForecastGate& gate) {
  if (!s.capacity.known() || s.shards <= 0) return std::nullopt;
  const auto flows = FoldDemand(s, DemandKind::kFlows);
  const auto memory = FoldDemand(s, DemandKind::kMemory);
  if (!flows && !memory) return std::nullopt;
  std::vector<Heard> all;
  if (flows) all.push_back(Hear(s, *flows, &gate));
  if (memory) all.push_back(Hear(s, *memory, nullptr));
  std::erase_if(all, [](const Heard& heard) { return !heard.opinions.Any(); });
  if (all.empty()) return std::nullopt;

  const auto is_stock = [&](const Heard& heard) { return memory && heard.demand == &*memory; };
  int needed = 0;
  int steps = all.front().opinions.steps();
  for (const Heard& heard : all) {
    const double highest = std::ceil(Highest(heard.opinions));
    const int borne = static_cast<int>(std::min<double>(highest, kMostSizes));
    const int shards = is_stock(heard) ? borne : s.capacity.domains().ShardsFor(borne);
    needed = std::max(needed, shards + 1);
    steps = std::min(steps, heard.opinions.steps());
  }
  ScheduleProblem problem;
  problem.from = s.shards;
  problem.fewest = s.policy.min_shards;
  problem.most = std::clamp(std::max(needed, s.shards), s.policy.min_shards,
                            std::max(s.policy.max_shards, s.policy.min_shards));
  // What an emergency added beyond max_shards stays until it costs more than it serves.
  problem.most = std::max(problem.most, std::min(s.shards, s.policy.hard_max_shards));
  problem.most = std::min(problem.most, problem.fewest + kMostSizes);
  problem.max_step_out = s.policy.max_step_out;
  problem.max_step_in = s.policy.max_step_in;
  SizeDecision out;
  out.step = all.front().demand->step;
  out.horizon = out.step * steps;
  problem.moves =
      LearnedMoves(s.input.state.experience, s.policy, s.input.topology.partition_count, out.step);
  problem.move_cost = s.policy.move_cost * 3600 / Seconds(out.step);
  problem.billing = BillingOf(s, out.step);
  // Who must be gone by a time has to begin in time: the others wait for the rest between them.
  if (s.policy.billing.ByPeriod()) {
    problem.rest_in =
        static_cast<int>((s.policy.scale_in_cooldown + out.step - Duration(1)) / out.step);
  }
  out.paid_until = PaidUntil(problem, s.input.now, out.step);
  const int grid = std::max(problem.most, s.shards);
  const std::vector<double> served = Served(s, grid);
  problem.served = AfterLoss(s.capacity, served);

  std::vector<DemandRisk> tables;
  tables.reserve(all.size());
  for (const Heard& heard : all) {
    tables.push_back(Tabulate(heard, steps, grid, s.policy));
    const bool stock = is_stock(heard);
    problem.demand.push_back(
        {.risk = &tables.back(),
         .unserved_penalty = stock ? kMemoryPenalty : s.policy.unserved_penalty,
         .violation_penalty = stock ? kMemoryPenalty : s.policy.violation_penalty,
         .episode_penalty = stock ? 0 : s.policy.episode_penalty * 3600 / Seconds(out.step),
         .served = stock && served != problem.served ? served : std::vector<double>()});
  }
  out.shares = all.front().opinions.shares();
  out.analogues = all.front().opinions.Count(1);
  out.seen = all.front().seen;
  out.schedule = MakeSchedule(problem);
  out.to = out.schedule.to;
  if (s.input.explain) {
    out.more = FindTurningPoint(problem, out.to, PlanBasis::kFarthest);
    out.less = FindTurningPoint(problem, out.to, 1 / PlanBasis::kFarthest);
  }
  return out;
}

}  // namespace tidewright::planner
