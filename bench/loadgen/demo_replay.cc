#include "bench/loadgen/demo_replay.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace tidewright::demo {
namespace {

using loadgen::LoadCounters;
using nlohmann::json;

constexpr Duration kLookInterval = std::chrono::seconds(1);
constexpr Duration kForecastInterval = std::chrono::seconds(6);
constexpr Duration kPlainInterval = std::chrono::seconds(5);  // between lines for no terminal
constexpr Duration kPatienceForLastAction = std::chrono::seconds(90);
constexpr std::size_t kReasonsShown = 2;

// Answers are read tolerantly: a member that is missing or of another type is the default.
double Number(const json& object, const char* name) {
  if (!object.is_object() || !object.contains(name)) return 0;
  const json& value = object[name];
  if (value.is_number()) return value.get<double>();
  return value.is_string() ? std::atof(value.get<std::string>().c_str()) : 0;  // 64-bit integers
}
std::string Text(const json& object, const char* name) {
  if (!object.is_object() || !object.contains(name) || !object[name].is_string()) return "";
  return object[name].get<std::string>();
}
std::optional<WallTime> Time(const json& object, const char* name) {
  const auto time = ParseTime(Text(object, name));
  return time.ok() ? std::optional(*time) : std::nullopt;
}
const json& Member(const json& object, const char* name) {
  static const json kNull;
  return object.is_object() && object.contains(name) ? object[name] : kNull;
}

std::vector<std::string> Texts(const json& reasons) {
  std::vector<std::string> texts;
  for (const auto& reason : reasons) {
    texts.push_back(reason.is_string() ? reason.get<std::string>() : Text(reason, "text"));
  }
  return texts;
}

std::vector<double> Doubles(const json& values) {
  std::vector<double> doubles;
  for (const auto& value : values) doubles.push_back(value.is_number() ? value.get<double>() : 0);
  return doubles;
}

std::string NameOf(const ActionSummary& action) {
  return fmt::format("{} {} {} -> {}", action.id, action.kind, action.from_shards,
                     action.to_shards);
}

std::string ErrorsSince(const LoadCounters& now, const LoadCounters& before) {
  std::string text;
  for (const auto& [kind, count] : now.errors) {
    const auto it = before.errors.find(kind);
    const auto fresh = count - (it == before.errors.end() ? 0 : it->second);
    if (fresh > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", kind, fresh);
  }
  return text;
}

}  // namespace

ActionSummary ParseAction(const json& action) {
  ActionSummary summary;
  summary.id = Text(action, "id");
  summary.kind = Text(action, "kind");
  summary.state = Text(action, "state");
  summary.from_shards = static_cast<int>(Number(action, "from_shards"));
  summary.to_shards = static_cast<int>(Number(action, "to_shards"));
  summary.created = Time(action, "created").value_or(WallTime{});
  summary.ended = Time(action, "ended");
  summary.emergency = Member(action, "emergency") == true;
  summary.slots = Number(action, "partitions_moved");
  summary.keys = Number(action, "keys_moved");
  summary.bytes = Number(action, "bytes_moved");
  return summary;
}

Band ParseForecast(const json& answer) {
  Band band;
  band.start = Time(answer, "start").value_or(WallTime{});
  band.step = FromSeconds(Number(answer, "step_seconds"));
  for (const auto& quantile : Member(answer, "quantiles")) {
    const double level = Number(quantile, "level");
    if (level == 0.5) band.median = Doubles(Member(quantile, "values"));
    if (level == 0.95) band.high = Doubles(Member(quantile, "values"));
  }
  return band;
}

Replay::Replay(ReplayPlan plan, Ledger& ledger, Daemon& daemon, loadgen::LoadGenerator& load)
    : plan_(std::move(plan)),
      ledger_(ledger),
      daemon_(daemon),
      load_(load),
      clock_(plan_.origin),
      view_(Screen::Detect()) {
  frame_.day_start = plan_.origin.wall;
  frame_.day_end = frame_.day_start + plan_.days * std::chrono::hours(24);
  frame_.speed = plan_.origin.speed;
}

std::vector<ActionSummary> Replay::Actions() const {
  std::vector<ActionSummary> actions;
  for (const auto& [id, action] : actions_) actions.push_back(action);
  std::sort(actions.begin(), actions.end(),
            [](const auto& a, const auto& b) { return a.created < b.created; });
  return actions;
}

LoadCounters Replay::DayCounters() const {
  LoadCounters day = load_.Counters();
  day.issued -= at_start_.issued;
  day.answered -= at_start_.answered;
  day.writes_acknowledged -= at_start_.writes_acknowledged;
  day.unknown -= at_start_.unknown;
  day.not_executed -= at_start_.not_executed;
  day.shed -= at_start_.shed;
  day.latency = day.latency.Since(at_start_.latency);
  for (const auto& [kind, count] : at_start_.errors) day.errors[kind] -= count;
  std::erase_if(day.errors, [](const auto& error) { return error.second == 0; });
  return day;
}

void Replay::Tell(const std::string& what) {
  const std::string event = FormatTimeOfDay(frame_.now) + "  " + what;
  frame_.events.push_back(event);
  if (!view_.screen().terminal) std::puts(event.c_str());
}

void Replay::Note(const ActionSummary& action, const std::string& plan_hash) {
  const auto known = actions_.find(action.id);
  if (known == actions_.end()) {
    const std::string why = ReasonOf(plan_hash);
    Tell(NameOf(action) + " begins" + (why.empty() ? "" : ": " + why));
  }
  if (action.ended && (known == actions_.end() || !known->second.ended)) {
    Tell(fmt::format("{} is {}: {:.0f} slots, {:.1f} MB moved", NameOf(action), action.state,
                     action.slots, action.bytes / 1e6));
  }
  actions_[action.id] = action;
}

std::string Replay::ReasonOf(const std::string& plan_hash) {
  const auto answer = daemon_.Ask({"recommendations", "list"});
  if (!answer.ok()) return "";
  for (const auto& recommendation : Member(*answer, "recommendations")) {
    if (Text(recommendation, "hash") != plan_hash) continue;
    const auto reasons = Texts(Member(Member(recommendation, "plan"), "reasons"));
    return reasons.empty() ? "" : reasons.front();
  }
  return "";
}

void Replay::LookAtAction(const json& status) {
  frame_.action.clear();
  const json& told = Member(status, "action");
  if (!told.is_object() || Text(told, "id").empty()) return;
  const ActionSummary action = ParseAction(told);
  // The one before may have ended, or a short one come and gone, between two looks.
  if (!actions_.contains(action.id)) RefreshActions();
  Note(action, Text(told, "plan_hash"));
  if (action.ended) return;
  frame_.action =
      fmt::format("{} {}, {:.0f} of {:.0f} steps, {:.0f} slots moved", NameOf(action), action.state,
                  Number(told, "steps_done"), Number(told, "steps"), action.slots);
  if (const auto title = Text(told, "title"); !title.empty()) frame_.action += ": " + title;
}

void Replay::LookAt(const json& status) {
  frame_.mode = Text(status, "mode");
  frame_.shards = static_cast<int>(Number(status, "shards"));
  frame_.nodes = static_cast<int>(Number(status, "nodes"));
  frame_.foreseen = Number(Member(Member(status, "forecast"), "requests"), "max_1h_q95");
  frame_.problems = Texts(Member(status, "problems"));
  const json& plan = Member(status, "plan");
  frame_.reasons = Texts(Member(plan, "reasons"));
  for (auto& text : Texts(Member(plan, "rejections"))) {
    frame_.reasons.push_back("not: " + std::move(text));
  }
  if (frame_.reasons.size() > kReasonsShown) frame_.reasons.resize(kReasonsShown);
  LookAtAction(status);
}

void Replay::LookAtLoad() {
  const LoadCounters counters = load_.Counters();
  const MonoTime now = clock_.Monotonic();
  const double seconds = std::max(1e-3, Seconds(now - last_counted_));
  frame_.commands_per_second = static_cast<double>(counters.answered - last_.answered) / seconds;
  frame_.p99 = counters.latency.Since(last_.latency).Quantile(0.99);
  frame_.writes = counters.writes_acknowledged;
  // New shards count as far as slots have reached them.
  frame_.capacity = ledger_.shard_capacity() / counters.largest_share;
  frame_.lost = counters.lost;
  frame_.undone = counters.undone;
  frame_.errors = ErrorsSince(counters, at_start_);
  last_ = counters;
  last_counted_ = now;
}

void Replay::RefreshActions() {
  const auto answer = daemon_.Ask({"actions", "list", "--limit", "100"});
  if (!answer.ok()) return;
  const json& told = Member(*answer, "actions");
  for (auto it = told.rbegin(); it != told.rend(); ++it) {  // the newest comes first
    if (!Text(*it, "id").empty()) Note(ParseAction(*it), Text(*it, "plan_hash"));
  }
}

void Replay::RefreshForecast() {
  auto answer = daemon_.Ask({"forecast"});
  if (answer.ok()) band_ = ParseForecast(*answer);
}

Status Replay::Run(std::stop_token stop) {
  at_start_ = last_ = load_.Counters();
  last_counted_ = clock_.Monotonic();
  load_.Start([clock = &clock_, plan = plan_](MonoTime) {
    return plan.curve.At(clock->Wall()) / plan.request_units_per_command;
  });
  MonoTime next_forecast, next_line;
  std::optional<MonoTime> over;
  while (!stop.stop_requested()) {
    const MonoTime begun = clock_.Monotonic();
    frame_.now = clock_.Wall();
    frame_.demand = plan_.curve.At(frame_.now);
    const auto status = daemon_.Ask({"status"});
    if (status.ok()) LookAt(*status);
    if (!status.ok()) frame_.problems = {"the daemon does not answer: " + Message(status.status())};
    LookAtLoad();
    if (frame_.now < frame_.day_end) {
      ledger_.Add({frame_.now, frame_.demand, frame_.shards, frame_.capacity, frame_.nodes});
    } else {
      if (!over) over = begun;
      if (frame_.action.empty() || begun > *over + kPatienceForLastAction) break;
    }
    if (begun >= next_forecast && view_.screen().terminal) {
      RefreshForecast();
      next_forecast = begun + kForecastInterval;
    }
    if (view_.screen().terminal || begun >= next_line) {
      view_.Show(ledger_, band_, frame_);
      next_line = begun + kPlainInterval;
    }
    if (!daemon_.Running()) {
      return Error(StatusCode::kUnavailable, "the daemon ended by itself:\n{}", daemon_.LogTail());
    }
    clock_.WaitUntil(begun + kLookInterval, stop);
  }
  if (stop.stop_requested()) return Error(StatusCode::kCancelled, "stopped");
  RefreshActions();
  return OkStatus();
}

}  // namespace tidewright::demo
