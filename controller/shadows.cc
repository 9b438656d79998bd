#include "controller/shadows.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "planner/baselines/baselines.h"

namespace tidewright {
namespace {

using Json = nlohmann::json;

constexpr char kFact[] = "shadow";
constexpr int kVersion = 1;
constexpr Duration kMinute = std::chrono::minutes(1);
/// What policies look back at, and the longest time that is walked through.
constexpr Duration kLookBack = std::chrono::hours(24 * 16);
/// Less is no history to be tuned on.
constexpr Duration kFewestToTune = std::chrono::hours(24);
/// What was seen stands for this long, as in the demand memory.
constexpr Duration kLongestSpan = std::chrono::minutes(5);

std::int64_t Micros(WallTime at) { return at.time_since_epoch().count(); }
WallTime TimeOf(const Json& json) { return WallTime(Duration(json.get<std::int64_t>())); }

// In shards' worth, data being spread over them as it lies: while an action moves partitions the
// shard that owns most of them is full first; otherwise they lie where they lie on purpose.
double CapacityOf(const Topology& topology, bool in_flight) {
  const int shards = topology.ServingShards();
  if (!in_flight) return shards;
  int most = 0;
  for (const Shard& shard : topology.shards) most = std::max(most, Count(shard.partitions));
  if (most == 0) return shards;
  return std::min<double>(shards, static_cast<double>(topology.partition_count) / most);
}

Series Before(const Series& series, WallTime at, Duration look_back) {
  Series part{.start = series.start, .step = series.step, .values = {}, .flags = {}};
  for (std::size_t i = 0; i < series.size() && series.TimeOf(i) < at; ++i) {
    if (series.TimeOf(i) + look_back < at) {
      part.start = series.TimeOf(i + 1);
      continue;
    }
    part.values.push_back(series.values[i]);
  }
  return part;
}

}  // namespace

Shadows::Shadows(std::vector<std::string> names, const Policy& policy, Journal& journal)
    : names_(std::move(names)), policy_(policy), journal_(journal) {}

Status Shadows::Load() {
  TW_ASSIGN_OR_RETURN(const auto kept, journal_.Fact(kFact));
  if (!kept) return OkStatus();
  const Json json = Json::parse(*kept, nullptr, false);
  try {
    if (!json.is_object() || json.at("version").get<int>() != kVersion) return OkStatus();
    auto tally = DecodeTally(json.at("real").get<std::string>());
    if (!tally.ok()) return OkStatus();
    for (const Json& one : json.at("shadows")) {
      auto state = DecodeShadow(one.get<std::string>());
      if (state.ok()) runners_.push_back({.state = *std::move(state), .policy = {}, .tuned = {}});
    }
    real_action_ = json.at("action").get<std::string>();
    walked_ = TimeOf(json.at("walked_us"));
    real_ = *std::move(tally);
    since_ = TimeOf(json.at("since_us"));
  } catch (const Json::exception&) {
    runners_.clear();
  }
  return OkStatus();
}

std::vector<double> Shadows::Minutes(const DemandMemory& memory, WallTime step) const {
  std::vector<double> minutes;
  for (WallTime at = step; at < step + policy_.step; at += kMinute) {
    double worst = Series::kGap;
    bool known = true;
    for (Resource r : kAllResources) {
      const auto& each = policy_.shard_capacity[r];
      if (!each) continue;
      const Series& observed = memory.observed(r);
      const bool within = !observed.empty() && at >= observed.start && at < observed.end();
      const double value =
          within ? observed.values[static_cast<std::size_t>((at - observed.start) / observed.step)]
                 : Series::kGap;
      known = known && !Series::IsGap(value);
      if (known) worst = std::isnan(worst) ? value / *each : std::max(worst, value / *each);
    }
    minutes.push_back(known ? worst : Series::kGap);
  }
  return minutes;
}

void Shadows::Extend(const std::vector<double>& minutes) {
  const Series fine{.start = demand_.end(), .step = kMinute, .values = minutes, .flags = {}};
  const auto coarse = Coarsen(fine, policy_.step);
  demand_.values.push_back(coarse.ok() && !coarse->empty() ? coarse->values.front() : Series::kGap);
}

void Shadows::Remember(const DemandMemory& memory) {
  WallTime first = walked_;
  for (Resource r : kAllResources) {
    if (!policy_.shard_capacity[r] || memory.observed(r).empty()) continue;
    first = std::min(first, FloorTo(memory.observed(r).start, policy_.step));
  }
  first = std::max(first, walked_ - kLookBack);
  demand_ = {
      .start = FloorTo(first, policy_.step), .step = policy_.step, .values = {}, .flags = {}};
  while (demand_.end() < walked_) {
    Extend(Minutes(memory, demand_.end()));
    if (demand_.size() == 1 && Series::IsGap(demand_.values.front())) {
      demand_.start += demand_.step;  // it begins with something that was observed
      demand_.values.clear();
    }
  }
}

void Shadows::Tune(Runner& runner, const ScalingTerms& terms, bool was_asked) {
  const WallTime day = DayOf(runner.state.until);
  runner.policy = baselines::Make(runner.state.policy, terms, policy_.unserved_penalty);
  runner.tuned = day;
  const Series history = Before(demand_, day, kLookBack);
  if (history.step * static_cast<Duration::rep>(history.Observed()) >= kFewestToTune) {
    runner.policy->Learn(history);
  }
  if (was_asked) {
    Remind(*runner.policy, runner.state, Before(demand_, runner.state.until, kLookBack));
  }
}

void Shadows::Begin(const ShadowLook& look) {
  if (demand_.step != policy_.step) {
    walked_ = FloorTo(since_ ? walked_ : look.now, policy_.step);
    Remember(look.memory);
  }
  if (!since_) {
    since_ = walked_;
    real_action_ = look.newest_action;
  }
  const ScalingTerms terms = LiveTerms(policy_, look.experience, partition_count_);
  for (const std::string& name : names_) {
    const bool runs = std::any_of(runners_.begin(), runners_.end(), [&](const Runner& runner) {
      return runner.state.policy == name;
    });
    if (runs) continue;
    Runner runner{.state = BeginShadow(name, walked_, look.topology->ServingShards(), terms),
                  .policy = {},
                  .tuned = {}};
    Tune(runner, terms, /*was_asked=*/false);
    Ask(runner.state, *runner.policy, demand_, terms);
    runners_.push_back(std::move(runner));
  }
}

void Shadows::See(const ShadowLook& look) {
  if (look.topology == nullptr) return;
  partition_count_ = look.topology->partition_count;
  real_shards_ = look.topology->ServingShards();
  seen_.push_back({.at = FloorTo(look.now, kMinute),
                   .capacity = CapacityOf(*look.topology, look.in_flight),
                   .nodes = static_cast<int>(look.topology->Nodes().size())});
  while (!seen_.empty() && seen_.front().at + kLongestSpan < walked_) seen_.pop_front();
}

void Shadows::JudgeReal(const std::vector<double>& minutes) {
  for (std::size_t i = 0; i < minutes.size(); ++i) {
    const WallTime at = walked_ + kMinute * static_cast<Duration::rep>(i);
    const Seen* newest = nullptr;
    for (const Seen& seen : seen_) {
      if (seen.at <= at && at - seen.at < kLongestSpan) newest = &seen;
    }
    real_.Add({.from = at,
               .length = kMinute,
               .demand = minutes[i],
               .capacity = newest != nullptr ? newest->capacity : Series::kGap,
               .nodes = newest != nullptr ? newest->nodes : 0,
               .price_per_node_hour = policy_.price_per_node_hour});
  }
}

// What is longer ago than anybody remembers is dark for all of them.
Status Shadows::SkipTo(WallTime at, CapacityLedger& ledger, WallTime now) {
  real_.dark += at - walked_;
  for (Runner& runner : runners_) {
    ShadowState& state = runner.state;
    if (state.told.known && state.told.nodes > 0) {
      state.told.known = false;
      state.told.at = state.until;
      TW_RETURN_IF_ERROR(ledger.NoteShadow(state.policy, state.told, now));
    }
    if (state.moving) state.shards = state.moves.back().to;
    state.moving = false;
    state.moves.clear();
    state.tally.dark += at - state.until;
    state.until = at;
  }
  walked_ = at;
  demand_ = {.start = at, .step = policy_.step, .values = {}, .flags = {}};
  return OkStatus();
}

Status Shadows::Walk(const ShadowLook& look, CapacityLedger& ledger) {
  const ScalingTerms terms = LiveTerms(policy_, look.experience, partition_count_);
  for (int i = 0; i < kStepsACycle && walked_ + policy_.step <= look.now; ++i) {
    const std::vector<double> minutes = Minutes(look.memory, walked_);
    JudgeReal(minutes);
    Extend(minutes);
    for (Runner& runner : runners_) {
      if (runner.state.until != walked_) continue;
      if (runner.policy == nullptr || runner.tuned != DayOf(walked_)) Tune(runner, terms, true);
      const auto point = Serve(runner.state,
                               {.minutes = minutes,
                                .nodes_per_shard = 1 + policy_.replicas_per_shard,
                                .price_per_node_hour = policy_.price_per_node_hour},
                               terms);
      if (point) TW_RETURN_IF_ERROR(ledger.NoteShadow(runner.state.policy, *point, look.now));
      Ask(runner.state, *runner.policy, demand_, terms);
    }
    walked_ += policy_.step;
  }
  if (demand_.size() > 2 * static_cast<std::size_t>(kLookBack / demand_.step)) {
    demand_ = Before(demand_, walked_, kLookBack);
  }
  return OkStatus();
}

Status Shadows::EndThoseThatAreNoMore(CapacityLedger& ledger, WallTime now) {
  std::map<std::string, CapacityPoint> ended;
  for (const auto& [policy, points] : ledger.sizes().shadows) {
    const bool runs = std::any_of(runners_.begin(), runners_.end(), [&](const Runner& runner) {
      return runner.state.policy == policy;
    });
    const bool wanted = std::find(names_.begin(), names_.end(), policy) != names_.end();
    if ((runs && wanted) || points.empty() || !points.back().known) continue;
    ended[policy] = points.back();
    ended[policy].known = false;
  }
  for (const Runner& runner : runners_) {
    const auto end = ended.find(runner.state.policy);
    if (end != ended.end()) end->second.at = runner.state.until;
  }
  for (const auto& [policy, end] : ended) TW_RETURN_IF_ERROR(ledger.NoteShadow(policy, end, now));
  std::erase_if(runners_, [&](const Runner& runner) {
    return std::find(names_.begin(), names_.end(), runner.state.policy) == names_.end();
  });
  return OkStatus();
}

Status Shadows::Observe(const ShadowLook& look, CapacityLedger& ledger) {
  const bool binds =
      std::any_of(policy_.shard_capacity.values.begin(), policy_.shard_capacity.values.end(),
                  [](const auto& each) { return each.has_value(); });
  See(look);
  if (!binds || partition_count_ == 0 || real_shards_ == 0) return OkStatus();
  TW_RETURN_IF_ERROR(EndThoseThatAreNoMore(ledger, look.now));
  if (since_ && look.now - walked_ > kLookBack) {
    TW_RETURN_IF_ERROR(SkipTo(FloorTo(look.now, policy_.step), ledger, look.now));
  }
  const bool began = since_.has_value();
  if (look.topology != nullptr) Begin(look);
  if (look.newest_action != real_action_) {
    real_action_ = look.newest_action;
    ++real_.moves;
  }
  const WallTime before = walked_;
  TW_RETURN_IF_ERROR(Walk(look, ledger));
  return walked_ != before || !began ? Keep() : OkStatus();
}

std::vector<PolicyTally> Shadows::Tallies() const {
  std::vector<PolicyTally> tallies;
  if (!since_) return tallies;
  tallies.push_back({.policy = kRealPolicy,
                     .estimated = false,
                     .since = *since_,
                     .shards = real_shards_,
                     .moves_to = {},
                     .tally = real_});
  for (const Runner& runner : runners_) {
    const ShadowState& state = runner.state;
    tallies.push_back({.policy = state.policy,
                       .estimated = true,
                       .since = state.since,
                       .shards = state.shards,
                       .moves_to = {},
                       .tally = state.tally});
    if (state.moving) tallies.back().moves_to = state.moves.back().to;
  }
  return tallies;
}

Status Shadows::Keep() {
  Json shadows = Json::array();
  for (const Runner& runner : runners_) shadows.push_back(EncodeShadow(runner.state));
  return journal_.SaveFact(kFact, Json{{"version", kVersion},
                                       {"since_us", Micros(*since_)},
                                       {"walked_us", Micros(walked_)},
                                       {"real", EncodeTally(real_)},
                                       {"action", real_action_},
                                       {"shadows", shadows}}
                                      .dump());
}

}  // namespace tidewright
