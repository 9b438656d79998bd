#include "forecast/forecaster.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "forecast/combination.h"
#include "forecast/event_effects.h"
#include "forecast/level_break.h"
#include "forecast/level_shift.h"
#include "forecast/path_quantiles.h"
#include "forecast/prepared.h"
#include "forecast/scenarios.h"
#include "forecast/trust.h"

namespace tidewright {
namespace {

constexpr int kMaximumHorizon = 20000;
constexpr int kMaximumPaths = 10000;
// Breaks this near to each other are one that was measured twice.
constexpr Duration kSameBreak = std::chrono::hours(12);
constexpr std::int64_t kMaximumCells = 50'000'000;  // paths × steps, 200 MB
// What is said about the members: those that carry at least this share.
constexpr double kMentioned = 0.05;

Status CheckRequest(const ForecastRequest& r) {
  constexpr auto kBad = StatusCode::kInvalidArgument;
  if (r.step <= Duration(0)) {
    return Error(kBad, "the step of a forecast must be positive, it is {} s", Seconds(r.step));
  }
  if (r.horizon < 1 || r.horizon > kMaximumHorizon) {
    return Error(kBad, "a forecast has 1 to {} steps, not {}", kMaximumHorizon, r.horizon);
  }
  if (r.paths < 1 || r.paths > kMaximumPaths) {
    return Error(kBad, "a forecast has 1 to {} paths, not {}", kMaximumPaths, r.paths);
  }
  if (std::int64_t{r.paths} * r.horizon > kMaximumCells) {
    return Error(kBad, "{} paths of {} steps are more than {} values", r.paths, r.horizon,
                 kMaximumCells);
  }
  double previous = 0;
  for (const double level : r.levels) {
    if (!(level > previous && level < 1)) {
      return Error(kBad, "quantile levels must rise between 0 and 1, not {} after {}", level,
                   previous);
    }
    previous = level;
  }
  for (const Duration window : r.windows) {
    if (window <= Duration(0) || window > r.step * r.horizon) {
      return Error(kBad, "a window must be positive and within the horizon of {}, not {}",
                   FormatDuration(r.step * r.horizon), FormatDuration(window));
    }
  }
  return r.calendar == nullptr ? OkStatus() : CheckCalendar(*r.calendar);
}

EventPlan PlanEvents(const ForecastState& state, const ForecastRequest& request) {
  if (request.calendar == nullptr || request.calendar->events.empty()) return {};
  return PlanEvents(*request.calendar, state.key.resource, state.past_events, state.observed,
                    state.observed.end() + request.step * request.horizon);
}

const Series& Ordinary(const EventPlan& events, const ForecastState& state) {
  return events.ordinary ? *events.ordinary : state.observed;
}

std::string DescribeMembers(const std::vector<std::unique_ptr<Member>>& members,
                            const std::vector<double>& weights) {
  std::vector<std::size_t> order(members.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return weights[a] > weights[b]; });
  std::string text = "weighted median of";
  const char* separator = " ";
  for (const std::size_t k : order) {
    if (weights[k] < kMentioned) continue;
    text += fmt::format("{}{} {:.0f} %", separator, members[k]->Name(), 100 * weights[k]);
    separator = ", ";
  }
  return text;
}

// Drops what is older than the state keeps, a day or more at a time: fitted members live as long as
// the beginning stays.
void Trim(Series& series) {
  const auto keep = static_cast<std::size_t>(ForecastState::kHistory / series.step);
  const auto day = static_cast<std::size_t>(std::chrono::hours(24) / series.step);
  if (series.size() <= keep + day) return;
  const auto drop = static_cast<std::ptrdiff_t>(series.size() - keep);
  series.start = series.TimeOf(static_cast<std::size_t>(drop));
  series.values.erase(series.values.begin(), series.values.begin() + drop);
  if (!series.flags.empty()) {
    series.flags.erase(series.flags.begin(), series.flags.begin() + drop);
  }
}

Status CheckSamples(const Series& held, const Series& samples) {
  if (samples.step <= Duration(0) || samples.step > ForecastState::kHistory) {
    return Error(StatusCode::kInvalidArgument, "samples with a step of {} s",
                 Seconds(samples.step));
  }
  if (!samples.flags.empty() && samples.flags.size() != samples.values.size()) {
    return Error(StatusCode::kInvalidArgument, "{} values with {} flags", samples.values.size(),
                 samples.flags.size());
  }
  if (held.empty()) return OkStatus();
  if (samples.step != held.step) {
    return Error(StatusCode::kInvalidArgument, "samples at steps of {} for a series at steps of {}",
                 FormatDuration(samples.step), FormatDuration(held.step));
  }
  if ((samples.start - held.start) % held.step != Duration(0)) {
    return Error(StatusCode::kInvalidArgument,
                 "samples from {} are not in step with a series from {} at steps of {}",
                 FormatTime(samples.start), FormatTime(held.start), FormatDuration(held.step));
  }
  return OkStatus();
}

}  // namespace

