#include "replay/faults.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>

#include "core/random.h"
#include "forecast/path_quantiles.h"

namespace tidewright::replay {
namespace {

constexpr auto kBad = StatusCode::kInvalidArgument;

// Streams of one seed, so that one fault does not change another's dice.
enum Stream : std::uint64_t { kMoves = 1, kMetrics, kForecast };

Status ReadShare(const std::string& kind, const std::string& value, double& share) {
  const char* end = value.data() + value.size();
  const auto parsed = std::from_chars(value.data(), end, share);
  if (parsed.ec == std::errc() && parsed.ptr == end && share >= 0 && share <= 1) {
    return OkStatus();
  }
  return Error(kBad, "{}={}: write a share between 0 and 1, such as {}=0.1", kind, value, kind);
}

Status ReadSpan(const std::string& kind, const std::string& value, Duration& span) {
  const auto parsed = ParseDuration(value);
  if (!parsed.ok() || *parsed < Duration(0) || *parsed > std::chrono::days(7)) {
    return Error(kBad, "{}={}: write a duration of at most 7d, such as {}=10m", kind, value, kind);
  }
  span = *parsed;
  return OkStatus();
}

void Turn(std::vector<double>& row, std::size_t by) {
  if (row.empty()) return;
  std::rotate(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(by % row.size()), row.end());
}

// What the quantiles say, said again by paths that were changed.
void ReadOff(Forecast& forecast) {
  if (forecast.paths.paths == 0) return;
  forecast.mean = StepMeans(forecast.paths);
  forecast.quantiles = StepQuantiles(forecast.paths, forecast.levels);
  for (WindowMaximum& maximum : forecast.maxima) {
    const auto steps = static_cast<int>(maximum.window / forecast.step);
    maximum.quantiles = MaximumQuantiles(forecast.paths, std::clamp(steps, 1, forecast.paths.steps),
                                         forecast.levels);
  }
}

void Shift(Forecast& forecast) {
  const auto by = static_cast<std::size_t>(std::chrono::hours(12) / forecast.step);
  const auto steps = static_cast<std::size_t>(forecast.paths.steps);
  for (std::size_t k = 0; steps > 0 && k < static_cast<std::size_t>(forecast.paths.paths); ++k) {
    const auto row = forecast.paths.values.begin() + static_cast<std::ptrdiff_t>(k * steps);
    std::rotate(row, row + static_cast<std::ptrdiff_t>(by % steps),
                row + static_cast<std::ptrdiff_t>(steps));
  }
  Turn(forecast.mean, by);
  for (auto& quantile : forecast.quantiles) Turn(quantile, by);
}

void Flatten(Forecast& forecast) {
  double mean = 0;
  for (const double m : forecast.mean) mean += m / static_cast<double>(forecast.mean.size());
  std::fill(forecast.paths.values.begin(), forecast.paths.values.end(), static_cast<float>(mean));
  std::fill(forecast.mean.begin(), forecast.mean.end(), mean);
  for (auto& quantile : forecast.quantiles) std::fill(quantile.begin(), quantile.end(), mean);
  for (auto& maximum : forecast.maxima) {
    std::fill(maximum.quantiles.begin(), maximum.quantiles.end(), mean);
  }
}

void Scramble(Forecast& forecast, Random& random) {
  double highest = 0;
  for (const auto& quantile : forecast.quantiles) {
    for (const double q : quantile) highest = std::max(highest, q);
  }
  for (float& value : forecast.paths.values) {
    value = static_cast<float>(highest * random.Uniform());
  }
  for (double& mean : forecast.mean) mean = highest * random.Uniform();
  for (std::size_t l = 0; l < forecast.quantiles.size(); ++l) {
    for (double& q : forecast.quantiles[l]) q = highest * forecast.levels[l];
  }
}

}  // namespace

Status AddFault(const std::string& text, FaultSettings& faults) {
  const std::size_t equals = text.find('=');
  const std::string kind = text.substr(0, equals);
  const std::string value = equals == std::string::npos ? "" : text.substr(equals + 1);
  if (kind == "latency") return ReadSpan(kind, value, faults.latency);
  if (kind == "provisioning") return ReadSpan(kind, value, faults.late_provisioning);
  if (kind == "moves") return ReadShare(kind, value, faults.failing_moves);
  if (kind == "metrics") return ReadShare(kind, value, faults.lost_metrics);
  if (kind == "forecast") {
    faults.forecast = value == "random"     ? GarbageForecast::kRandom
                      : value == "constant" ? GarbageForecast::kConstant
                      : value == "shift12h" ? GarbageForecast::kShift12h
                                            : GarbageForecast::kNone;
    if (faults.forecast != GarbageForecast::kNone) return OkStatus();
  }
  return Error(kBad,
               "'{}' is no fault; write latency=10m, moves=0.1, metrics=0.05, provisioning=30m or "
               "forecast=random, constant or shift12h",
               text);
}

SetOut FaultyMoves(const FaultSettings& faults, const StoreModel& store, std::uint64_t seed) {
  if (faults.latency == Duration(0) && faults.failing_moves == 0 &&
      faults.late_provisioning == Duration(0)) {
    return {};
  }
  const auto latency =
      static_cast<std::size_t>(std::ceil(Seconds(faults.latency) / Seconds(store.step)));
  const double later = Seconds(faults.late_provisioning) / Seconds(store.step);
  auto random = std::make_shared<Random>(Random(seed).Fork(kMoves));
  return [=, &store](int, int from, int to, MoveCourse& course) {
    PlanCourse(store.moves, from, to, course);
    auto& capacity = course.capacity;
    if (to > from && later > 0) {
      const auto steps = static_cast<std::size_t>(std::lround(later * random->Uniform()));
      capacity.insert(capacity.begin(), steps, static_cast<double>(from));
    }
    if (random->Uniform() < faults.failing_moves) {
      capacity.resize(1 + random->Below(capacity.size()));
      const std::vector<double> back(capacity.rbegin(), capacity.rend());
      capacity.insert(capacity.end(), back.begin(), back.end());
      course.then = from;
    }
    capacity.insert(capacity.begin(), latency, static_cast<double>(from));
    course.idle = static_cast<int>(latency);
  };
}

Series LoseMetrics(const Series& trace, const FaultSettings& faults, std::uint64_t seed) {
  Series seen = trace;
  if (faults.lost_metrics <= 0) return seen;
  Random random = Random(seed).Fork(kMetrics);
  for (double& value : seen.values) {
    if (random.Uniform() < faults.lost_metrics) value = Series::kGap;
  }
  return seen;
}

ForecastFaults MakeGarbage(GarbageForecast kind, std::uint64_t seed) {
  if (kind == GarbageForecast::kNone) return {};
  auto random = std::make_shared<Random>(Random(seed).Fork(kForecast));
  return [kind, random](Forecast& forecast) {
    if (kind == GarbageForecast::kShift12h) Shift(forecast);
    if (kind == GarbageForecast::kConstant) Flatten(forecast);
    if (kind == GarbageForecast::kRandom) Scramble(forecast, *random);
    ReadOff(forecast);
  };
}

}  // namespace tidewright::replay
