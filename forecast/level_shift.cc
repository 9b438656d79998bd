#include "forecast/level_shift.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace tidewright {
namespace {

constexpr int kLeadHours = 8;  // a multiple of what lies between long lines
constexpr int kWindowHours = 3;
constexpr int kAfterHours = 12;
// A bias starts to count at the first of these z scores and counts fully at the second. Demand
// above the forecast is believed sooner: following it late costs people, following it falsely costs
// nodes.
struct Gate {
  double doubtful;
  double certain;
};
constexpr Gate kUpwards = {.doubtful = 2, .certain = 3.5};
constexpr Gate kDownwards = {.doubtful = 3, .certain = 5};
constexpr double kSmallestSpread = 0.02;
constexpr std::size_t kFewestBiases = 24;
// What is believed of a bias without precedent, and how many past episodes that belief weighs.
// Measured on 67 traces and on made-up shifts: more belief follows shifts sooner and real biases
// too far.
constexpr double kPriorShare = 0.8;
constexpr double kPriorEpisodes = 0.2;
// A past bias is a precedent from this share of the size of the present one on.
constexpr double kSimilarSize = 0.5;

double Median(std::span<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double LogRatio(double observed, double forecast) {
  return std::log((observed + Prepared::kLogShift) / (forecast + Prepared::kLogShift));
}

// Of the hours before `origin` as forecast from `earlier`; NaN where too little was observed.
double Bias(const Prepared& p, int origin, int earlier, const std::vector<float>& forecast) {
  std::vector<double> logs;
  logs.reserve(static_cast<std::size_t>(kWindowHours * p.hour));
  for (int i = origin - kWindowHours * p.hour; i < origin; ++i) {
    const auto h = static_cast<std::size_t>(i - earlier);
    if (std::isnan(p.targets[i]) || h >= forecast.size()) continue;
    const double ratio = LogRatio(p.targets[i], forecast[h]);
    // What saturation hid may have been as much as was forecast.
    logs.push_back(p.lower_bound[i] != 0 ? std::max(0.0, ratio) : ratio);
  }
  if (2 * logs.size() < static_cast<std::size_t>(kWindowHours * p.hour)) return Series::kGap;
  const auto last_hour = std::min(logs.size(), static_cast<std::size_t>(p.hour));
  const double recent = Median(std::span(logs).last(last_hour));
  const double window = Median(logs);
  if (window * recent <= 0) return 0.0;
  return std::copysign(std::min(std::abs(window), std::abs(recent)), window);
}

// Mean log error of a forecast over the hours after the ramp; NaN where not seen yet.
double After(const Prepared& p, int origin, const std::vector<float>& forecast) {
  double sum = 0;
  int count = 0;
  const int begin = kWindowHours * p.hour;
  const int end = std::min(static_cast<int>(forecast.size()), kAfterHours * p.hour);
  for (int h = begin; h < end; ++h) {
    if (std::isnan(p.targets[origin + h])) continue;
    sum += LogRatio(p.targets[origin + h], forecast[h]);
    ++count;
  }
  return count > 0 && 2 * count >= begin ? sum / count : Series::kGap;
}

// The biases at the end of the series ([0]) and at each past origin that was followed to the end of
// the horizon, and what came of them.
struct Biases {
  std::vector<double> size;
  std::vector<double> after;
  double spread = 0;
  int episode = 1;  // neighbours whose biases overlap

  // The share of bias `at` that will last; the bias itself and its neighbours are no precedents.
  [[nodiscard]] double Lasting(int at) const {
    const double bias = size[at];
    double square = kPriorEpisodes * episode * bias * bias;
    double product = kPriorShare * square;
    for (int o = 0; o < static_cast<int>(size.size()); ++o) {
      if (std::abs(o - at) < episode || std::isnan(size[o]) || std::isnan(after[o])) continue;
      if (std::abs(size[o]) < kSimilarSize * std::abs(bias)) continue;
      product += size[o] * after[o];
      square += size[o] * size[o];
    }
    return square > 0 ? std::clamp(product / square, 0.0, 1.0) : 0.0;
  }

  // Logarithm of the factor for bias `at`.
  [[nodiscard]] double Shift(int at) const {
    if (std::isnan(size[at])) return 0.0;
    const double z = std::abs(size[at]) / spread;
    const Gate& gate = size[at] > 0 ? kUpwards : kDownwards;
    const double certainty =
        std::clamp((z - gate.doubtful) / (gate.certain - gate.doubtful), 0.0, 1.0);
    return certainty == 0 ? 0.0 : certainty * size[at] * Lasting(at);
  }
};

// Empty where there are too few past origins to tell what is usual.
Biases Measure(const Prepared& p, const Combined& combined) {
  Biases out;
  const auto stride = static_cast<std::size_t>(combined.long_every);
  const int hours_apart = kLeadHours * p.hour / combined.spacing;
  const std::size_t lead =
      stride * std::max<std::size_t>(1, static_cast<std::size_t>(hours_apart) / stride);
  out.episode = static_cast<int>(lead / stride);
  std::vector<double> sizes;
  for (std::size_t o = 0; o + lead <= combined.origins.size(); o += stride) {
    const int origin = o == 0 ? p.size() : combined.origins[o - 1];
    const std::size_t earlier = o + lead - 1;
    const double bias = Bias(p, origin, combined.origins[earlier], combined.past[earlier]);
    out.size.push_back(bias);
    out.after.push_back(o == 0 ? Series::kGap : After(p, origin, combined.past[o - 1]));
    if (!std::isnan(bias)) sizes.push_back(std::abs(bias));
  }
  if (sizes.size() < kFewestBiases) return {};
  out.spread = std::max(kSmallestSpread, 1.4826 * Median(sizes));
  return out;
}

void Apply(double shift, int hour, std::vector<float>& forecast) {
  if (shift == 0) return;
  const double ramp = kWindowHours * hour;
  for (std::size_t h = 0; h < forecast.size(); ++h) {
    forecast[h] *=
        static_cast<float>(std::exp(shift * std::min(1.0, static_cast<double>(h + 1) / ramp)));
  }
}

}  // namespace

double FollowLevelShift(const Prepared& p, Combined& combined) {
  const Biases biases = Measure(p, combined);
  if (biases.size.empty()) return 0.0;
  // All of them first: they are measured on forecasts without correction.
  std::vector<double> shifts(biases.size.size());
  for (std::size_t o = 0; o < shifts.size(); ++o) shifts[o] = biases.Shift(static_cast<int>(o));
  Apply(shifts[0], p.hour, combined.point);
  // Lines between two long ones take the shift that was known at the older of these.
  for (std::size_t i = 0; i < combined.past.size(); ++i) {
    const std::size_t at = i / static_cast<std::size_t>(combined.long_every) + 1;
    if (at < shifts.size()) Apply(shifts[at], p.hour, combined.past[i]);
  }
  return shifts[0];
}

}  // namespace tidewright
