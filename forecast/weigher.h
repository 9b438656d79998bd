// Which member is to be believed how far ahead. Inside the room only.
#pragma once

#include <vector>

#include "forecast/prepared.h"

namespace tidewright {

/// What the members say from one origin. Rows are padded (weighted_median.h); what pads them is
/// finite.
struct Panel {
  int origin = 0;
  int length = 0;
  std::vector<int> members;      ///< those that could
  const float* values = nullptr;  ///< [which of members][h]

  [[nodiscard]] const float* Row(std::size_t i) const;
};

/// Weights of members for each step of the horizon; steps of one stretch (half an hour, then
/// doubling) share them.
struct Weights {
  std::vector<std::vector<float>> rows;  ///< [member][h], padded; the best member's is 1

  /// Neighbouring steps at which the same members are worth the work; the others hardly move a
  /// median.
  struct Stretch {
    int begin = 0;  ///< a multiple of kLanes
    int end = 0;
    std::vector<bool> counts;  ///< [member]
  };
  std::vector<Stretch> stretches;
};

/// The weight is 1/error³ at past origins: error is a member's mean absolute error over a stretch
/// relative to the mean over all members at the same steps. Recent origins count more, with a
/// half-life that grows with the horizon.
class Weigher {
 public:
  Weigher(const Prepared& p, std::size_t members, int horizon);

  void Learn(const Panel& panel);
  [[nodiscard]] Weights Weigh();

 private:
  // Sums of a member's absolute errors in a stretch, and of all members' mean at the same steps.
  struct ErrorSums {
    double own = 0;
    double all = 0;
  };
  /// Of the panel's targets; zero where nothing was observed, which counts for nobody.
  void Recency(const Panel& panel);
  /// Hands the mean errors since the last call to the members that spoke.
  void ShareOut();
  [[nodiscard]] std::vector<std::vector<ErrorSums>> Sums() const;

  const Prepared& p_;
  std::vector<int> edges_;  ///< of the stretches: [edges_[b], edges_[b + 1])
  std::vector<double> half_lives_;  ///< [stretch], steps
  std::vector<float> targets_;
  std::vector<float> recency_;
  std::vector<std::vector<float>> own_;   ///< [member][h] sums of its errors
  std::vector<float> mean_;               ///< [h] sums of the mean error of speakers_
  std::vector<int> speakers_;             ///< of the panels since the last ShareOut()
  std::vector<std::vector<double>> all_;  ///< [member][stretch] sums of the mean errors
};

}  // namespace tidewright
