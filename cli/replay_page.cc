// The data of replay's page, as JSON that its script reads.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/replay_job.h"
#include "cli/replay_page_text.h"

namespace tidewright::cli {
namespace {

using Json = nlohmann::ordered_json;

// Of a trace at most this many points are drawn; more traces share what a browser loads at once.
constexpr std::size_t kMostPoints = 6000;
constexpr std::size_t kMostPointsTogether = 120'000;
constexpr std::size_t kMostCourses = 4;

/// Four digits say enough on a screen.
double Rounded(double value) {
  if (value == 0 || !std::isfinite(value)) return 0;
  const double scale = std::pow(10.0, 3 - std::floor(std::log10(std::abs(value))));
  return std::round(value * scale) / scale;
}

Json Number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json Line(const ReplayJob& job, const PooledLine& line) {
  const auto found = std::find_if(job.contestants.begin(), job.contestants.end(),
                                  [&](const auto& c) { return c.name == line.name; });
  const auto place = static_cast<std::size_t>(found - job.contestants.begin());
  const replay::Pool& pool = line.pool;
  return {{"name", line.name},
          {"ours", place < job.policies},
          {"bound", found == job.contestants.end()},
          {"ratio", Number(pool.CostRatio())},
          {"hoursRatio", Number(pool.HoursRatio())},
          {"violating", pool.ViolatingShare()},
          {"unserved", pool.UnservedShare()},
          {"episodes", pool.episodes()},
          {"moves", pool.moves()},
          {"hours", pool.node_hours()}};
}

Json Lines(const ReplayJob& job, const PooledClass& pooled) {
  Json lines = Json::array();
  for (const PooledLine& line : pooled.lines) lines.push_back(Line(job, line));
  return lines;
}

/// Steps drawn as one point.
class Buckets {
 public:
  Buckets(const ReplayTrace& trace, std::size_t most)
      : first_(trace.store.first),
        steps_(static_cast<int>(trace.series.size()) - trace.store.first),
        per_(std::max(1, static_cast<int>((static_cast<std::size_t>(steps_) + most - 1) / most))) {}

  [[nodiscard]] int per() const { return per_; }
  [[nodiscard]] std::size_t count() const {
    return static_cast<std::size_t>((steps_ + per_ - 1) / per_);
  }
  [[nodiscard]] std::size_t Of(int step) const {
    return static_cast<std::size_t>(std::max(0, step - first_) / per_);
  }

