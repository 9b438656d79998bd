// The day as one shape, and how much of it there will be: a rank-one model of days × hours.
#pragma once

#include "forecast/member.h"

namespace tidewright {

/// Blocks of one season are counted back from the origin. The shape is what each place of the block
/// had in past blocks, divided by those blocks' means (newer blocks, and those at the same place of
/// the long season, count more). The mean of the block to come is regressed by ridge, in logs, on
/// the means of the last three blocks and of the one a long season before it.
class ShapeLevel : public Member {
 public:
  [[nodiscard]] const char* Name() const override { return "shape × level"; }
  void Fit(const Prepared& p, const std::vector<int>& cutoffs, int horizon) override;
  [[nodiscard]] bool Predict(const Prepared& p, int origin, std::span<float> out) const override;

 private:
  struct Model {
    int cutoff = 0;
    bool with_long = false;
    std::vector<float> coefficients;  ///< intercept first; empty: the last block's level stays
  };
  /// Logarithms of the means of the blocks before `origin`, oldest first, then of `ahead` blocks to
  /// come.
  [[nodiscard]] static std::vector<double> Levels(const Prepared& p, const Model& model, int origin,
                                                  int ahead);

  std::vector<Model> models_;
};

}  // namespace tidewright
