#include "forecast/lag_ridge.h"

#include <algorithm>
#include <cmath>

#include "forecast/lanes.h"
#include "forecast/ridge_solver.h"

namespace tidewright {
namespace {

// More rows are thinned out to about these many: a regression on twenty lags learns no more from
// them.
constexpr int kMaximumRows = 1024;
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

// to[i] += times·from[i]; the two do not overlap.
void AddTimes(float times, const float* from, int count, float* __restrict to) {
  for (int i = 0; i < count; ++i) to[i] += times * from[i];
}

// y(t) = u(t) + a·y(t − 1) + b·y(t − 2) + c·y(t − 3), kLanes steps at once: what each u and each
// value before adds to the steps that follow.
struct Recursion {
  explicit Recursion(const float* c) {
    float response[kLanes] = {1};
    for (int i = 1; i < kLanes; ++i) {
      for (int k = 0; k < std::min(i, kShortLags); ++k) response[i] += c[k] * response[i - 1 - k];
    }
    for (int i = 0; i < kLanes; ++i) {
      for (int j = 0; j <= i; ++j) of_input[j][i] = response[i - j];
      for (int k = 0; k < kShortLags; ++k) {
        // y(−1 − k) is in step j's sum with coefficient c[k + j].
        for (int j = 0; j <= i && k + j < kShortLags; ++j) {
          of_before[k][i] += c[k + j] * response[i - j];
        }
      }
    }
  }

  // `to` holds u and gets y; before[k] is y(−1 − k).
  void Run(const Bounds& bounds, float (&before)[kShortLags], float* to) const {
    const Floats u = Load(to);
    Floats y = Splat(u[0]) * of_input[0] + Splat(u[1]) * of_input[1] +
               (Splat(u[2]) * of_input[2] + Splat(u[3]) * of_input[3]);
    y += Splat(before[2]) * of_before[2];
    y += Splat(before[1]) * of_before[1];
    y += Splat(before[0]) * of_before[0];
    y = Clamp(y, Splat(bounds.lowest), Splat(bounds.highest));
    Store(y, to);
    for (int k = 0; k < kShortLags; ++k) before[k] = y[kLanes - 1 - k];
  }

  Floats of_input[kLanes] = {};
  Floats of_before[kShortLags] = {};
};

}  // namespace

void LagRidge::Fit(const Prepared& p, const std::vector<int>& cutoffs, int) {
  const Track& track = TrackOf(p, domain_);
  models_.clear();
  for (const int cutoff : cutoffs) {
    models_.push_back({.cutoff = cutoff,
                       .lags = LagsFor(p, cutoff),
                       .coefficients = {},
                       .bounds = BoundsOf(track, cutoff, domain_)});
  }
  for (std::size_t first = 0; first < models_.size();) {
    std::size_t last = first + 1;
    while (last < models_.size() && models_[last].lags == models_[first].lags) ++last;
    FitModels(p, first, last);
    first = last;
  }
}

void LagRidge::FitModels(const Prepared& p, std::size_t first, std::size_t last) {
  const std::vector<float>& y = TrackOf(p, domain_).y;
  const std::vector<int>& lags = models_[first].lags;
  const int stride = 1 + (models_[last - 1].cutoff - lags.back()) / kMaximumRows;
  Moments moments(static_cast<int>(lags.size()));
  double penalty = 0;  // chosen at the first cutoff, it serves the later ones too
  int t = lags.back();
  for (std::size_t m = first; m < last; ++m) {
    const int rows = std::max(0, (models_[m].cutoff - t + stride - 1) / stride);
    std::vector<float> seen(static_cast<std::size_t>(rows));
    for (int i = 0; i < rows; ++i) seen[i] = std::isnan(p.targets[t + i * stride]) ? 0.0F : 1.0F;
    std::vector<float> values;
    const float* columns[Moments::kMostFeatures + 1];
    if (stride > 1) values.resize((lags.size() + 1) * seen.size());
    for (std::size_t j = 0; j <= lags.size(); ++j) {
      const float* from = y.data() + t - (j < lags.size() ? lags[j] : 0);
      columns[j] = from;
      if (stride == 1) continue;
      float* column = values.data() + j * seen.size();
      for (int i = 0; i < rows; ++i) column[i] = from[i * stride];
      columns[j] = column;
    }
    moments.Add({columns, lags.size() + 1}, rows, seen.data());
    t += rows * stride;
    const Ridge ridge = moments.Solve(penalty);
    models_[m].coefficients = ridge.coefficients;
    penalty = ridge.penalty;
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
  const float* c = model->coefficients.data() + 1;
  const float* before = y.data() + origin;
  float* at = out.data();
  // What lies further back than the horizon is known for all of it, what lies further back than a
  // stretch for all of that.
  const auto lags = static_cast<int>(model->lags.size());
  const int stretch = lags > kShortLags ? model->lags[kShortLags] : horizon;
  int within = kShortLags;
  while (within < lags && model->lags[within] < horizon) ++within;
  std::fill(at, at + horizon, model->coefficients[0]);
  for (int j = within; j < lags; ++j) AddTimes(c[j], before - model->lags[j], horizon, at);
  const Recursion recursion(c);
  float last[kShortLags] = {before[-1], before[-2], before[-3]};
  for (int begin = 0; begin < horizon; begin += stretch) {
    const int end = std::min(horizon, begin + stretch);
    for (int j = kShortLags; j < within; ++j) {
      const int lag = model->lags[j];
      const int observed = std::clamp(lag, begin, end);
      AddTimes(c[j], before + begin - lag, observed - begin, at + begin);
      AddTimes(c[j], at + observed - lag, end - observed, at + observed);
    }
    int h = begin;
    for (; h + kLanes <= end; h += kLanes) recursion.Run(model->bounds, last, at + h);
    for (; h < end; ++h) {
      const float value = at[h] + c[1] * last[1] + c[2] * last[2] + c[0] * last[0];
      last[2] = last[1];
      last[1] = last[0];
      last[0] = at[h] = std::clamp(value, model->bounds.lowest, model->bounds.highest);
    }
  }
  ToDemand(domain_, out);
  return true;
}

}  // namespace tidewright
