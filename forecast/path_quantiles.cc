#include "forecast/path_quantiles.h"

#include <algorithm>
#include <cmath>

namespace tidewright {
Place PlaceOf(double level, int n) {
  const double last = n - 1.0;
  const double position = std::clamp(level * (n + 1.0) - 1.0, 0.0, last);
  const int below = static_cast<int>(position);
  return {.below = below, .above = std::min(below + 1, n - 1), .share = position - below};
}

ColumnSorter::ColumnSorter(const SamplePaths& paths)
    : paths_(paths), values_(static_cast<std::size_t>(paths.paths)) {}

void ColumnSorter::Sort(int step) {
  const float* from = paths_.values.data() + step;
  const int width = std::min(kLanes, paths_.steps - step);
  for (Floats& value : values_) {
    if (width == kLanes) {
      value = Load(from);
    } else {
      value = Splat(0);
      for (int i = 0; i < width; ++i) value[i] = from[i];
    }
    from += paths_.steps;
  }
  const int n = paths_.paths;
  for (int p = 1; p < n; p *= 2) {
    for (int k = p; k >= 1; k /= 2) {
      for (int j = k % p; j + k < n; j += 2 * k) {
        if (k < p && (j + k) % (2 * p) == 0) continue;  // these two belong to different merges
        Floats* low = values_.data() + j;
        Floats* high = low + k;
        for (int i = 0; i < std::min(k, n - k - j); ++i) {
          const Floats x = low[i];
          const Floats y = high[i];
          low[i] = Min(x, y);
          high[i] = Max(x, y);
        }
      }
    }
  }
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
  ColumnSorter sorter(paths);
  for (int step = 0; step < paths.steps; step += kLanes) {
    sorter.Sort(step);
    for (std::size_t l = 0; l < levels.size(); ++l) {
      const Place place = PlaceOf(levels[l], paths.paths);
      for (int lane = 0; lane < std::min(kLanes, paths.steps - step); ++lane) {
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
