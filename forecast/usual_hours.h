// The hours of a series, and by how much each differs from the same hour of the seasons before.
// Inside the room only.
#pragma once

#include <span>
#include <vector>

#include "forecast/lanes.h"
#include "forecast/prepared.h"

namespace tidewright {

/// Differences are of logarithms, from the median of the same hour in up to kSeasonsBefore seasons
/// before; the newest whole hour comes last. A season here is at least a day; it is the long one
/// where enough of them were seen. Empty of differences where there is no season.
class UsualHours {
 public:
  static constexpr int kDay = 24;
  static constexpr int kSeasonsBefore = 7;

  /// Counts compare with these sizes, which are positive.
  UsualHours(const Prepared& p, float large, float some);

  [[nodiscard]] int size() const { return size_; }
  [[nodiscard]] int Step(int hour, int per_hour) const { return first_ + hour * per_hour; }
  [[nodiscard]] bool Seasonal() const { return period_ > 0; }
  [[nodiscard]] int Period() const { return period_; }
  /// The first hour of which it is known what is usual.
  [[nodiscard]] int Warmup() const { return period_ * fewest_; }

  /// The differences of [begin, end) from what was usual before hour `before`, which is not after
  /// `begin`; without what is not known. Good until asked again; may be reordered.
  [[nodiscard]] std::span<float> Differences(int begin, int end, int before);

  /// Of each hour from Warmup() on, from what was usual right before it. Likewise good until asked
  /// again.
  [[nodiscard]] std::span<float> AllDifferences();

  /// As Differences, counted at once.
  struct Counts {
    int known = 0;
    int up = 0;         ///< ≥ `large`
    int down = 0;       ///< ≤ −`large`
    int some_up = 0;    ///< ≥ `some`
    int some_down = 0;  ///< ≤ −`some`
  };
  [[nodiscard]] Counts Count(int begin, int end, int before);

  /// Multiplies demand before `end` by e^`by`.
  void Raise(int end, float by);

 private:
  void FindUsual();
  /// [hour] counts of all hours before it, in the order of Counts, the newest `seasons` left out.
  [[nodiscard]] const std::vector<Mask>& CountsLeavingOut(int seasons);
  /// From what hour on differences that leave out so many seasons are known.
  [[nodiscard]] int FirstKnown(int seasons) const { return (fewest_ + seasons) * period_; }
  /// Calls each(left_out, begin, end) for runs of hours before which the same seasons lie.
  template <typename Each>
  void ForRuns(int begin, int end, int before, Each each) const;

  int size_ = 0;
  int first_ = 0;
  int period_ = 0;
  int fewest_;
  Floats large_;
  std::vector<float> logs_;   // padded
  std::vector<float> usual_;  // of hour c from what lies before it, padded; from Warmup() on
  std::vector<std::vector<Mask>> counts_;  // [seasons left out], filled when first asked for
  std::vector<float> differences_;
};

}  // namespace tidewright