/// Members and what they were fitted to; nobody changes them any more.
struct Fitted {
  Duration step{0};
  int horizon = 0;
  WallTime begin;  ///< of what was observed then
  WallTime end;
  WallTime first;  ///< of its first cell
  Frame frame;
  std::vector<LevelBreak> breaks;
  std::vector<std::unique_ptr<Member>> members;

  /// Whether they can forecast from `observed`, a continuation of what they were fitted to.
  [[nodiscard]] bool Serves(const Series& observed, const ForecastRequest& request) const {
    return observed.start == begin && observed.end() >= end && step == request.step &&
           horizon == request.horizon;
  }
};

namespace {

// A series ready for the members, at its present level.
struct Ready {
  Prepared prepared;
  std::vector<LevelBreak> breaks;
};

// As it was when members were fitted, or anew.
StatusOr<Ready> MakeReady(const Series& observed, Duration step, const Fitted* fitted) {
  if (fitted != nullptr && fitted->breaks.empty()) {
    TW_ASSIGN_OR_RETURN(Prepared p, Prepare(observed, step, &fitted->frame));
    return Ready{.prepared = std::move(p), .breaks = {}};
  }
  if (fitted != nullptr) {
    TW_ASSIGN_OR_RETURN(Prepared p,
                        Prepare(AtPresentLevel(observed, fitted->breaks), step, &fitted->frame));
    return Ready{.prepared = std::move(p), .breaks = fitted->breaks};
  }
  TW_ASSIGN_OR_RETURN(Prepared p, Prepare(observed, step));
  Ready out{.prepared = std::move(p), .breaks = {}};
  out.breaks = FindLevelBreaks(out.prepared);
  if (!out.breaks.empty()) {
    TW_ASSIGN_OR_RETURN(out.prepared, Prepare(AtPresentLevel(observed, out.breaks), step));
  }
  return out;
}

std::shared_ptr<const Fitted> Fit(const Ready& ready, const Series& observed,
                                  const ForecastRequest& request) {
  const Prepared& p = ready.prepared;
  auto fitted = std::make_shared<Fitted>();
  fitted->breaks = ready.breaks;
  fitted->step = p.step;
  fitted->horizon = request.horizon;
  fitted->begin = observed.start;
  fitted->end = observed.end();
  fitted->first = p.start;
  fitted->frame = p;
  fitted->members = MakeMembers(p);
  FitMembers(p, request.horizon, fitted->members);
  return fitted;
}

}  // namespace

StatusOr<ForecastState> Update(ForecastState state, const Series& samples) {
  if (samples.empty()) return state;
  Series& held = state.observed;
  if (auto status = CheckSamples(held, samples); !status.ok()) {
    return Annotate(status, ToString(state.key));
  }
  // After a hole as long as all that is kept, nothing of the old is left.
  if (held.empty() || samples.start - held.end() >= ForecastState::kHistory) {
    held = samples;
    Trim(held);
    return state;
  }
  if (samples.end() <= held.end()) return state;
  const auto hole = std::max<Duration::rep>(0, (samples.start - held.end()) / held.step);
  const auto known = std::max<Duration::rep>(0, (held.end() - samples.start) / held.step);
  const bool with_flags = !held.flags.empty() || !samples.flags.empty();
  if (with_flags) held.flags.resize(held.size(), 0);
  held.values.insert(held.values.end(), static_cast<std::size_t>(hole), Series::kGap);
  held.values.insert(held.values.end(), samples.values.begin() + known, samples.values.end());
  if (with_flags) {
    held.flags.resize(held.flags.size() + static_cast<std::size_t>(hole), 0);
    if (!samples.flags.empty()) {
      held.flags.insert(held.flags.end(), samples.flags.begin() + known, samples.flags.end());
    }
    held.flags.resize(held.size(), 0);
  }
  Trim(held);
  SettlePromises(held, state.calibration);
  return state;
}

