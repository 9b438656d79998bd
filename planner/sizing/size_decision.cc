#include "planner/sizing/size_decision.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "planner/situation.h"
#include "planner/sizing/analogues.h"
#include "planner/sizing/shard_demand.h"
#include "planner/sizing/shocks.h"
#include "planner/sizing/turning_point.h"

namespace tidewright::planner {
namespace {

constexpr int kMostSizes = 512;  // bounds time and memory, far above any real policy
// Of memory above its capacity: nothing that it could save is worth that.
constexpr double kMemoryPenalty = 1e4;
constexpr int kFewestDays = 7;
constexpr Duration kEpisodeGap = std::chrono::minutes(30);  // without violations ends an episode
// Steps ahead whose promises the gate holds against what came.
constexpr std::array<int, 6> kPromised = {1, 3, 6, 12, 24, 48};

float QuantileOf(const float* values, int count, double level, std::vector<float>& scratch) {
  scratch.assign(values, values + count);
  const auto rank = static_cast<std::ptrdiff_t>(level * (count - 1));
  std::nth_element(scratch.begin(), scratch.begin() + rank, scratch.end());
  return scratch[static_cast<std::size_t>(rank)];
}

// What is said of demand to come, and how much each counts.
struct Opinions {
  const ShardDemand* demand = nullptr;
  std::array<Analogues, 2> analogues;  ///< of all times, of this time of day
  std::array<double, kOpinions> shares{};
  Shocks shocks;
  int steps = 0;

