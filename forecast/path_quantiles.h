// What is read off sample paths. Inside the room only.
#pragma once

#include <cstdint>
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

/// Sorts some steps of all paths at once, as far as is needed for some ranks: column by column, by
/// Batcher's odd-even merge sort (Knuth, TAOCP 3, 5.2.2M), whose comparisons do not depend on the
/// values, so that those no rank depends on are left out.
class ColumnSorter {
 public:
  static constexpr int kWidth = 4 * kLanes;  ///< steps at once

  /// `paths` must outlive the sorter.
  ColumnSorter(const SamplePaths& paths, const std::vector<int>& ranks);
  /// Of the kWidth steps from `step` on; those behind the last one are nonsense.
  void Sort(int step);
  /// The value of rank `rank` (0 is the lowest), one of those asked for, at `step` + `lane` of the
  /// last Sort.
  [[nodiscard]] float At(int rank, int lane) const { return Row(rank)[lane]; }
  /// The same of kLanes steps from `lane` on.
  [[nodiscard]] Floats Four(int rank, int lane) const { return Load(Row(rank) + lane); }

 private:
  struct Comparison {
    std::uint16_t low;
    std::uint16_t high;
  };
  [[nodiscard]] const float* Row(int rank) const {
    return values_.data() + static_cast<std::size_t>(rank) * kWidth;
  }

  const SamplePaths& paths_;
  std::vector<Comparison> network_;
  std::vector<float> values_;  // [path][kWidth]
};

/// The ranks that quantiles of these levels need among n values.
[[nodiscard]] std::vector<int> RanksFor(const std::vector<double>& levels, int n);

/// Mean over the paths, [step].
[[nodiscard]] std::vector<double> StepMeans(const SamplePaths& paths);
/// quantiles[level][step] over the paths.
[[nodiscard]] std::vector<std::vector<double>> StepQuantiles(const SamplePaths& paths,
                                                             const std::vector<double>& levels);
/// Quantiles, one for each of the rising levels, of the paths' maximum over their first `steps`.
[[nodiscard]] std::vector<double> MaximumQuantiles(const SamplePaths& paths, int steps,
                                                   const std::vector<double>& levels);

}  // namespace tidewright
