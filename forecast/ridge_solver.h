// Ridge regression, its strength chosen by generalised cross-validation (Golub, Heath and Wahba,
// 1979). Inside the room only.
#pragma once

#include <Eigen/Core>
#include <vector>

namespace tidewright {

/// Rows of `z` are samples, columns (x_1 … x_p, y); they are centred in place. The answer is
/// (intercept, coefficients): features are standardised, the penalty is GCV's choice from a
/// logarithmic grid; a feature that does not vary gets 0. Empty for fewer rows than 2·features + 4.
[[nodiscard]] std::vector<float> SolveRidge(Eigen::Ref<Eigen::MatrixXf> z);

}  // namespace tidewright
