// Ridge regression out of accumulated moments, its strength chosen by generalised cross-validation
// (Golub, Heath and Wahba, 1979). Inside the room only.
#pragma once

#include <Eigen/Dense>
#include <vector>

namespace tidewright {

/// Sums over rows z = (1, x_1 … x_p, y) of w·z·zᵀ.
class Moments {
 public:
  explicit Moments(int features);

  /// Rows of `z` are samples, columns (1, x…, y).
  void Add(const Eigen::Ref<const Eigen::MatrixXd>& z);
  [[nodiscard]] int Features() const { return static_cast<int>(sums_.rows()) - 2; }
  [[nodiscard]] double Rows() const { return sums_(0, 0); }
  [[nodiscard]] const Eigen::MatrixXd& Sums() const { return sums_; }

 private:
  Eigen::MatrixXd sums_;
};

/// (intercept, coefficients): features are standardised, the penalty is GCV's choice from a
/// logarithmic grid; a feature that does not vary gets 0. Empty for fewer rows than 2·features + 4.
[[nodiscard]] std::vector<double> SolveRidge(const Moments& moments);

}  // namespace tidewright
