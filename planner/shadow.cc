#include "planner/shadow.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace tidewright {
namespace {

using Json = nlohmann::json;

constexpr int kVersion = 1;
/// Longer than anything that a baseline remembers of its own decisions.
constexpr Duration kRemembered = std::chrono::hours(48);

using Move = ShadowState::Move;

WallTime EndOf(const Move& move, Duration step) {
  return move.decided + step * move.model.Steps(move.from, move.to);
}

// Shards that serve at the end of a step, and whether somebody was asked then.
struct Standing {
  int shards = 0;
  bool asked = true;
};
Standing At(const ShadowState& state, WallTime at) {
  Standing now{.shards = state.moves.empty() ? state.shards : state.moves.front().from};
  for (const Move& move : state.moves) {
    if (move.decided >= at) break;
    const bool ended = EndOf(move, state.step) <= at;
    now = {.shards = ended ? move.to : move.from, .asked = ended};
  }
  return now;
}

std::int64_t Micros(WallTime at) { return at.time_since_epoch().count(); }
WallTime TimeOf(const Json& json) { return WallTime(Duration(json.get<std::int64_t>())); }
Duration SpanOf(const Json& json) { return Duration(json.get<std::int64_t>()); }

Json ToJson(const Tally& tally) {
  Json json = {{"judged_us", tally.judged.count()},
               {"dark_us", tally.dark.count()},
               {"short_us", tally.short_for.count()},
               {"episodes", tally.episodes},
               {"unserved", tally.unserved},
               {"demand", tally.demand},
               {"node_hours", tally.node_hours},
               {"cost_micros", tally.cost.micros},
               {"moves", tally.moves}};
  if (tally.newest_short) json["newest_short_us"] = Micros(*tally.newest_short);
  return json;
}

Tally ReadTally(const Json& json) {
  Tally tally{.judged = SpanOf(json.at("judged_us")),
              .dark = SpanOf(json.at("dark_us")),
              .short_for = SpanOf(json.at("short_us")),
              .episodes = json.at("episodes").get<int>(),
              .unserved = json.at("unserved").get<double>(),
              .demand = json.at("demand").get<double>(),
              .node_hours = json.at("node_hours").get<double>(),
              .cost = Money{json.at("cost_micros").get<std::int64_t>()},
              .moves = json.at("moves").get<int>()};
  if (json.contains("newest_short_us")) tally.newest_short = TimeOf(json.at("newest_short_us"));
  return tally;
}

Move ReadMove(const Json& json) {
  return {.decided = TimeOf(json.at("decided_us")),
          .from = json.at("from").get<int>(),
          .to = json.at("to").get<int>(),
          .model = {.provisioning = json.at("provisioning").get<int>(),
                    .full_migration = json.at("full_migration").get<double>(),
                    .streams = json.at("streams").get<int>()}};
}

ShadowState ReadShadow(const Json& json) {
  ShadowState state;
  state.policy = json.at("policy").get<std::string>();
  state.since = TimeOf(json.at("since_us"));
  state.until = TimeOf(json.at("until_us"));
  state.step = SpanOf(json.at("step_us"));
  state.shards = json.at("shards").get<int>();
  for (const Json& move : json.at("moves")) state.moves.push_back(ReadMove(move));
  state.moving = json.at("moving").get<bool>();
  state.tally = ReadTally(json.at("tally"));
  const Json& told = json.at("told");
  state.told = {.at = TimeOf(told.at("at_us")),
                .nodes = told.at("nodes").get<int>(),
                .shards = told.at("shards").get<int>(),
                .known = told.at("known").get<bool>()};
  return state;
}

bool IsSound(const ShadowState& state) {
  const bool moves_sound = std::all_of(state.moves.begin(), state.moves.end(), [](const Move& m) {
    return m.from > 0 && m.to > 0 && m.model.provisioning >= 0 && m.model.streams > 0 &&
           m.model.full_migration >= 0 && m.model.full_migration < 1e6;
  });
  return state.shards > 0 && state.step > Duration(0) && moves_sound &&
         (!state.moving || !state.moves.empty());
}

// The version says whether what follows can be read.
template <typename Read>
auto Decode(const std::string& text, Read read) -> StatusOr<decltype(read(Json()))> {
  const Json json = Json::parse(text, nullptr, false);
  try {
    if (!json.is_object() || json.at("version").get<int>() != kVersion) {
      return Error(StatusCode::kDataLoss, "a tally of an unknown version");
    }
    return read(json);
  } catch (const nlohmann::json::exception& error) {
    return Error(StatusCode::kDataLoss, "not a tally: {}", error.what());
  }
}

}  // namespace

ScalingTerms LiveTerms(const Policy& policy, const MoveExperience& experience,
                       int partition_count) {
  ScalingTerms terms;
  terms.shard_capacity = 1;
  terms.fewest = std::max(1, policy.min_shards);
  terms.most = std::max(terms.fewest, policy.max_shards);
  terms.step = policy.step;
  terms.moves = LearnedMoves(experience, policy, partition_count, policy.step);
  return terms;
}

