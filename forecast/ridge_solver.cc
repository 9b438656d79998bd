#include "forecast/ridge_solver.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "forecast/lanes.h"
#include "forecast/small_cholesky.h"

namespace tidewright {
namespace {

// By factors of ten. Every second is tried first, then those about the best of them.
constexpr std::array<double, 9> kPenalties = {1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100};
constexpr int kCoarse = 2;

// Standardised features' correlation, and what they have to do with the target.
struct Problem {
  SmallMatrix correlation;
  SmallVector target{};
  double variance = 0;  // of the target
  double rows = 0;
};

// GCV's score is residual ÷ freedom², both without the factor of the rows:
//   residual = variance − b'β − λ·β'β,  freedom = 1 − (1 + p − λ·tr((C + λI)⁻¹))/n.
double Score(const Problem& problem, double penalty) {
  const SmallCholesky factor(problem.correlation, penalty);
  const SmallVector beta = factor.Solve(problem.target);
  const int features = problem.correlation.size;
  double residual = problem.variance;
  for (int j = 0; j < features; ++j) {
    residual -= beta[j] * (problem.target[j] + penalty * beta[j]);
  }
  const double used = 1.0 + features - penalty * factor.InverseTrace();
  const double freedom = 1.0 - used / problem.rows;
  return std::max(residual, 0.0) / (freedom * freedom);
}

double ChoosePenalty(const Problem& problem) {
  constexpr int kCount = kPenalties.size();
  int best = 0;
  double best_score = std::numeric_limits<double>::infinity();
  const auto attempt = [&](int k) {
    if (k < 0 || k >= kCount) return;
    const double score = Score(problem, kPenalties[k]);
    if (score < best_score) {
      best_score = score;
      best = k;
    }
  };
  for (int k = 0; k < kCount; k += kCoarse) attempt(k);
  const int middle = best;
  for (const int k : {middle - 1, middle + 1}) attempt(k);
  return kPenalties[best];
}

double Dot(const float* a, const float* b, int count) {
  Floats even = Splat(0);
  Floats odd = Splat(0);
  int i = 0;
  for (; i + 2 * kLanes <= count; i += 2 * kLanes) {
    even += Load(a + i) * Load(b + i);
    odd += Load(a + i + kLanes) * Load(b + i + kLanes);
  }
  if (i < count) even += Load(a + i) * Load(b + i);
  return Sum(even + odd);
}

}  // namespace

void Moments::Add(std::span<const float* const> columns, int rows, const float* seen) {
  if (rows == 0) return;
  const int width = features_ + 1;
  const int padded = (rows + kLanes - 1) / kLanes * kLanes;
  const double count = seen == nullptr ? rows : SumOf(seen, rows);
  if (count == 0) return;
  shifted_.resize(static_cast<std::size_t>(width * padded));
  for (int j = 0; j < width; ++j) {
    float* column = shifted_.data() + j * padded;
    std::copy_n(columns[j], rows, column);
    // Gaps are filled: what stands in rows that are left out is near the others.
    if (rows_ == 0) reference_[j] = SumOf(column, rows) / static_cast<float>(rows);
    const Floats reference = Splat(reference_[j]);
    if (count == rows) {
      Transform(column, rows, [reference](Floats v) { return v - reference; });
    } else {
      Transform(
          column, rows, [reference](Floats v, Floats is) { return (v - reference) * is; }, seen);
    }
    std::fill(column + rows, column + padded, 0.0F);
    sums_[j] += SumOf(column, padded);
    for (int k = 0; k <= j; ++k) {
      products_[j][k] += Dot(column, shifted_.data() + k * padded, padded);
    }
  }
  rows_ += count;
}

Ridge Moments::Solve(double penalty) const {
  const int p = features_;
  if (rows_ < 2.0 * p + 4.0) return {};
  SmallVector mean{};
  SmallVector inverse{};
  const auto covariance = [&](int j, int k) {
    return products_[j][k] / rows_ - sums_[j] / rows_ * (sums_[k] / rows_);
  };
  for (int j = 0; j < p; ++j) {
    mean[j] = reference_[j] + sums_[j] / rows_;
    const double variance = covariance(j, j);
    // Below this the variance is rounding.
    const double noise = 1e-9 * (1e-6 + mean[j] * mean[j]);
    inverse[j] = variance > noise ? 1.0 / std::sqrt(variance) : 0.0;
  }
  Problem problem;
  problem.rows = rows_;
  problem.variance = covariance(p, p);
  problem.correlation.size = p;
  for (int j = 0; j < p; ++j) {
    for (int k = 0; k <= j; ++k) {
      problem.correlation.At(j, k) = inverse[j] * covariance(j, k) * inverse[k];
    }
    problem.target[j] = inverse[j] * covariance(p, j);
  }
  Ridge out{.coefficients = {}, .penalty = penalty > 0 ? penalty : ChoosePenalty(problem)};
  const SmallVector solved =
      SmallCholesky(problem.correlation, out.penalty).Solve(problem.target);
  double intercept = reference_[p] + sums_[p] / rows_;
  out.coefficients.push_back(0.0F);
  for (int j = 0; j < p; ++j) {
    const double coefficient = inverse[j] * solved[j];
    if (!std::isfinite(coefficient)) return {};
    intercept -= coefficient * mean[j];
    out.coefficients.push_back(static_cast<float>(coefficient));
  }
  out.coefficients[0] = static_cast<float>(intercept);
  return out;
}

}  // namespace tidewright
