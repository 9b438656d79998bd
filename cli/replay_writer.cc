// What a replay came to, as a table and as JSON.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/render.h"
#include "cli/replay_job.h"

namespace tidewright::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kCheapest[] = "optimum";
constexpr char kSafest[] = "optimum-no-violations";

Json Number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

/// Both optima as if they were contestants.
ReplayRun AsRun(const replay::Outcome& outcome, const ReplayResult::Bounds& bounds,
                double penalty) {
  ReplayRun run;
  run.trial.outcome = outcome;
  run.score = {outcome.Cost(penalty) / bounds.cheapest.Cost(penalty),
               outcome.node_hours / bounds.safest.node_hours};
  return run;
}

PooledClass PoolTraces(const ReplayJob& job, const ReplayResult& result, const std::string& name,
                       const std::vector<std::size_t>& traces) {
  PooledClass out{.name = name, .traces = static_cast<int>(traces.size()), .lines = {}};
  for (std::size_t c = 0; c < job.contestants.size(); ++c) {
    PooledLine line{.name = job.contestants[c].name, .pool = {}, .frontier = false};
    for (const std::size_t i : traces) {
      line.pool.Add(result.runs[i][c].trial, result.runs[i][c].score);
    }
    out.lines.push_back(std::move(line));
  }
  if (job.optimum) {
    PooledLine cheapest{.name = kCheapest, .pool = {}, .frontier = false};
    PooledLine safest{.name = kSafest, .pool = {}, .frontier = false};
    for (const std::size_t i : traces) {
      const auto& bounds = result.bounds[i];
      const auto add = [&](PooledLine& line, const replay::Outcome& outcome) {
        const ReplayRun run = AsRun(outcome, bounds, job.penalty);
        line.pool.Add(run.trial, run.score);
      };
      add(safest, bounds.safest);
      add(cheapest, bounds.cheapest);
    }
    out.lines.push_back(std::move(safest));
    out.lines.push_back(std::move(cheapest));
  }
  // The optima know the future: they push nobody off the frontier.
  for (std::size_t c = 0; c < job.contestants.size(); ++c) {
    const auto& mine = out.lines[c].pool;
    const auto end = out.lines.begin() + static_cast<std::ptrdiff_t>(job.contestants.size());
    out.lines[c].frontier = std::none_of(out.lines.begin(), end, [&](const PooledLine& other) {
      const bool no_worse = other.pool.node_hours() <= mine.node_hours() &&
                            other.pool.violating() <= mine.violating();
      return no_worse && (other.pool.node_hours() < mine.node_hours() ||
                          other.pool.violating() < mine.violating());
    });
  }
  return out;
}

std::string Ratio(double value) {
  return std::isfinite(value) ? fmt::format("{:.3f}", value) : "-";
}

/// What a "node" of the store is: a step of the quota, where one is replayed.
double UnitOf(const ReplayJob& job) { return job.quota ? job.quota->step : 1; }
const char* HoursKey(const ReplayJob& job) { return job.quota ? "unit_hours" : "node_hours"; }

std::string Cost(const ReplayJob& job, double node_hours) {
  return fmt::format("{:.2f}", node_hours * job.price_per_node_hour.Units());
}

std::string ClassTable(const ReplayJob& job, const PooledClass& pooled) {
  std::vector<std::vector<std::string>> rows = {
      {"POLICY", "J/OPT", "HOURS", "VIOLATING", "UNSERVED", "EPISODES", "MOVES",
       job.quota ? "UNIT-HOURS" : "NODE-HOURS", job.currency, "MS/DECISION"}};
  if (job.sweep) rows.front().push_back("FRONTIER");
  for (const PooledLine& line : pooled.lines) {
    const replay::Pool& pool = line.pool;
    const double ms = pool.MillisecondsPerDecision();
    rows.push_back({line.name, Ratio(pool.CostRatio()), Ratio(pool.HoursRatio()),
                    fmt::format("{:.3f}%", 100 * pool.ViolatingShare()),
                    fmt::format("{:.4f}%", 100 * pool.UnservedShare()),
                    fmt::format("{}", pool.episodes()), fmt::format("{}", pool.moves()),
                    fmt::format("{:.0f}", UnitOf(job) * pool.node_hours()),
                    Cost(job, pool.node_hours()), ms > 0 ? fmt::format("{:.3f}", ms) : "-"});
    if (job.sweep) rows.back().push_back(line.frontier ? "yes" : "");
  }
  return Table(rows);
}

