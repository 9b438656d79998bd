#include "forecast/lag_ridge.h"

#include <algorithm>
#include <cmath>

#include "forecast/ridge_solver.h"

namespace tidewright {
namespace {

// Rows beyond these many are thinned out: a regression on twenty lags learns no more from them.
constexpr int kMaximumRows = 8192;
constexpr int kBlockRows = 512;

std::vector<int> LagsFor(const Prepared& p, int cutoff) {
  std::vector<int> lags = {1, 2, 3};
  const auto add_season = [&](int period, int multiples) {
    // A lag must leave rows to learn from: at least as many as half the period.
    for (int k = 1; k <= multiples; ++k) {
      if (k * period + 1 + period / 2 > cutoff) break;
      if (k == 1) lags.push_back(period - 1);
      lags.push_back(k * period);
      if (k == 1) lags.push_back(period + 1);
    }
  };
  if (p.season > 4) add_season(p.season, 4);
  if (p.long_season > 4) add_season(p.long_season, 2);
  std::sort(lags.begin(), lags.end());
  lags.erase(std::unique(lags.begin(), lags.end()), lags.end());
  return lags;
}

}  // namespace

const std::vector<double>& LagRidge::Source() const {
  return domain_ == Domain::kLog ? p_->logs : p_->values;
}

void LagRidge::Fit(const Prepared& p, const std::vector<int>& cutoffs, int) {
  p_ = &p;
  models_.clear();
  // Moments are shared by neighbouring cutoffs as long as the lags are the same.
  for (std::size_t i = 0; i < cutoffs.size();) {
    const std::vector<int> lags = LagsFor(p, cutoffs[i]);
    std::size_t end = i + 1;
    while (end < cutoffs.size() && LagsFor(p, cutoffs[end]) == lags) ++end;
    FitWithLags(lags, {cutoffs.begin() + static_cast<std::ptrdiff_t>(i),
                       cutoffs.begin() + static_cast<std::ptrdiff_t>(end)});
    i = end;
  }
}

void LagRidge::FitWithLags(const std::vector<int>& lags, const std::vector<int>& cutoffs) {
  const std::vector<double>& y = Source();
  const int features = static_cast<int>(lags.size());
  const int stride = 1 + (cutoffs.back() - lags.back()) / kMaximumRows;
  Moments moments(features);
  Eigen::MatrixXd block(kBlockRows, features + 2);
  int rows = 0;
  int t = lags.back();
  for (const int cutoff : cutoffs) {
    for (; t < cutoff; t += stride) {
      if (std::isnan(p_->targets[t])) continue;
      block(rows, 0) = 1.0;
      for (int j = 0; j < features; ++j) block(rows, j + 1) = y[t - lags[j]];
      block(rows, features + 1) = y[t];
      if (++rows == kBlockRows) {
        moments.Add(block);
        rows = 0;
      }
    }
    moments.Add(block.topRows(rows));
    rows = 0;
    const auto range = std::minmax_element(y.begin(), y.begin() + cutoff);
    const double margin =
        domain_ == Domain::kLog ? std::log(1.5) : 0.5 * (*range.second - *range.first);
    models_.push_back({.cutoff = cutoff,
                       .lags = lags,
                       .coefficients = SolveRidge(moments),
                       .lowest = *range.first - margin,
                       .highest = *range.second + margin});
  }
}

bool LagRidge::Predict(int origin, std::span<double> out) const {
  const Model* model = nullptr;
  for (const Model& m : models_) {
    if (m.cutoff <= origin) model = &m;
  }
  if (model == nullptr || model->coefficients.empty()) return false;
  const std::vector<double>& y = Source();
  const int longest = model->lags.back();
  if (origin < longest) return false;
  const int features = static_cast<int>(model->lags.size());
  // The last `longest` values, then the forecasts behind them.
  std::vector<double> run(static_cast<std::size_t>(longest) + out.size());
  std::copy(y.begin() + origin - longest, y.begin() + origin, run.begin());
  for (std::size_t h = 0; h < out.size(); ++h) {
    const std::size_t at = static_cast<std::size_t>(longest) + h;
    double value = model->coefficients[0];
    for (int j = 0; j < features; ++j) {
      value += model->coefficients[j + 1] * run[at - static_cast<std::size_t>(model->lags[j])];
    }
    run[at] = std::clamp(value, model->lowest, model->highest);
    const double level =
        domain_ == Domain::kLog ? std::exp(run[at]) - Prepared::kLogShift : run[at];
    out[h] = std::max(0.0, level);
  }
  return true;
}

}  // namespace tidewright
