#include "forecast/path_quantiles.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <memory>

namespace tidewright {
Place PlaceOf(double level, int n) {
  const double last = n - 1.0;
  const double position = std::clamp(level * (n + 1.0) - 1.0, 0.0, last);
  const int below = static_cast<int>(position);
  return {.below = below, .above = std::min(below + 1, n - 1), .share = position - below};
}

ColumnSorter::ColumnSorter(const SamplePaths& paths, const std::vector<int>& ranks)
    : paths_(paths), values_(static_cast<std::size_t>(paths.paths) * kWidth) {
  const int n = paths.paths;
  // Rounds of at most n/2 comparisons each; filled from the front, then what is needed from behind.
  const int doublings = std::bit_width(static_cast<unsigned>(std::max(1, n - 1)));
  const int most = n / 2 * (doublings * (doublings + 1) / 2);
  const auto all = std::make_unique_for_overwrite<Comparison[]>(static_cast<std::size_t>(most));
  Comparison* end = all.get();
  for (int p = 1; p < n; p *= 2) {
    for (int k = p; k >= 1; k /= 2) {
      for (int j = k < p ? k : 0; j + k < n; j += 2 * k) {
        if (k < p && ((j + k) & (2 * p - 1)) == 0) continue;  // these two are of different merges
        const int stop = std::min(j + k, n - k);
        for (int i = j; i < stop; ++i) {
          *end++ = {static_cast<std::uint16_t>(i), static_cast<std::uint16_t>(i + k)};
        }
      }
    }
  }
  std::vector<std::uint8_t> needed(static_cast<std::size_t>(n), 0);
  for (const int rank : ranks) needed[static_cast<std::size_t>(rank)] = 1;
  Comparison* first = end;
  for (const Comparison* at = end; at != all.get();) {
    const Comparison c = *--at;
    if ((needed[c.low] | needed[c.high]) == 0) continue;
    needed[c.low] = needed[c.high] = 1;
    *--first = c;
  }
  network_.assign(first, end);
}

void ColumnSorter::Sort(int step) {
  const float* from = paths_.values.data() + step;
  const auto width = static_cast<std::size_t>(std::min(kWidth, paths_.steps - step));
  float* values = values_.data();
  for (int k = 0; k < paths_.paths; ++k, from += paths_.steps) {
    std::copy_n(from, width, values + k * kWidth);
  }
  for (const Comparison& c : network_) {
    float* low = values + c.low * kWidth;
    float* high = values + c.high * kWidth;
    for (int lane = 0; lane < kWidth; lane += kLanes) {
      const Floats x = Load(low + lane);
      const Floats y = Load(high + lane);
      Store(Min(x, y), low + lane);
      Store(Max(x, y), high + lane);
    }
  }
}

std::vector<int> RanksFor(const std::vector<double>& levels, int n) {
  std::vector<int> ranks;
  for (const double level : levels) {
    const Place place = PlaceOf(level, n);
    ranks.push_back(place.below);
    ranks.push_back(place.above);
  }
  return ranks;
}

std::vector<double> StepMeans(const SamplePaths& paths) {
  std::vector<double> out(static_cast<std::size_t>(paths.steps), 0.0);
  for (int k = 0; k < paths.paths; ++k) {
    for (int h = 0; h < paths.steps; ++h) out[h] += paths.At(k, h);
  }
  for (double& v : out) v /= paths.paths;
  return out;
}

std::vector<std::vector<double>> StepQuantiles(const SamplePaths& paths,
                                               const std::vector<double>& levels) {
  const auto steps = static_cast<std::size_t>(paths.steps);
  std::vector<std::vector<double>> out(levels.size(), std::vector<double>(steps));
  ColumnSorter sorter(paths, RanksFor(levels, paths.paths));
  for (int step = 0; step < paths.steps; step += ColumnSorter::kWidth) {
    sorter.Sort(step);
    const int lanes = std::min(ColumnSorter::kWidth, paths.steps - step);
    for (std::size_t l = 0; l < levels.size(); ++l) {
      const Place place = PlaceOf(levels[l], paths.paths);
      for (int lane = 0; lane < lanes; ++lane) {
        out[l][static_cast<std::size_t>(step + lane)] =
            place.Between(sorter.At(place.below, lane), sorter.At(place.above, lane));
      }
    }
  }
  return out;
}

std::vector<double> MaximumQuantiles(const SamplePaths& paths, int steps,
                                     const std::vector<double>& levels) {
  std::vector<float> maxima(static_cast<std::size_t>(paths.paths));
  for (int k = 0; k < paths.paths; ++k) {
    const auto row = paths.values.begin() + static_cast<std::ptrdiff_t>(k) * paths.steps;
    maxima[k] = *std::max_element(row, row + steps);
  }
  std::sort(maxima.begin(), maxima.end());
  std::vector<double> out;
  for (const double level : levels) {
    const Place place = PlaceOf(level, paths.paths);
    out.push_back(place.Between(maxima[place.below], maxima[place.above]));
  }
  return out;
}

}  // namespace tidewright