bool NeedsRefit(const ForecastState& state, const ForecastRequest& request) {
  const Fitted* fitted = state.fitted.get();
  return fitted == nullptr || !fitted->Serves(state.observed, request) ||
         state.observed.end() - fitted->end >= kRefitEvery;
}

StatusOr<ForecastState> Refit(ForecastState state, const ForecastRequest& request) {
  TW_RETURN_IF_ERROR(CheckRequest(request));
  const EventPlan events = PlanEvents(state, request);
  StatusOr<Ready> ready = MakeReady(Ordinary(events, state), request.step, nullptr);
  if (!ready.ok()) return Annotate(ready.status(), ToString(state.key));
  if (state.fitted != nullptr) {
    const auto& before = state.fitted->breaks;
    const WallTime known = before.empty() ? WallTime{} : before.back().at;
    for (const LevelBreak& found : ready->breaks) {
      if (found.at >= known + kSameBreak) ForgetSince(found.at, found.factor, state.calibration);
    }
  }
  state.fitted = Fit(*ready, state.observed, request);
  return state;
}

void RememberEvents(ForecastState& state, const Calendar& calendar) {
  EventPlan plan = PlanEvents(calendar, state.key.resource, state.past_events, state.observed,
                              state.observed.end());
  KeepRecords(std::move(plan.records), ForecastState::kMostRecords, state.past_events);
  std::erase_if(state.calibration.open, [&](const Check& check) {
    return Touches(calendar, state.key.resource, check.begin, check.end);
  });
}

StatusOr<Forecast> MakeForecast(const ForecastState& state, const ForecastRequest& request) {
  TW_RETURN_IF_ERROR(CheckRequest(request));
  std::shared_ptr<const Fitted> fitted = state.fitted;
  if (fitted != nullptr && !fitted->Serves(state.observed, request)) fitted.reset();
  const EventPlan events = PlanEvents(state, request);
  StatusOr<Ready> ready = MakeReady(Ordinary(events, state), request.step, fitted.get());
  if (!ready.ok()) return Annotate(ready.status(), ToString(state.key));
  const Prepared& p = ready->prepared;
  if (fitted != nullptr && fitted->first != p.start) {
    // The cells begin elsewhere than those that were fitted.
    ForecastState unfitted = state;
    unfitted.fitted.reset();
    return MakeForecast(unfitted, request);
  }
  if (fitted == nullptr) fitted = Fit(*ready, state.observed, request);
  Combined combined = Combine(p, fitted->members, request.horizon);
  const double shift = FollowLevelShift(p, combined);
  const Residuals residuals = MeasureResiduals(p, combined);
  Scenarios scenarios = DrawScenarios(p, combined, residuals, state.calibration, request);
  if (!events.coming.empty()) {
    PutIn(events.coming, p.end(), p.step, request.seed, scenarios.paths);
    scenarios.quantiles = StepQuantiles(scenarios.paths, request.levels);
  }

  Forecast out;
  out.key = state.key;
  out.start = p.end();
  out.step = p.step;
  out.horizon = request.horizon;
  out.mean = StepMeans(scenarios.paths);
  out.levels = request.levels;
  out.quantiles = std::move(scenarios.quantiles);
  for (const Duration window : request.windows) {
    const auto steps = static_cast<int>((window + p.step - Duration(1)) / p.step);
    out.maxima.push_back(
        {.window = window, .quantiles = MaximumQuantiles(scenarios.paths, steps, request.levels)});
  }
  out.realised = state.calibration.Realised();
  const Verdict verdict = Judge(p, combined, residuals, out.realised);
  out.trust = verdict.trust;
  out.recent_error = verdict.recent_error;
  out.notes = p.notes;
  out.notes.push_back(DescribeMembers(fitted->members, combined.weights));
  for (const LevelBreak& found : ready->breaks) out.notes.push_back(Describe(found));
  if (shift != 0) {
    out.notes.push_back(
        fmt::format("the level shifted lately: forecast multiplied by {:.2f}", std::exp(shift)));
  }
  out.notes.insert(out.notes.end(), events.notes.begin(), events.notes.end());
  out.notes.push_back(fmt::format("trust is {}: {}", TrustName(verdict.trust), verdict.reason));
  if (request.keep_paths) out.paths = std::move(scenarios.paths);
  return out;
}

}  // namespace tidewright
