// Ridge regression out of accumulated moments, its strength chosen by generalised cross-validation
// (Golub, Heath and Wahba, 1979). Inside the room only.
#pragma once

#include <array>
#include <span>
#include <vector>

namespace tidewright {

struct Ridge {
  std::vector<float> coefficients;  ///< intercept first; empty for fewer rows than 2·features + 4
  double penalty = 0;               ///< of the standardised features, per row
};

/// Sums over rows (x_1 … x_p, y), from which a regression can be solved at any time.
class Moments {
 public:
  static constexpr int kMostFeatures = 15;

  explicit Moments(int features) : features_(features) {}

  /// columns[j] holds `rows` values of x_1 … x_p, y. Rows where `seen` is 0, not 1, are left out;
  /// null: none is.
  void Add(std::span<const float* const> columns, int rows, const float* seen = nullptr);

  /// Features are standardised; the penalty is GCV's choice from a logarithmic grid, or `penalty`
  /// where that is positive (which is several times faster). A feature that does not vary gets 0.
  [[nodiscard]] Ridge Solve(double penalty = 0) const;

 private:
  static constexpr int kColumns = kMostFeatures + 1;

  int features_;
  double rows_ = 0;
  // Of the first rows that were added, subtracted for the sake of precision.
  std::array<float, kColumns> reference_{};
  std::array<double, kColumns> sums_{};
  std::array<std::array<double, kColumns>, kColumns> products_{};  // [j][k ≤ j]
};

}  // namespace tidewright
