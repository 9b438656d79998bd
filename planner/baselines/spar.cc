#include "planner/baselines/spar.h"

#include <algorithm>
#include <cmath>

namespace tidewright::baselines {
namespace {

// Solves the symmetric positive definite a·x = b by Cholesky's decomposition, a row-major. A column
// that depends on those before it gets the weight 0.
std::vector<double> SolveNormal(std::vector<double> a, std::vector<double> b) {
  const std::size_t n = b.size();
  const auto at = [&](std::size_t i, std::size_t j) -> double& { return a[i * n + j]; };
  std::vector<bool> dead(n, false);
  for (std::size_t j = 0; j < n; ++j) {
    const double before = at(j, j);
    for (std::size_t k = 0; k < j; ++k) at(j, j) -= at(j, k) * at(j, k);
    dead[j] = !(at(j, j) > 1e-10 * before);
    const double root = dead[j] ? 0 : std::sqrt(at(j, j));
    at(j, j) = root;
    for (std::size_t i = j + 1; i < n; ++i) {
      for (std::size_t k = 0; k < j; ++k) at(i, j) -= at(i, k) * at(j, k);
      at(i, j) = dead[j] ? 0 : at(i, j) / root;
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < i; ++k) b[i] -= at(i, k) * b[k];
    b[i] = dead[i] ? 0 : b[i] / at(i, i);
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) b[i] -= at(k, i) * b[k];
    b[i] = dead[i] ? 0 : b[i] / at(i, i);
  }
  return b;
}

}  // namespace

std::size_t Spar::First() const {
  return static_cast<std::size_t>(shape_.periods * shape_.period + shape_.recent - 1);
}

void Spar::Row(const std::vector<double>& values, std::size_t t, int ahead, double* row) const {
  const auto period = static_cast<std::size_t>(shape_.period);
  const auto periods = static_cast<std::size_t>(shape_.periods);
  for (std::size_t k = 1; k <= periods; ++k) {
    *row++ = values[t + static_cast<std::size_t>(ahead) - k * period];
  }
  for (std::size_t j = 0; j < static_cast<std::size_t>(shape_.recent); ++j) {
    double usual = 0;
    for (std::size_t k = 1; k <= periods; ++k) usual += values[t - j - k * period];
    *row++ = values[t - j] - usual / static_cast<double>(periods);
  }
}

bool Spar::Fit(const std::vector<double>& values) {
  const auto n = static_cast<std::size_t>(Coefficients());
  const std::size_t first = First();
  const auto horizon = static_cast<std::size_t>(shape_.horizon);
  if (values.size() < first + horizon + 2 * n) return false;
  std::vector<std::vector<double>> weights;
  std::vector<double> row(n);
  for (int ahead = 1; ahead <= shape_.horizon; ++ahead) {
    std::vector<double> squares(n * n, 0.0);
    std::vector<double> products(n, 0.0);
    for (std::size_t t = first; t + static_cast<std::size_t>(ahead) < values.size(); ++t) {
      Row(values, t, ahead, row.data());
      const double y = values[t + static_cast<std::size_t>(ahead)];
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j <= i; ++j) squares[i * n + j] += row[i] * row[j];
        products[i] += row[i] * y;
      }
    }
    weights.push_back(SolveNormal(std::move(squares), std::move(products)));
  }
  weights_ = std::move(weights);
  return true;
}

std::vector<double> Spar::Forecast(const std::vector<double>& values) const {
  std::vector<double> out;
  std::vector<double> row(static_cast<std::size_t>(Coefficients()));
  for (int ahead = 1; ahead <= shape_.horizon; ++ahead) {
    Row(values, values.size() - 1, ahead, row.data());
    const auto& weights = weights_[static_cast<std::size_t>(ahead - 1)];
    double sum = 0;
    for (std::size_t i = 0; i < row.size(); ++i) sum += weights[i] * row[i];
    out.push_back(std::max(0.0, sum));
  }
  return out;
}

}  // namespace tidewright::baselines