 private:
  int first_;
  int steps_;
  int per_;
};

Json Course(const ReplayTrace& trace, const std::string& name, const replay::Trial& trial,
            const Buckets& buckets) {
  std::vector<double> capacity(buckets.count(), std::numeric_limits<double>::infinity());
  std::vector<int> billed(buckets.count(), 0);
  std::vector<int> short_of(buckets.count(), 0);
  for (const replay::ServedStep& step : trial.served) {
    const std::size_t b = buckets.Of(step.index);
    capacity[b] = std::min(capacity[b], Rounded(step.capacity));
    billed[b] = std::max(billed[b], step.billed);
    const double demand = trace.series.values[static_cast<std::size_t>(step.index)];
    if (demand > step.capacity * (1 + 1e-9)) short_of[b] = 1;
  }
  Json moves = Json::array();
  for (const replay::Move& move : trial.outcome.moves) {
    moves.push_back({buckets.Of(move.decided + 1), move.from, move.to});
  }
  return {{"name", name},
          {"capacity", capacity},
          {"billed", billed},
          {"short", short_of},
          {"moves", std::move(moves)}};
}

void AddForecasts(const replay::Trial& trial, const Buckets& buckets, Json& out) {
  if (trial.foreseen.empty()) return;
  std::vector<double> median(buckets.count(), -1), high(buckets.count(), -1);
  for (const replay::Foreseen& foreseen : trial.foreseen) {
    const std::size_t b = buckets.Of(foreseen.index);
    if (b >= median.size()) continue;
    median[b] = std::max(median[b], Rounded(foreseen.median));
    high[b] = std::max(high[b], Rounded(foreseen.high));
  }
  // Nobody forecasts while a move is under way: nothing is drawn there.
  const auto known = [](const std::vector<double>& values) {
    Json list = Json::array();
    for (const double v : values) list.push_back(v < 0 ? Json(nullptr) : Json(v));
    return list;
  };
  out["median"] = known(median);
  out["high"] = known(high);
}

Json TraceData(const ReplayJob& job, const ReplayResult& result, std::size_t i, std::size_t most) {
  const ReplayTrace& trace = job.traces[i];
  const Buckets buckets(trace, most);
  const auto first = static_cast<std::size_t>(trace.store.first);
  std::vector<double> demand(buckets.count(), 0);
  for (std::size_t t = first; t < trace.series.size(); ++t) {
    double& highest = demand[buckets.Of(static_cast<int>(t))];
    highest = std::max(highest, Rounded(trace.series.values[t]));
  }
  ReplayJob alone;
  alone.contestants = job.contestants;
  alone.policies = job.policies;
  alone.optimum = job.optimum;
  alone.penalty = job.penalty;
  alone.traces.push_back(
      {.name = trace.name, .series = {}, .store = trace.store, .kind = trace.kind});
  ReplayResult own;
  own.runs.emplace_back();
  for (const ReplayRun& run : result.runs[i]) {
    own.runs.front().push_back({.trial = {}, .score = run.score});
    own.runs.front().back().trial.outcome = run.trial.outcome;
  }
  if (job.optimum) own.bounds.push_back(result.bounds[i]);
  Json out = {
      {"name", trace.name},
      {"kind", trace.kind.name()},
      {"about", fmt::format("a node serves {:.4g}; at most {} nodes; correlation with the day "
                            "before {:.2f}, the week before {:.2f}",
                            trace.store.node_capacity, trace.store.max_nodes, trace.kind.day,
                            trace.kind.week)},
      {"start", Seconds(trace.series.TimeOf(first).time_since_epoch())},
      {"bucket", Seconds(trace.series.step) * buckets.per()},
      {"demand", demand},
      {"lines", Lines(alone, PoolReplay(alone, own).back())},
      {"courses", Json::array()}};
  for (const std::size_t c : DrawnContestants(job)) {
    out["courses"].push_back(
        Course(trace, job.contestants[c].name, result.runs[i][c].trial, buckets));
  }
  if (job.policies > 0) AddForecasts(result.runs[i].front().trial, buckets, out);
  return out;
}

}  // namespace

std::vector<std::size_t> DrawnContestants(const ReplayJob& job) {
  std::vector<std::size_t> order;
  const auto take = [&](std::size_t c) {
    const bool fresh = std::find(order.begin(), order.end(), c) == order.end();
    if (fresh && order.size() < kMostCourses) order.push_back(c);
  };
  for (std::size_t c = 0; c < std::min<std::size_t>(job.policies, 2); ++c) take(c);
  for (const char* name : {"reactive", "static-peak"}) {
    for (std::size_t c = 0; c < job.contestants.size(); ++c) {
      if (job.contestants[c].name == name) take(c);
    }
  }
  for (std::size_t c = 0; c < job.contestants.size(); ++c) take(c);
  return order;
}

std::string ReplayPage(const ReplayJob& job, const ReplayResult& result) {
  Json data;
  const bool one = job.traces.size() == 1;
  data["title"] = one ? "Replay of " + job.traces.front().name
                      : fmt::format("Replay of {} traces", job.traces.size());
  data["subtitle"] = fmt::format(
      "Policies in a simulated store: penalty {:g}, moving all data takes {}, a new node {}. "
      "Figures are of the steps that were judged; what came before them is history.",
      job.penalty, FormatDuration(job.store.full_migration_time),
      FormatDuration(job.store.provisioning_time));
  data["currency"] = job.currency;
  data["price"] = job.price_per_node_hour.Units();
  data["pooled"] = Json::array();
  for (const PooledClass& pooled : PoolReplay(job, result)) {
    const std::string title = one ? "Comparison"
                                  : fmt::format("{}: {} traces",
                                                pooled.name == "all"        ? "All"
                                                : pooled.name == "periodic" ? "Periodic"
                                                                            : "Bursty",
                                                pooled.traces);
    data["pooled"].push_back({{"title", title}, {"lines", Lines(job, pooled)}});
  }
  data["traces"] = Json::array();
  const std::size_t most =
      std::clamp<std::size_t>(kMostPointsTogether / job.traces.size(), 500, kMostPoints);
  for (std::size_t i = 0; i < job.traces.size(); ++i) {
    data["traces"].push_back(TraceData(job, result, i, most));
  }
  std::string text = data.dump(-1, ' ', false, Json::error_handler_t::replace);
  // Nothing in the data may end the script that holds it.
  for (std::size_t at = 0; (at = text.find('<', at)) != std::string::npos;) {
    text.replace(at, 1, "\\u003c");
  }
  return kReplayPageHead + text + kReplayPageTail;
}

}  // namespace tidewright::cli
