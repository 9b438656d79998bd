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

// Σ a·b over `count` rows (a multiple of kLanes), for kColumns columns b, `apart` from each other.
template <int kColumns>
void Dots(const float* a, const float* b, int apart, int count, double* to) {
  Floats sums[kColumns] = {};
  for (int i = 0; i < count; i += kLanes) {
    const Floats from_a = Load(a + i);
    for (int k = 0; k < kColumns; ++k) sums[k] += from_a * Load(b + k * apart + i);
  }
  for (int k = 0; k < kColumns; ++k) to[k] += Sum(sums[k]);
}

// The same for any number of columns.
void Dots(int columns, const float* a, const float* b, int apart, int count, double* to) {
  for (; columns >= 4; columns -= 4, b += 4 * apart, to += 4) Dots<4>(a, b, apart, count, to);
  if (columns == 3) Dots<3>(a, b, apart, count, to);
  if (columns == 2) Dots<2>(a, b, apart, count, to);
  if (columns == 1) Dots<1>(a, b, apart, count, to);
}

// Writes (from − reference)·seen to `to`, padded with zeros; returns its sum.
double Shift(const float* from, const float* seen, float reference, int rows, float* to) {
  const Floats subtracted = Splat(reference);
  Floats sum = Splat(0);
  int i = 0;
  for (; i + kLanes <= rows; i += kLanes) {
    Floats v = Load(from + i) - subtracted;
    if (seen != nullptr) v = v * Load(seen + i);
    sum += v;
    Store(v, to + i);
  }
  if (i == rows) return Sum(sum);
  Floats last = Splat(0);
  for (int lane = 0; i + lane < rows; ++lane) {
    last[lane] = (from[i + lane] - reference) * (seen == nullptr ? 1.0F : seen[i + lane]);
  }
  Store(last, to + i);
  return Sum(sum + last);
}

}  // namespace

void Moments::Add(std::span<const float* const> columns, int rows, const float* seen) {
  if (rows == 0) return;
  const double count = seen == nullptr ? rows : SumOf(seen, rows);
  if (count == 0) return;
  if (count == rows) seen = nullptr;
  const int width = features_ + 1;
  if (rows_ == 0) {
    // Gaps are filled: what stands in rows that are left out is near the others.
    for (int j = 0; j < width; ++j) {
      reference_[j] = SumOf(columns[j], rows) / static_cast<float>(rows);
    }
  }
  // As many rows at a time as fit into the fastest memory.
  constexpr int kBlock = 160;
  alignas(sizeof(Floats)) float shifted[kColumns * kBlock];
  for (int begin = 0; begin < rows; begin += kBlock) {
    const int size = std::min(kBlock, rows - begin);
    const int padded = (size + kLanes - 1) / kLanes * kLanes;
    for (int j = 0; j < width; ++j) {
      float* column = shifted + j * kBlock;
      sums_[j] += Shift(columns[j] + begin, seen == nullptr ? nullptr : seen + begin, reference_[j],
                        size, column);
      Dots(j + 1, column, shifted, kBlock, padded, products_[j].data());
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
  const Solution solved = penalty > 0 ? WithPenalty(problem, penalty) : WithBestPenalty(problem);
  Ridge out{.coefficients = {}, .penalty = solved.penalty};
  double intercept = reference_[p] + sums_[p] / rows_;
  out.coefficients.reserve(static_cast<std::size_t>(p) + 1);
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
