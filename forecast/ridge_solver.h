// Ridge regression out of accumulated moments, its strength chosen by generalised cross-validation
// (Golub, Heath and Wahba, 1979). Inside the room only.
#pragma once

#include <Eigen/Core>
#include <vector>

namespace tidewright {

struct Ridge {
  std::vector<float> coefficients;  ///< intercept first; empty for fewer rows than 2·features + 4
  double penalty = 0;               ///< of the standardised features, per row
};

/// Sums over rows (x_1 … x_p, y), from which a regression can be solved at any time.
class Moments {
 public:
  explicit Moments(int features);

  /// Rows of `z` are samples; they are shifted in place.
  void Add(Eigen::Ref<Eigen::MatrixXf> z);

  /// Features are standardised; the penalty is GCV's choice from a logarithmic grid, or `penalty`
  /// where that is positive (which is several times faster). A feature that does not vary gets 0.
  [[nodiscard]] Ridge Solve(double penalty = 0) const;

 private:
  double rows_ = 0;
  Eigen::RowVectorXf reference_;  // the first rows' means, subtracted for the sake of precision
  Eigen::VectorXd sums_;
  Eigen::MatrixXd products_;
};

}  // namespace tidewright
