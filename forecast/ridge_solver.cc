#include "forecast/ridge_solver.h"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <cmath>
#include <limits>

namespace tidewright {
namespace {

// By factors of √10.
constexpr double kSmallestPenalty = 1e-6;
constexpr int kPenalties = 17;

// Of standardised features: the penalty whose GCV score is least.
double ChoosePenalty(const Eigen::VectorXd& eigenvalues, const Eigen::VectorXd& target,
                     double variance, double rows) {
  double best_score = std::numeric_limits<double>::infinity();
  double best = kSmallestPenalty;
  double penalty = kSmallestPenalty;
  for (int k = 0; k < kPenalties; ++k, penalty *= std::sqrt(10.0)) {
    double rss = variance;
    double freedom = 1.0 - 1.0 / rows;
    for (Eigen::Index j = 0; j < eigenvalues.size(); ++j) {
      const double d = std::max(eigenvalues(j), 0.0);
      const double inverse = 1.0 / (d + penalty);
      rss -= target(j) * target(j) * inverse * (2.0 - d * inverse);
      freedom -= d * inverse / rows;
    }
    const double score = std::max(rss, 0.0) / (freedom * freedom);
    if (score < best_score) {
      best_score = score;
      best = penalty;
    }
  }
  return best;
}

}  // namespace

Moments::Moments(int features)
    : sums_(Eigen::VectorXd::Zero(features + 1)),
      products_(Eigen::MatrixXd::Zero(features + 1, features + 1)) {}

void Moments::Add(Eigen::Ref<Eigen::MatrixXf> z) {
  if (z.rows() == 0) return;
  if (rows_ == 0) reference_ = z.colwise().mean();
  rows_ += static_cast<double>(z.rows());
  // Column by column: for so few columns a dot product each is faster than a blocked product.
  for (Eigen::Index j = 0; j < z.cols(); ++j) {
    z.col(j).array() -= reference_(j);
    sums_(j) += static_cast<double>(z.col(j).sum());
    for (Eigen::Index k = 0; k <= j; ++k) {
      products_(j, k) += static_cast<double>(z.col(j).dot(z.col(k)));
    }
  }
}

Ridge Moments::Solve(double penalty) const {
  const Eigen::Index p = sums_.size() - 1;
  const double n = rows_;
  if (n < 2.0 * static_cast<double>(p) + 4.0) return {};
  const Eigen::VectorXd shift = sums_ / n;
  const Eigen::VectorXd mean = reference_.transpose().cast<double>() + shift;
  const Eigen::MatrixXd covariance =
      Eigen::MatrixXd(products_.selfadjointView<Eigen::Lower>()) / n - shift * shift.transpose();
  Eigen::VectorXd inverse(p);
  for (Eigen::Index j = 0; j < p; ++j) {
    const double variance = covariance(j, j);
    // Below this the variance is rounding.
    const double noise = 1e-9 * (1e-6 + mean(j) * mean(j));
    inverse(j) = variance > noise ? 1.0 / std::sqrt(variance) : 0.0;
  }
  const Eigen::MatrixXd correlation =
      inverse.asDiagonal() * covariance.topLeftCorner(p, p) * inverse.asDiagonal();
  const Eigen::VectorXd target = inverse.cwiseProduct(covariance.col(p).head(p));
  Ridge out{.coefficients = {}, .penalty = penalty};
  Eigen::VectorXd solved;
  if (penalty > 0) {
    Eigen::MatrixXd shrunk = correlation;
    shrunk.diagonal().array() += penalty;
    solved = shrunk.llt().solve(target);
  } else {
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(correlation);
    const Eigen::VectorXd turned = eigen.eigenvectors().transpose() * target;
    out.penalty = ChoosePenalty(eigen.eigenvalues(), turned, covariance(p, p), n);
    solved = eigen.eigenvectors() *
             (turned.array() / (eigen.eigenvalues().array().max(0.0) + out.penalty)).matrix();
  }
  const Eigen::VectorXd coefficients = inverse.cwiseProduct(solved);
  if (!coefficients.allFinite()) return {};
  out.coefficients.push_back(static_cast<float>(mean(p) - coefficients.dot(mean.head(p))));
  for (const double c : coefficients) out.coefficients.push_back(static_cast<float>(c));
  return out;
}

}  // namespace tidewright