std::string Faults(const replay::FaultSettings& faults) {
  std::string text;
  const auto add = [&](bool set, const std::string& what) {
    if (set) text += (text.empty() ? "" : ", ") + what;
  };
  add(faults.latency > Duration(0), "latency=" + FormatDuration(faults.latency));
  add(faults.failing_moves > 0, fmt::format("moves={:g}", faults.failing_moves));
  add(faults.lost_metrics > 0, fmt::format("metrics={:g}", faults.lost_metrics));
  add(faults.late_provisioning > Duration(0),
      "provisioning=" + FormatDuration(faults.late_provisioning));
  constexpr const char* kGarbage[] = {"", "forecast=random", "forecast=constant",
                                      "forecast=shift12h"};
  add(faults.forecast != replay::GarbageForecast::kNone,
      kGarbage[static_cast<int>(faults.forecast)]);
  return text;
}

Json QuotaSettings(const ReplayJob& job) {
  const QuotaPolicy& quota = *job.quota;
  return {{"penalty", job.penalty},
          {"floor", quota.floor},
          {"ceiling", quota.ceiling},
          {"step", quota.step},
          {"max_decreases_per_day", quota.decreases.per_day},
          {"extra_decrease_after_seconds", Seconds(quota.decreases.extra_after)},
          {"max_decreases_per_hour", quota.decreases.per_hour},
          {"billing_period_seconds", Seconds(quota.billing_period)},
          {"seed", job.settings.seed},
          {"faults", Faults(job.settings.faults)},
          {"price_per_unit_hour", quota.price_per_unit_hour.Units()},
          {"currency", job.currency}};
}

Json Settings(const ReplayJob& job) {
  if (job.quota) return QuotaSettings(job);
  return {{"penalty", job.penalty},
          {"full_migration_seconds", Seconds(job.store.full_migration_time)},
          {"provisioning_seconds", Seconds(job.store.provisioning_time)},
          {"seed", job.settings.seed},
          {"faults", Faults(job.settings.faults)},
          {"price_per_node_hour", job.price_per_node_hour.Units()},
          {"currency", job.currency}};
}

Json RunJson(const ReplayJob& job, const std::string& name, const ReplayRun& run) {
  const replay::Outcome& outcome = run.trial.outcome;
  return {{"policy", name},
          {"objective", UnitOf(job) * outcome.Cost(job.penalty)},
          {"objective_over_optimum", Number(run.score.cost_ratio)},
          {HoursKey(job), UnitOf(job) * outcome.node_hours},
          {"hours_over_zero_violation", Number(run.score.hours_ratio)},
          {"cost", outcome.node_hours * job.price_per_node_hour.Units()},
          {std::string("unserved_") + HoursKey(job), UnitOf(job) * outcome.unserved_hours},
          {"unserved_share", outcome.UnservedShare()},
          {"violating_steps", outcome.violating},
          {"violating_share", outcome.ViolatingShare()},
          {"episodes", outcome.episodes},
          {"moves", outcome.moves.size()}};
}

Json TraceJson(const ReplayJob& job, const ReplayResult& result, std::size_t i) {
  const ReplayTrace& trace = job.traces[i];
  Json runs = Json::array();
  for (std::size_t c = 0; c < job.contestants.size(); ++c) {
    runs.push_back(RunJson(job, job.contestants[c].name, result.runs[i][c]));
  }
  if (job.optimum) {
    const auto& bounds = result.bounds[i];
    runs.push_back(RunJson(job, kSafest, AsRun(bounds.safest, bounds, job.penalty)));
    runs.push_back(RunJson(job, kCheapest, AsRun(bounds.cheapest, bounds, job.penalty)));
  }
  const auto first = static_cast<std::size_t>(trace.store.first);
  return {{"name", trace.name},
          {"class", trace.kind.name()},
          {"day_correlation", trace.kind.day},
          {"week_correlation", trace.kind.week},
          {"p99_over_median", Number(trace.kind.spread)},
          {"step_seconds", Seconds(trace.series.step)},
          {"steps", trace.series.size()},
          {"judged_steps", trace.series.size() - first},
          {"judged_from", FormatTime(trace.series.TimeOf(first))},
          {"node_capacity", trace.store.node_capacity},
          {"min_nodes", trace.store.min_nodes},
          {"max_nodes", trace.store.max_nodes},
          {"start_nodes", trace.store.start_nodes},
          {"results", std::move(runs)}};
}

Json PooledJson(const ReplayJob& job, const PooledClass& pooled) {
  Json lines = Json::array();
  for (const PooledLine& line : pooled.lines) {
    const replay::Pool& pool = line.pool;
    lines.push_back({{"policy", line.name},
                     {"objective_over_optimum", Number(pool.CostRatio())},
                     {"hours_over_zero_violation", Number(pool.HoursRatio())},
                     {"objective", UnitOf(job) * pool.Cost(job.penalty)},
                     {HoursKey(job), UnitOf(job) * pool.node_hours()},
                     {"unserved_share", pool.UnservedShare()},
                     {"violating_steps", pool.violating()},
                     {"violating_share", pool.ViolatingShare()},
                     {"episodes", pool.episodes()},
                     {"moves", pool.moves()},
                     {"frontier", line.frontier}});
  }
  const long steps = pooled.lines.empty() ? 0 : pooled.lines.front().pool.steps();
  return {{"class", pooled.name},
          {"traces", pooled.traces},
          {"judged_steps", steps},
          {"results", std::move(lines)}};
}

