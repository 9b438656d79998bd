#include "forecast/calibration.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace tidewright {
namespace {

using std::chrono::hours;

// How much of a miss goes into the scale, by band; the far one hears of fewer origins.
constexpr std::array<float, kBands> kRate = {0.40F, 0.15F, 0.15F};
// Of that, by the maximum over the band's window; the rest by its steps. Measured on 67 traces: the
// maxima hold with the steps, and a small share leaves each series' steps nearer to their promise.
constexpr float kWindowShare = 0.08F;
constexpr float kNarrowest = -1.2F;  // less than a third
constexpr float kWidest = 1.4F;      // four times
constexpr std::array<Duration, kBands> kEvery = {hours(1), hours(1), hours(4)};
constexpr std::array<double, kBands> kCentreHours = {0.5, 2.5, 12};
// Of realised coverage: so many origins count.
constexpr float kMemory = 168;
constexpr std::size_t kMostOpen = 256;
constexpr std::uint8_t kVersion = 1;

// Where in the horizon promises are checked: by band, so many steps evenly up to these hours; and
// the window whose maximum is checked beside them.
struct Plan {
  double from_hours;
  double to_hours;
  int steps;
  double window_hours;
};
constexpr std::array<Plan, kBands> kPlans = {{{0, 1, 12, 1}, {1, 4, 3, 4}, {4, 24, 5, 0}}};

// Index of each tracked level in `levels`; empty where one is missing.
std::vector<std::size_t> Positions(const std::vector<double>& levels) {
  std::vector<std::size_t> out;
  for (const double tracked : kTrackedLevels) {
    for (std::size_t l = 0; l < levels.size(); ++l) {
      if (std::abs(levels[l] - tracked) < 1e-9) out.push_back(l);
    }
  }
  return out.size() == kTrackedLevels.size() ? out : std::vector<std::size_t>{};
}

std::vector<Check> ChecksOf(const Forecast& f, int band, const std::vector<std::size_t>& at) {
  const Plan& plan = kPlans[band];
  std::vector<Check> checks;
  int last = -1;
  for (int k = 1; k <= plan.steps; ++k) {
    const double ahead = plan.from_hours + k * (plan.to_hours - plan.from_hours) / plan.steps;
    const int h = std::max(0, static_cast<int>(std::round(ahead * 3600 / Seconds(f.step))) - 1);
    if (h >= f.horizon || h == last) continue;
    last = h;
    Check check{
        .begin = f.TimeOf(h), .end = f.TimeOf(h + 1), .band = band, .weight = 1, .bounds = {}};
    for (std::size_t l = 0; l < at.size(); ++l) {
      check.bounds[l] = static_cast<float>(f.quantiles[at[l]][h]);
    }
    checks.push_back(check);
  }
  const std::size_t steps = checks.size();
  for (const WindowMaximum& maximum : f.maxima) {
    if (maximum.window != FromSeconds(3600 * plan.window_hours) || steps == 0) continue;
    Check check{.begin = f.start,
                .end = f.start + maximum.window,
                .band = band,
                .weight = kWindowShare,
                .bounds = {}};
    for (std::size_t l = 0; l < at.size(); ++l) {
      check.bounds[l] = static_cast<float>(maximum.quantiles[at[l]]);
    }
    checks.push_back(check);
  }
  const float rest = checks.size() > steps ? 1 - kWindowShare : 1.0F;
  for (std::size_t c = 0; c < steps; ++c) checks[c].weight = rest / static_cast<float>(steps);
  return checks;
}

// The highest mean over a step in [begin, end). `sure` is false where something was not observed,
// or only as a lower bound.
struct Seen {
  float highest = 0;
  bool complete = true;
  bool lower_bound = false;
};
Seen Highest(const Series& observed, WallTime begin, WallTime end, Duration step) {
  Seen seen;
  for (WallTime at = begin; at < end; at += step) {
    double sum = 0;
    int count = 0;
    for (WallTime t = at; t < at + step; t += observed.step) {
      if (t < observed.start || t >= observed.end()) continue;
      const auto i = static_cast<std::size_t>((t - observed.start) / observed.step);
      if (Series::IsGap(observed.values[i])) continue;
      sum += observed.values[i];
      ++count;
      if (!observed.flags.empty()) {
        seen.lower_bound |= (observed.flags[i] & (kSaturated | kThrottled)) != 0;
      }
    }
    if (count == 0) seen.complete = false;
    if (count > 0) seen.highest = std::max(seen.highest, static_cast<float>(sum / count));
  }
  return seen;
}

void Settle(const Check& check, const Seen& seen, Calibration& c) {
  auto& scale = c.log_scale[check.band];
  auto& coverage = c.coverage[check.band];
  float& settled = c.settled[check.band];
  settled += check.weight;
  const float share = check.weight / std::min(std::max(settled, 1.0F), kMemory);
  for (std::size_t l = 0; l < kTrackedLevels.size(); ++l) {
    // Paths are single precision: a constant is its own quantile.
    const bool held = seen.highest <= check.bounds[l] * (1 + 1e-6F);
    const float miss = static_cast<float>(kTrackedLevels[l]) - (held ? 1.0F : 0.0F);
    scale[l] = std::clamp(scale[l] + kRate[check.band] * check.weight * miss, kNarrowest, kWidest);
    coverage[l] += share * ((held ? 1.0F : 0.0F) - coverage[l]);
  }
}

template <typename T>
void Put(const T& value, std::string& out) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <typename T>
bool Get(const std::string& bytes, std::size_t& at, T& value) {
  if (bytes.size() - at < sizeof value) return false;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  at += sizeof value;
  return true;
}

}  // namespace

