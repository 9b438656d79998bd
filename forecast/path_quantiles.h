// What is read off sample paths. Inside the room only.
#pragma once

#include <vector>

#include "forecast/forecast.h"
#include "forecast/lanes.h"

namespace tidewright {

/// Where a quantile lies among n sorted values: at level·(n+1), since with few paths an extreme
/// quantile must not fall short (Hyndman and Fan's type 6).
struct Place {
  int below = 0;
  int above = 0;
  double share = 0;
  [[nodiscard]] double Between(double low, double high) const { return low + share * (high - low); }
};
[[nodiscard]] Place PlaceOf(double level, int n);

/// Sorts some steps of all paths at once: column by column, by Batcher's odd-even merge sort
/// (Knuth, TAOCP 3, 5.2.2M), whose comparisons do not depend on the values.
class ColumnSorter {
 public:
  /// `paths` must outlive the sorter.
  explicit ColumnSorter(const SamplePaths& paths);
  /// Of the kLanes steps from `step` on; those behind the last one are nonsense.
  void Sort(int step);
  /// The value of rank `rank` (0 is the lowest) at `step` + `lane` of the last Sort.
  [[nodiscard]] float At(int rank, int lane) const {
    return values_[static_cast<std::size_t>(rank)][lane];
  }

 private:
  const SamplePaths& paths_;
  std::vector<Floats> values_;
};

/// Mean over the paths, [step].
[[nodiscard]] std::vector<double> StepMeans(const SamplePaths& paths);
/// quantiles[level][step] over the paths.
[[nodiscard]] std::vector<std::vector<double>> StepQuantiles(const SamplePaths& paths,
                                                             const std::vector<double>& levels);
/// Quantiles, one for each of the rising levels, of the paths' maximum over their first `steps`.
[[nodiscard]] std::vector<double> MaximumQuantiles(const SamplePaths& paths, int steps,
                                                   const std::vector<double>& levels);

}  // namespace tidewright
