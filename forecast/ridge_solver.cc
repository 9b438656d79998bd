#include "forecast/ridge_solver.h"

#include <cmath>
#include <limits>

namespace tidewright {

Moments::Moments(int features) : sums_(Eigen::MatrixXd::Zero(features + 2, features + 2)) {}

void Moments::Add(const Eigen::Ref<const Eigen::MatrixXd>& z) {
  if (z.rows() > 0) sums_.selfadjointView<Eigen::Lower>().rankUpdate(z.transpose());
}

std::vector<double> SolveRidge(const Moments& moments) {
  const int p = moments.Features();
  const double n = moments.Rows();
  if (n < 2 * p + 4) return {};
  const Eigen::MatrixXd full = Eigen::MatrixXd(moments.Sums().selfadjointView<Eigen::Lower>()) / n;
  const Eigen::VectorXd mean = full.col(0);
  const Eigen::MatrixXd covariance = full - mean * mean.transpose();
  Eigen::VectorXd deviation(p);
  for (int j = 0; j < p; ++j) {
    const double variance = covariance(j + 1, j + 1);
    // Below this the variance is rounding.
    deviation(j) = variance > 1e-12 * (1e-6 + full(j + 1, j + 1)) ? std::sqrt(variance) : 0.0;
  }
  Eigen::VectorXd inverse = deviation.unaryExpr([](double d) { return d > 0 ? 1.0 / d : 0.0; });
  const Eigen::MatrixXd correlation =
      inverse.asDiagonal() * covariance.block(1, 1, p, p) * inverse.asDiagonal();
  const Eigen::VectorXd with_target = inverse.cwiseProduct(covariance.block(1, p + 1, p, 1));
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(correlation);
  const Eigen::VectorXd d = eigen.eigenvalues().cwiseMax(0.0);
  const Eigen::VectorXd a = eigen.eigenvectors().transpose() * with_target;

  double best_score = std::numeric_limits<double>::infinity();
  Eigen::VectorXd best = Eigen::VectorXd::Zero(p);
  for (int k = -12; k <= 4; ++k) {
    const double penalty = std::pow(10.0, 0.5 * k);
    const Eigen::ArrayXd shrunk = d.array() + penalty;
    const double rss = covariance(p + 1, p + 1) - 2.0 * (a.array().square() / shrunk).sum() +
                       (a.array().square() * d.array() / shrunk.square()).sum();
    const double freedom = 1.0 - (1.0 + (d.array() / shrunk).sum()) / n;
    const double score = std::max(rss, 0.0) / (freedom * freedom);
    if (score < best_score) {
      best_score = score;
      best = (a.array() / shrunk).matrix();
    }
  }
  const Eigen::VectorXd coefficients = inverse.cwiseProduct(eigen.eigenvectors() * best);
  std::vector<double> out(static_cast<std::size_t>(p) + 1);
  out[0] = mean(p + 1) - coefficients.dot(mean.segment(1, p));
  for (int j = 0; j < p; ++j) out[static_cast<std::size_t>(j) + 1] = coefficients(j);
  for (const double c : out) {
    if (!std::isfinite(c)) return {};
  }
  return out;
}

}  // namespace tidewright