  [[nodiscard]] int Count(std::size_t k) const {
    return k == 0 ? (demand->steps > 0 ? demand->scenarios : 0) : analogues[k - 1].count;
  }
  [[nodiscard]] const float* At(std::size_t k, int step) const {
    return k == 0 ? demand->At(step) : analogues[k - 1].At(step);
  }
  [[nodiscard]] bool Any() const { return Count(0) + Count(1) + Count(2) > 0; }
};

int EpisodeSteps(Duration step) { return std::max(1, static_cast<int>(kEpisodeGap / step)); }

bool IsCurrent(const ShardDemand& demand, WallTime now) {
  const Duration age = now - demand.recent_end;
  return age < 2 * demand.step && age > -demand.step;
}

void SettleAndNote(const Opinions& o, ForecastGate& gate) {
  const ShardDemand& demand = *o.demand;
  for (std::size_t back = std::min<std::size_t>(demand.recent.size(), kPromised.back()); back > 0;
       --back) {
    const WallTime end = demand.recent_end - demand.step * static_cast<Duration::rep>(back - 1);
    Settle(gate, end, demand.recent[demand.recent.size() - back]);
  }
  if (o.Count(0) == 0 || o.Count(1) == 0) return;
  std::vector<ForecastGate::Promise> promises;
  std::vector<float> scratch;
  for (const int ahead : kPromised) {
    if (ahead > o.steps) break;
    ForecastGate::Promise promise;
    promise.due = demand.from + demand.step * ahead;
    promise.weight = static_cast<float>(1 / std::sqrt(ahead));
    for (std::size_t k = 0; k < kOpinions; ++k) {
      for (std::size_t l = 0; l < ForecastGate::kLevels.size(); ++l) {
        promise.said[k][l] = o.Count(k) == 0 ? std::nanf("")
                                             : QuantileOf(o.At(k, ahead - 1), o.Count(k),
                                                          ForecastGate::kLevels[l], scratch);
      }
    }
    promises.push_back(promise);
  }
  Note(gate, demand.recent_end, promises);
}

// What begins with a gap is as short as what follows it.
std::ptrdiff_t Known(const std::vector<float>& recent) {
  return std::count_if(recent.begin(), recent.end(), [](float v) { return !std::isnan(v); });
}

Opinions Hear(const Situation& s, const ShardDemand& demand, ForecastGate* gate) {
  Opinions o{.demand = &demand, .analogues = {}, .shares = {}, .shocks = {}, .steps = demand.steps};
  if (o.steps == 0) o.steps = static_cast<int>(s.policy.horizon / demand.step);
  if (IsCurrent(demand, s.input.now)) {
    const auto day = static_cast<int>(std::chrono::hours(24) / demand.step);
    o.analogues[0] = FindAnalogues(demand.recent, o.steps, {.look_back = 7 * day});
    o.shocks =
        FindShocks(demand.recent, {.before = EpisodeSteps(demand.step), .look_back = 14 * day});
    // A few days tell nothing of a time of day.
    if (Known(demand.recent) >= kFewestDays * day) {
      o.analogues[1] = FindAnalogues(demand.recent, o.steps, {.look_back = 14 * day, .day = day});
    }
  }
  ForecastGate nothing_settled;
  if (gate != nullptr) SettleAndNote(o, *gate);
  const ForecastGate& judge = gate != nullptr ? *gate : nothing_settled;
  o.shares = judge.Shares({o.Count(0) > 0, o.Count(1) > 0, o.Count(2) > 0});
  return o;
}

// The forecast's scenarios, each `margin` times as far from their median.
std::vector<float> Margined(const ShardDemand& demand, double margin) {
  std::vector<float> values = demand.ahead;
  std::vector<float> scratch;
  const int count = demand.scenarios;
  for (int t = 0; t < demand.steps; ++t) {
    const float median = QuantileOf(demand.At(t), count, 0.5, scratch);
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
void AddShocks(const Opinions& o, double again, DemandRisk& risk) {
  if (o.shocks.rises.empty() || again <= 0) return;
  const auto k = static_cast<std::size_t>(std::max_element(o.shares.begin(), o.shares.end()) -
                                          o.shares.begin());
  std::vector<float> scratch;
  std::vector<float> values(o.shocks.rises.size());
  for (int t = 0; t < risk.steps(); ++t) {
    const float median = QuantileOf(o.At(k, t), o.Count(k), 0.5, scratch);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = median + o.shocks.rises[i];
    risk.Add(t, values, std::vector<float>(values.size(), median),
             static_cast<float>(again * o.shocks.each));
  }
}

DemandRisk Tabulate(const Opinions& o, int steps, int most, const Policy& policy) {
  DemandRisk risk(steps, most);
  std::vector<float> margined;
  if (policy.demand_margin != 1) margined = Margined(*o.demand, policy.demand_margin);
  for (std::size_t k = 0; k < kOpinions; ++k) {
    if (o.shares[k] <= 0) continue;
    const auto count = static_cast<std::size_t>(o.Count(k));
    HighestBefore before(*o.demand, o.Count(k));
    for (int t = 0; t < steps; ++t) {
      const float* at = k == 0 && !margined.empty()
                            ? margined.data() + static_cast<std::size_t>(t) * count
                            : o.At(k, t);
      const std::span<const float> values(at, count);
      risk.Add(t, values, before.Of(), static_cast<float>(o.shares[k] / o.Count(k)));
      before.Push(values);
    }
  }
  AddShocks(o, policy.shock_share, risk);
  risk.Finish(policy.tail_doubt);
  return risk;
}

double Highest(const Opinions& o) {
  double highest = 0;
  for (const float v : o.demand->ahead) highest = std::max<double>(highest, v);
  for (const Analogues& analogues : o.analogues) {
    for (const float v : analogues.values) highest = std::max<double>(highest, v);
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
    const double level = s.capacity.FillOf(demand, n, even).share;
    const double lies = n == s.shards ? s.FillAchievable(demand).share
                                      : s.capacity.FillOf(demand, n, s.capacity.Reachable(n)).share;
    served.push_back(lies > level && level > 0 ? n * level / lies : n);
  }
  return served;
}

}  // namespace

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
  std::vector<Opinions> opinions;
  if (flows) opinions.push_back(Hear(s, *flows, &gate));
  if (memory) opinions.push_back(Hear(s, *memory, nullptr));
  std::erase_if(opinions, [](const Opinions& o) { return !o.Any(); });
  if (opinions.empty()) return std::nullopt;

  double highest = 0;
  int steps = opinions.front().steps;
  for (const Opinions& o : opinions) {
    highest = std::max(highest, Highest(o));
    steps = std::min(steps, o.steps);
  }
  const int needed = static_cast<int>(std::min<double>(std::ceil(highest), kMostSizes)) + 1;
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
  out.step = opinions.front().demand->step;
  out.horizon = out.step * steps;
  problem.moves =
      LearnedMoves(s.input.state.experience, s.policy, s.input.topology.partition_count, out.step);
  problem.move_cost = s.policy.move_cost * 3600 / Seconds(out.step);
  problem.served = Served(s, std::max(problem.most, s.shards));

  std::vector<DemandRisk> tables;
  tables.reserve(opinions.size());
  const int grid = std::max(problem.most, s.shards);
  for (const Opinions& o : opinions) {
    tables.push_back(Tabulate(o, steps, grid, s.policy));
    const bool stock = memory && o.demand == &*memory;
    problem.demand.push_back(
        {.risk = &tables.back(),
         .unserved_penalty = stock ? kMemoryPenalty : s.policy.unserved_penalty,
         .violation_penalty = stock ? kMemoryPenalty : s.policy.violation_penalty,
         .episode_penalty = stock ? 0 : s.policy.episode_penalty * 3600 / Seconds(out.step)});
  }
  out.shares = opinions.front().shares;
  out.analogues = opinions.front().analogues[0].count;
  out.seen = out.step * Known(opinions.front().demand->recent);
  out.schedule = MakeSchedule(problem);
  out.to = out.schedule.to;
  if (s.input.explain) {
    out.more = FindTurningPoint(problem, out.to, PlanBasis::kFarthest);
    out.less = FindTurningPoint(problem, out.to, 1 / PlanBasis::kFarthest);
  }
  return out;
}

}  // namespace tidewright::planner
