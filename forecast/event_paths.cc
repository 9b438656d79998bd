// Events into sample paths.
#include <algorithm>
#include <cmath>

#include "core/random.h"
#include "forecast/event_effects.h"

namespace tidewright {
namespace {

constexpr Duration kRamp = std::chrono::minutes(5);
constexpr float kLargest = 1e37F;

// FNV-1a.
std::uint64_t Stream(const ComingEvent& event) {
  std::uint64_t hash = 14695981039346656037U;
  const auto mix = [&](std::uint64_t byte) { hash = (hash ^ byte) * 1099511628211U; };
  for (const char c : event.name) mix(static_cast<unsigned char>(c));
  const auto at = static_cast<std::uint64_t>(event.start.time_since_epoch().count());
  for (int shift = 0; shift < 64; shift += 8) mix((at >> shift) & 0xff);
  return hash;
}

// One for each path: pairs of opposites in the seed's order, so that the median stays where it is.
std::vector<double> Doubts(const ComingEvent& event, std::uint64_t seed, int paths) {
  Random random = Random(seed).Fork(Stream(event));
  std::vector<double> out(static_cast<std::size_t>(paths), 0.0);
  for (std::size_t k = 0; k + 1 < out.size(); k += 2) {
    out[k] = random.Normal();
    out[k + 1] = -out[k];
  }
  for (std::size_t k = out.size() - 1; k > 0; --k) std::swap(out[k], out[random.Below(k + 1)]);
  for (double& z : out) z = std::exp(event.doubt * z);
  return out;
}

double Overlap(WallTime a, WallTime b, WallTime c, WallTime d) {
  return std::max(0.0, Seconds(std::min(b, d) - std::max(a, c)));
}

// A step is multiplied by 1 + doubt·gain − share: share of it lies in the window, and gain is the
// integral of the factor over that share.
struct Reach {
  double gain = 0;
  double share = 0;
};

Reach ReachOf(const ComingEvent& event, WallTime at, Duration step) {
  const WallTime until = at + step;
  Reach reach;
  const Duration ramp = std::min(kRamp, step);
  if (until <= event.start - ramp || at >= event.end + ramp) return reach;
  const auto add = [&](double seconds, double factor) {
    reach.share += seconds / Seconds(step);
    reach.gain += seconds / Seconds(step) * factor;
  };
  const auto parts = static_cast<Duration::rep>(event.factors.size());
  const Duration length = event.end - event.start;
  for (Duration::rep p = 0; p < parts; ++p) {
    const WallTime from = event.start + length * p / parts;
    const WallTime to = event.start + length * (p + 1) / parts;
    add(Overlap(at, until, from, to), event.factors[static_cast<std::size_t>(p)]);
  }
  add(0.5 * Overlap(at, until, event.start - ramp, event.start), event.factors.front());
  add(0.5 * Overlap(at, until, event.end, event.end + ramp), event.factors.back());
  return reach;
}

float MedianAt(const SamplePaths& paths, int h) {
  std::vector<float> column(static_cast<std::size_t>(paths.paths));
  for (int k = 0; k < paths.paths; ++k) column[static_cast<std::size_t>(k)] = paths.At(k, h);
  const auto middle = column.begin() + paths.paths / 2;
  std::nth_element(column.begin(), middle, column.end());
  return *middle;
}

}  // namespace

void PutIn(const std::vector<ComingEvent>& events, WallTime start, Duration step,
           std::uint64_t seed, SamplePaths& paths) {
  for (const ComingEvent& event : events) {
    const std::vector<double> doubts = Doubts(event, seed, paths.paths);
    for (int h = 0; h < paths.steps; ++h) {
      const Reach reach = ReachOf(event, start + step * h, step);
      if (reach.share <= 0) continue;
      double unit = 1;   // what a factor of 1 multiplies a path by
      double added = 0;  // where there is nothing to multiply
      if (event.level) {
        const double median = MedianAt(paths, h);
        unit = median > 1e-6 * *event.level ? *event.level / median : 0.0;
        added = unit > 0 ? 0.0 : *event.level;
      }
      for (int k = 0; k < paths.paths; ++k) {
        const auto at = static_cast<std::size_t>(k) * static_cast<std::size_t>(paths.steps) +
                        static_cast<std::size_t>(h);
        const double gain = doubts[static_cast<std::size_t>(k)] * reach.gain;
        const double value = paths.values[at] * (1.0 - reach.share + gain * unit) + gain * added;
        paths.values[at] = std::clamp(static_cast<float>(value), 0.0F, kLargest);
      }
    }
  }
}

}  // namespace tidewright
