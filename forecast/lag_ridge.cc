#include "forecast/lag_ridge.h"

#include <algorithm>
#include <cmath>

#include "forecast/ridge_solver.h"

namespace tidewright {
namespace {

// More rows are thinned out to about these many: a regression on twenty lags learns no more from
// them.
constexpr int kMaximumRows = 2048;
constexpr int kShortLags = 3;

std::vector<int> LagsFor(const Prepared& p, int cutoff) {
  std::vector<int> lags = {1, 2, kShortLags};
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

std::vector<float> Learn(const Prepared& p, const std::vector<float>& y,
                         const std::vector<int>& lags, int cutoff) {
  const int stride = 1 + (cutoff - lags.back()) / kMaximumRows;
  std::vector<int> rows;
  for (int t = lags.back(); t < cutoff; t += stride) {
    if (!std::isnan(p.targets[t])) rows.push_back(t);
  }
  const auto count = static_cast<Eigen::Index>(rows.size());
  const auto features = static_cast<Eigen::Index>(lags.size());
  Eigen::MatrixXf z(count, features + 1);
  for (Eigen::Index j = 0; j <= features; ++j) {
    const int lag = j < features ? lags[static_cast<std::size_t>(j)] : 0;
    float* column = z.col(j).data();
    for (Eigen::Index i = 0; i < count; ++i) column[i] = y[rows[static_cast<std::size_t>(i)] - lag];
  }
  return SolveRidge(z);
}

}  // namespace

void LagRidge::Fit(const Prepared& p, const std::vector<int>& cutoffs, int) {
  const Track& track = TrackOf(p, domain_);
  models_.clear();
  for (const int cutoff : cutoffs) {
    Model model{.cutoff = cutoff, .lags = LagsFor(p, cutoff), .coefficients = {}, .bounds = {}};
    model.coefficients = Learn(p, track.y, model.lags, cutoff);
    model.bounds = BoundsOf(track, cutoff, domain_);
    models_.push_back(std::move(model));
  }
}

bool LagRidge::Predict(const Prepared& p, int origin, std::span<float> out) const {
  const Model* model = nullptr;
  for (const Model& m : models_) {
    if (m.cutoff <= origin) model = &m;
  }
  if (model == nullptr || model->coefficients.empty()) return false;
  const std::vector<float>& y = TrackOf(p, domain_).y;
  const int longest = model->lags.back();
  if (origin < longest) return false;
  const int horizon = static_cast<int>(out.size());
  // The last `longest` values, then the forecasts behind them.
  std::vector<float> run(static_cast<std::size_t>(longest + horizon));
  std::copy(y.begin() + origin - longest, y.begin() + origin, run.begin());
  const float* c = model->coefficients.data() + 1;
  // What lies further back than a stretch of the horizon is known for all of it at once.
  const auto lags = static_cast<int>(model->lags.size());
  const int stretch = lags > kShortLags ? model->lags[kShortLags] : horizon;
  for (int begin = 0; begin < horizon; begin += stretch) {
    const int end = std::min(horizon, begin + stretch);
    float* at = run.data() + longest;
    std::fill(at + begin, at + end, model->coefficients[0]);
    for (int j = kShortLags; j < lags; ++j) {
      const float coefficient = c[j];
      const float* from = at - model->lags[j];
      for (int h = begin; h < end; ++h) at[h] += coefficient * from[h];
    }
    for (int h = begin; h < end; ++h) {
      const float value = at[h] + c[1] * at[h - 2] + c[2] * at[h - 3] + c[0] * at[h - 1];
      at[h] = std::clamp(value, model->bounds.lowest, model->bounds.highest);
    }
  }
  std::copy(run.begin() + longest, run.end(), out.begin());
  ToDemand(domain_, out);
  return true;
}

}  // namespace tidewright