ShadowState BeginShadow(std::string policy, WallTime at, int shards, const ScalingTerms& terms) {
  ShadowState state;
  state.policy = std::move(policy);
  state.since = state.until = at;
  state.step = terms.step;
  state.shards = std::max(1, shards);
  return state;
}

std::optional<CapacityPoint> Serve(ShadowState& state, const ShadowStep& step,
                                   const ScalingTerms& terms) {
  if (state.step != terms.step) {
    // Moves were counted in steps that are no more.
    if (state.moving) state.shards = state.moves.back().to;
    state.moves.clear();
    state.moving = false;
    state.step = terms.step;
  }
  double capacity = state.shards;
  int billed = state.shards;
  if (state.moving) {
    const Move& move = state.moves.back();
    const auto walked = static_cast<int>((state.until - move.decided) / state.step);
    capacity = move.model.Capacity(move.from, move.to, walked);
    billed = std::max(move.from, move.to);
  }
  bool known = false;
  const int nodes = billed * step.nodes_per_shard;
  const Duration minute = state.step / std::max<std::size_t>(1, step.minutes.size());
  for (std::size_t i = 0; i < step.minutes.size(); ++i) {
    known = known || !std::isnan(step.minutes[i]);
    state.tally.Add({.from = state.until + minute * static_cast<Duration::rep>(i),
                     .length = minute,
                     .demand = step.minutes[i],
                     .capacity = capacity,
                     .nodes = nodes,
                     .price_per_node_hour = step.price_per_node_hour});
  }
  const CapacityPoint point{
      .at = state.until, .nodes = nodes, .shards = state.shards, .known = known};
  state.until += state.step;
  if (state.moving && EndOf(state.moves.back(), state.step) <= state.until) {
    state.shards = state.moves.back().to;
    state.moving = false;
  }
  std::erase_if(state.moves, [&](const Move& move) {
    return EndOf(move, state.step) < state.until - kRemembered;
  });
  const bool same = state.told.nodes == point.nodes && state.told.known == point.known;
  if (same) return std::nullopt;
  state.told = point;
  return point;
}

void Ask(ShadowState& state, ScalingPolicy& policy, const Series& demand,
         const ScalingTerms& terms) {
  if (state.moving || demand.empty()) return;
  const int answer = policy.Shards({.demand = demand, .shards = state.shards});
  const int target = std::clamp(answer, terms.fewest, terms.most);
  if (target == state.shards) return;
  state.moves.push_back(
      {.decided = state.until, .from = state.shards, .to = target, .model = terms.moves});
  state.moving = true;
  ++state.tally.moves;
}

void Remind(ScalingPolicy& policy, const ShadowState& state, const Series& demand) {
  const WallTime first = std::max(state.since, state.until - kRemembered);
  Series seen{.start = demand.start, .step = demand.step, .values = {}, .flags = {}};
  for (std::size_t i = 0; i < demand.size() && demand.TimeOf(i) < state.until; ++i) {
    seen.values.push_back(demand.values[i]);
    if (seen.end() < first) continue;
    const Standing then = At(state, seen.end());
    if (then.asked) (void)policy.Shards({.demand = seen, .shards = then.shards});
  }
}

std::string EncodeShadow(const ShadowState& state) {
  Json moves = Json::array();
  for (const Move& move : state.moves) {
    moves.push_back({{"decided_us", Micros(move.decided)},
                     {"from", move.from},
                     {"to", move.to},
                     {"provisioning", move.model.provisioning},
                     {"full_migration", move.model.full_migration},
                     {"streams", move.model.streams}});
  }
  return Json{{"version", kVersion},
              {"policy", state.policy},
              {"since_us", Micros(state.since)},
              {"until_us", Micros(state.until)},
              {"step_us", state.step.count()},
              {"shards", state.shards},
              {"moves", moves},
              {"moving", state.moving},
              {"tally", ToJson(state.tally)},
              {"told",
               {{"at_us", Micros(state.told.at)},
                {"nodes", state.told.nodes},
                {"shards", state.told.shards},
                {"known", state.told.known}}}}
      .dump();
}

StatusOr<ShadowState> DecodeShadow(const std::string& text) {
  TW_ASSIGN_OR_RETURN(const ShadowState state, Decode(text, ReadShadow));
  if (!IsSound(state)) return Error(StatusCode::kDataLoss, "a policy in shadow without a size");
  return state;
}

std::string EncodeTally(const Tally& tally) {
  Json json = ToJson(tally);
  json["version"] = kVersion;
  return json.dump();
}

StatusOr<Tally> DecodeTally(const std::string& text) { return Decode(text, ReadTally); }

}  // namespace tidewright