std::string StoreText(const ReplayJob& job, const replay::StoreModel& store) {
  if (job.quota) {
    return fmt::format("a unit of quota serves {:.4g}", store.node_capacity / job.quota->step);
  }
  return fmt::format("a node serves {:.4g}, at most {} nodes", store.node_capacity,
                     store.max_nodes);
}

std::string Terms(const ReplayJob& job) {
  if (!job.quota) {
    return fmt::format("penalty {:g}, full migration {}, provisioning {}", job.penalty,
                       FormatDuration(job.store.full_migration_time),
                       FormatDuration(job.store.provisioning_time));
  }
  const DecreaseLimit& limit = job.quota->decreases;
  std::string text = fmt::format("penalty {:g}, a quota of {:g} to {:g} by {:g}", job.penalty,
                                 job.quota->floor, job.quota->ceiling, job.quota->step);
  if (limit.per_day > 0) {
    text += fmt::format(", {} decreases a day", limit.per_day);
    if (limit.extra_after > Duration(0)) {
      text += fmt::format(" and one more after {} without", FormatDuration(limit.extra_after));
    }
  }
  if (limit.per_hour > 0) text += fmt::format(", {} an hour", limit.per_hour);
  if (job.quota->billing_period > Duration(0)) {
    text += fmt::format(", billed at the highest of each {}",
                        FormatDuration(job.quota->billing_period));
  }
  return text;
}

}  // namespace

std::vector<PooledClass> PoolReplay(const ReplayJob& job, const ReplayResult& result) {
  std::vector<std::size_t> all, periodic, bursty;
  for (std::size_t i = 0; i < job.traces.size(); ++i) {
    all.push_back(i);
    (job.traces[i].kind.periodic() ? periodic : bursty).push_back(i);
  }
  std::vector<PooledClass> out;
  if (!periodic.empty() && !bursty.empty()) {
    out.push_back(PoolTraces(job, result, "periodic", periodic));
    out.push_back(PoolTraces(job, result, "bursty", bursty));
  }
  const char* name = bursty.empty() ? "periodic" : periodic.empty() ? "bursty" : "all";
  out.push_back(PoolTraces(job, result, name, all));
  return out;
}

std::string ReplayTable(const ReplayJob& job, const ReplayResult& result) {
  std::string text;
  const auto pooled = PoolReplay(job, result);
  const long steps = pooled.back().lines.empty() ? 0 : pooled.back().lines.front().pool.steps();
  if (job.traces.size() == 1) {
    const ReplayTrace& trace = job.traces.front();
    text += fmt::format(
        "{}: {} steps of {} judged, from {}; {}\n"
        "class: {} (correlation with the day before {:.2f}, the week before {:.2f}; p99 / median "
        "{:.2f})\n",
        trace.name, steps, FormatDuration(trace.series.step),
        FormatTime(trace.series.TimeOf(static_cast<std::size_t>(trace.store.first))),
        StoreText(job, trace.store), trace.kind.name(), trace.kind.day, trace.kind.week,
        trace.kind.spread);
  } else {
    text += fmt::format("{} traces, {} steps judged\n", job.traces.size(), steps);
  }
  text += Terms(job);
  if (const std::string faults = Faults(job.settings.faults); !faults.empty()) {
    text += fmt::format("; faults: {} (seed {})", faults, job.settings.seed);
  }
  text += "\n";
  for (const PooledClass& one : pooled) {
    text += pooled.size() > 1 ? fmt::format("\n{} ({} traces)\n", one.name, one.traces) : "\n";
    text += ClassTable(job, one);
  }
  text += fmt::format("\n{:.1f} s on {} thread{}, {} resident at most\n", result.seconds, job.jobs,
                      job.jobs == 1 ? "" : "s", HumanBytes(result.memory_bytes));
  return text;
}

std::string ReplayJson(const ReplayJob& job, const ReplayResult& result) {
  Json document;
  document["settings"] = Settings(job);
  document["pooled"] = Json::array();
  Json milliseconds = Json::object();
  for (const PooledClass& pooled : PoolReplay(job, result)) {
    document["pooled"].push_back(PooledJson(job, pooled));
    for (std::size_t c = 0; c < job.contestants.size(); ++c) {
      milliseconds[pooled.lines[c].name] = pooled.lines[c].pool.MillisecondsPerDecision();
    }
  }
  document["traces"] = Json::array();
  for (std::size_t i = 0; i < job.traces.size(); ++i) {
    document["traces"].push_back(TraceJson(job, result, i));
  }
  document["run"] = {{"seconds", result.seconds},
                     {"jobs", job.jobs},
                     {"memory_bytes", result.memory_bytes},
                     {"milliseconds_per_decision", std::move(milliseconds)}};
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace tidewright::cli