double Calibration::Scale(std::size_t level, double ahead_hours) const {
  int band = 0;
  while (band + 1 < kBands && ahead_hours >= kCentreHours[band + 1]) ++band;
  const int next = std::min(band + 1, kBands - 1);
  double share = 0;
  if (next > band && ahead_hours > kCentreHours[band]) {
    share = std::log(ahead_hours / kCentreHours[band]) /
            std::log(kCentreHours[next] / kCentreHours[band]);
  }
  return std::exp((1 - share) * log_scale[band][level] + share * log_scale[next][level]);
}

bool Calibration::Trivial() const {
  return std::all_of(log_scale.begin(), log_scale.end(), [](const PerLevel& scales) {
    return std::all_of(scales.begin(), scales.end(), [](float s) { return s == 0; });
  });
}

std::vector<RealisedCoverage> Calibration::Realised() const {
  std::vector<RealisedCoverage> out;
  for (int band = 0; band < kBands; ++band) {
    const double a_day = std::chrono::hours(24) / kEvery[band];
    if (settled[band] < a_day) continue;
    for (std::size_t l = 0; l < kTrackedLevels.size(); ++l) {
      out.push_back({.level = kTrackedLevels[l],
                     .ahead = FromSeconds(3600 * kPlans[band].to_hours),
                     .held = coverage[band][l]});
    }
  }
  return out;
}

void NotePromises(const Forecast& forecast, Calibration& calibration) {
  const auto positions = Positions(forecast.levels);
  const bool first = calibration.published == WallTime{};
  if (positions.empty()) return;
  for (int band = 0; band < kBands; ++band) {
    const Duration every = kEvery[band];
    // In step with the calendar: bands that are due together are noted together.
    if (!first && FloorTo(forecast.start, every) <= FloorTo(calibration.published, every)) continue;
    const auto checks = ChecksOf(forecast, band, positions);
    calibration.open.insert(calibration.open.end(), checks.begin(), checks.end());
  }
  calibration.published = std::max(calibration.published, forecast.start);
  calibration.step = forecast.step;
  if (calibration.open.size() > kMostOpen) {
    calibration.open.erase(calibration.open.begin(), calibration.open.end() - kMostOpen);
  }
}

void SettlePromises(const Series& observed, Calibration& calibration) {
  if (observed.empty() || calibration.open.empty()) return;
  std::erase_if(calibration.open, [&](const Check& check) {
    if (check.end > observed.end()) return false;
    const Seen seen = Highest(observed, check.begin, check.end, calibration.step);
    const bool told = seen.complete && !(seen.lower_bound && seen.highest <= check.bounds.back());
    if (told) Settle(check, seen, calibration);
    return true;
  });
}

std::string EncodeCalibration(const Calibration& c) {
  std::string out;
  Put(kVersion, out);
  Put(c.log_scale, out);
  Put(c.coverage, out);
  Put(c.settled, out);
  Put(std::int64_t{c.published.time_since_epoch().count()}, out);
  Put(std::int64_t{c.step.count()}, out);
  Put(static_cast<std::uint32_t>(c.open.size()), out);
  for (const Check& check : c.open) {
    Put(std::int64_t{check.begin.time_since_epoch().count()}, out);
    Put(std::int64_t{check.end.time_since_epoch().count()}, out);
    Put(static_cast<std::uint8_t>(check.band), out);
    Put(check.weight, out);
    Put(check.bounds, out);
  }
  return out;
}

StatusOr<Calibration> DecodeCalibration(const std::string& bytes) {
  const auto bad = [](const char* what) {
    return Error(StatusCode::kDataLoss, "a forecast's calibration: {}", what);
  };
  Calibration c;
  std::size_t at = 0;
  std::uint8_t version = 0;
  std::int64_t published = 0;
  std::int64_t step = 0;
  std::uint32_t open = 0;
  if (!Get(bytes, at, version) || version != kVersion) return bad("of an unknown version");
  if (!Get(bytes, at, c.log_scale) || !Get(bytes, at, c.coverage) || !Get(bytes, at, c.settled) ||
      !Get(bytes, at, published) || !Get(bytes, at, step) || !Get(bytes, at, open) ||
      open > kMostOpen) {
    return bad("cut short");
  }
  if (step < 0 || (step == 0 && open > 0)) return bad("of no step");
  c.published = WallTime(Duration(published));
  c.step = Duration(step);
  for (std::uint32_t i = 0; i < open; ++i) {
    Check check;
    std::int64_t begin = 0;
    std::int64_t end = 0;
    std::uint8_t band = 0;
    if (!Get(bytes, at, begin) || !Get(bytes, at, end) || !Get(bytes, at, band) ||
        !Get(bytes, at, check.weight) || !Get(bytes, at, check.bounds)) {
      return bad("cut short");
    }
    if (band >= kBands || end <= begin) return bad("a promise that was never made");
    check.begin = WallTime(Duration(begin));
    check.end = WallTime(Duration(end));
    check.band = band;
    c.open.push_back(check);
  }
  if (at != bytes.size()) return bad("longer than it says");
  for (int band = 0; band < kBands; ++band) {
    if (!(c.settled[band] >= 0)) return bad("a count that is no number");
    for (std::size_t l = 0; l < kTrackedLevels.size(); ++l) {
      float& scale = c.log_scale[band][l];
      const float coverage = c.coverage[band][l];
      if (std::isnan(scale) || !(coverage >= 0 && coverage <= 1)) return bad("not a number");
      scale = std::clamp(scale, kNarrowest, kWidest);
    }
  }
  return c;
}

}  // namespace tidewright
