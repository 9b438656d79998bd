// Sparse periodic auto-regression, P-Store's forecast. A baseline's; ours is forecast/.
#pragma once

#include <cstddef>
#include <vector>

namespace tidewright::baselines {

struct SparShape {
  int period = 288;  ///< T, steps: a day
  int periods = 7;   ///< n: of the past that a forecast looks at
  int recent = 6;    ///< m: newest steps whose distance from the usual is carried on
  int horizon = 96;  ///< steps; at most `period`
};

/// y(t+τ) = Σₖ aₖ·y(t+τ−kT) + Σⱼ bⱼ·Δy(t−j), k = 1…n, j = 0…m−1, with
/// Δy(s) = y(s) − (1/n)·Σₖ y(s−kT); a and b by least squares, for each τ its own.
/// Source: Taft et al., P-Store, SIGMOD'18, section 5 (after Chen et al., NSDI'08).
class Spar {
 public:
  explicit Spar(const SparShape& shape) : shape_(shape) {}

  /// False, and nothing changes, where there are fewer than twice as many rows to fit as
  /// coefficients.
  bool Fit(const std::vector<double>& values);
  [[nodiscard]] bool fitted() const { return !weights_.empty(); }
  [[nodiscard]] const SparShape& shape() const { return shape_; }
  /// Of the `horizon` steps after the last value, never below 0. Needs a fit and n·T + m values.
  [[nodiscard]] std::vector<double> Forecast(const std::vector<double>& values) const;

 private:
  [[nodiscard]] int Coefficients() const { return shape_.periods + shape_.recent; }
  /// The first t with everything that a row needs.
  [[nodiscard]] std::size_t First() const;
  void Row(const std::vector<double>& values, std::size_t t, int ahead, double* row) const;

  SparShape shape_;
  std::vector<std::vector<double>> weights_;  // [τ − 1]
};

}  // namespace tidewright::baselines
