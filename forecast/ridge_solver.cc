#include "forecast/ridge_solver.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "forecast/lanes.h"
#include "forecast/small_cholesky.h"

namespace tidewright {
namespace {

constexpr std::array<double, 8> kPenalties = {1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10};

// Standardised features' correlation, and what they have to do with the target.
struct Problem {
  SmallMatrix correlation;
  SmallVector target{};
  double variance = 0;  // of the target
  double rows = 0;
};

struct Solution {
  double penalty = 0;
  SmallVector beta{};
};

template <std::size_t kShifts>
SmallVector Column(const std::array<std::array<double, kShifts>, kSmallSize>& of, std::size_t s,
                   int size) {
  SmallVector out{};
  for (int j = 0; j < size; ++j) out[j] = of[j][s];
  return out;
}

Solution WithPenalty(const Problem& problem, double penalty) {
  const SmallCholesky<1> factor(problem.correlation, {penalty});
  return {.penalty = penalty,
          .beta = Column(factor.Solve(problem.target), 0, problem.correlation.size)};
}

// The penalty whose GCV score is least. It is residual ÷ freedom², both ÷ rows:
//   residual = variance − b'β − λ·β'β,  freedom = 1 − (1 + p − λ·tr((C + λI)⁻¹)) ÷ rows.
Solution WithBestPenalty(const Problem& problem) {
  const SmallCholesky<kPenalties.size()> factor(problem.correlation, kPenalties);
  const auto betas = factor.Solve(problem.target);
  const auto traces = factor.InverseTrace();
  const int features = problem.correlation.size;
  std::size_t best = 0;
  double best_score = std::numeric_limits<double>::infinity();
  for (std::size_t s = 0; s < kPenalties.size(); ++s) {
    const double penalty = kPenalties[s];
    double residual = problem.variance;
    for (int j = 0; j < features; ++j) {
      residual -= betas[j][s] * (problem.target[j] + penalty * betas[j][s]);
    }
    const double freedom = 1.0 - (1.0 + features - penalty * traces[s]) / problem.rows;
    const double score = std::max(residual, 0.0) / (freedom * freedom);
    if (score < best_score) {
      best_score = score;
      best = s;
    }
  }
  return {.penalty = kPenalties[best], .beta = Column(betas, best, features)};
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
  const Solution solved =
      penalty > 0 ? WithPenalty(problem, penalty) : WithBestPenalty(problem);
  Ridge out{.coefficients = {}, .penalty = solved.penalty};
  double intercept = reference_[p] + sums_[p] / rows_;
  out.coefficients.push_back(0.0F);
  for (int j = 0; j < p; ++j) {
    const double coefficient = inverse[j] * solved.beta[j];
    if (!std::isfinite(coefficient)) return {};
    intercept -= coefficient * mean[j];
    out.coefficients.push_back(static_cast<float>(coefficient));
  }
  out.coefficients[0] = static_cast<float>(intercept);
  return out;
}

}  // namespace tidewright
