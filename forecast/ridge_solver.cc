#include "forecast/ridge_solver.h"

#include <Eigen/Eigenvalues>
#include <cmath>
#include <limits>

namespace tidewright {
namespace {

// By factors of √10.
constexpr double kSmallestPenalty = 1e-6;
constexpr int kPenalties = 17;

// Of standardised features: the coefficients in the eigenvectors' basis whose GCV score is least.
Eigen::VectorXd ChoosePenalty(const Eigen::VectorXd& eigenvalues, const Eigen::VectorXd& target,
                              double variance, double rows) {
  const Eigen::ArrayXd d = eigenvalues.array().max(0.0);
  const Eigen::ArrayXd squares = target.array().square();
  double best_score = std::numeric_limits<double>::infinity();
  double best_penalty = 0;
  double penalty = kSmallestPenalty;
  for (int k = 0; k < kPenalties; ++k, penalty *= std::sqrt(10.0)) {
    double rss = variance;
    double freedom = 1.0 - 1.0 / rows;
    for (Eigen::Index j = 0; j < d.size(); ++j) {
      const double inverse = 1.0 / (d(j) + penalty);
      rss -= squares(j) * inverse * (2.0 - d(j) * inverse);
      freedom -= d(j) * inverse / rows;
    }
    const double score = std::max(rss, 0.0) / (freedom * freedom);
    if (score < best_score) {
      best_score = score;
      best_penalty = penalty;
    }
  }
  return (target.array() / (d + best_penalty)).matrix();
}

}  // namespace

std::vector<float> SolveRidge(Eigen::Ref<Eigen::MatrixXf> z) {
  const Eigen::Index p = z.cols() - 1;
  const Eigen::Index n = z.rows();
  if (n < 2 * p + 4) return {};
  const Eigen::RowVectorXf mean = z.colwise().mean();
  z.rowwise() -= mean;
  Eigen::MatrixXf gram = Eigen::MatrixXf::Zero(p + 1, p + 1);
  gram.selfadjointView<Eigen::Lower>().rankUpdate(z.transpose());
  const Eigen::MatrixXd covariance =
      Eigen::MatrixXf(gram.selfadjointView<Eigen::Lower>()).cast<double>() / static_cast<double>(n);
  Eigen::VectorXd inverse(p);
  for (Eigen::Index j = 0; j < p; ++j) {
    const double variance = covariance(j, j);
    // Below this the variance is rounding.
    const double noise = 1e-9 * (1e-6 + static_cast<double>(mean(j)) * mean(j));
    inverse(j) = variance > noise ? 1.0 / std::sqrt(variance) : 0.0;
  }
  const Eigen::MatrixXd correlation =
      inverse.asDiagonal() * covariance.topLeftCorner(p, p) * inverse.asDiagonal();
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(correlation);
  const Eigen::VectorXd target =
      eigen.eigenvectors().transpose() * inverse.cwiseProduct(covariance.col(p).head(p));
  const Eigen::VectorXd best =
      ChoosePenalty(eigen.eigenvalues(), target, covariance(p, p), static_cast<double>(n));
  const Eigen::VectorXd coefficients = inverse.cwiseProduct(eigen.eigenvectors() * best);
  std::vector<float> out(static_cast<std::size_t>(p) + 1);
  out[0] = static_cast<float>(mean(p) - coefficients.dot(mean.head(p).transpose().cast<double>()));
  for (Eigen::Index j = 0; j < p; ++j) {
    out[static_cast<std::size_t>(j) + 1] = static_cast<float>(coefficients(j));
  }
  for (const float c : out) {
    if (!std::isfinite(c)) return {};
  }
  return out;
}

}  // namespace tidewright
