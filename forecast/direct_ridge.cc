#include "forecast/direct_ridge.h"

#include <algorithm>
#include <cmath>

#include "forecast/ridge_solver.h"

namespace tidewright {
namespace {

constexpr int kMaximumRows = 768;

std::vector<int> Knots(int horizon, int hour) {
  std::vector<int> knots = {0};
  while (knots.back() < horizon - 1) {
    const int k = knots.back();
    knots.push_back(std::min({std::max(k + 1, 2 * k), k + 12 * hour, horizon - 1}));
  }
  return knots;
}

}  // namespace

int DirectRidge::Earliest(const Prepared& p, bool with_long) {
  const int season = p.season > 0 ? p.season : 1;
  return std::max({season + p.hour, with_long ? p.long_season : 0, p.hour, 3});
}

DirectRidge::Recent DirectRidge::RecentAt(const Prepared& p, const Track& track, int origin) {
  const int hour = std::max(3, p.hour);
  const int quarter = std::max(2, p.hour / 4);
  const int season = p.season;
  const double last_day = track.Mean(origin - (season > 0 ? season : 24 * p.hour), origin);
  // What the shape had where the recent values are.
  const auto usual = [&](int steps) {
    return season > 0 ? track.ShapeMean(origin - steps - season, origin - season) : last_day;
  };
  Recent out{.last_day = static_cast<float>(last_day), .deviations = {}};
  out.deviations[0] = static_cast<float>(track.y[origin - 1] - usual(1));
  out.deviations[1] = static_cast<float>(track.Mean(origin - quarter, origin) - usual(quarter));
  out.deviations[2] = static_cast<float>(track.Mean(origin - hour, origin) - usual(hour));
  out.deviations[3] = static_cast<float>(
      season > 0 ? last_day - track.ShapeMean(origin - 2 * season, origin - season)
                 : track.Mean(origin - 6 * hour, origin) - last_day);
  return out;
}

void DirectRidge::FitKnot(const Prepared& p, int knot, const std::vector<Recent>& recent,
                          int earliest, int stride, Model& model) const {
  const Track& track = TrackOf(p, domain_);
  Eigen::MatrixXf z(static_cast<Eigen::Index>(recent.size()), kFeatures + 1);
  Eigen::Index rows = 0;
  for (std::size_t i = 0; i < recent.size(); ++i) {
    const int origin = earliest + static_cast<int>(i) * stride;
    const int at = origin + knot;
    if (at >= model.cutoff) break;
    if (std::isnan(p.targets[at])) continue;
    float base = recent[i].last_day;
    float last = 0;
    float lasting = 0;
    if (p.season > 0) {
      const int place = Prepared::Before(origin, knot, p.season);
      base = track.shape[place];
      last = track.y[place] - base;
    }
    if (model.with_long) lasting = track.y[Prepared::Before(origin, knot, p.long_season)] - base;
    for (int j = 0; j < kRecent; ++j) z(rows, j) = recent[i].deviations[j];
    z(rows, 4) = base;
    z(rows, 5) = last;
    z(rows, 6) = lasting;
    z(rows, 7) = track.y[at] - base;
    ++rows;
  }
  const std::vector<float> solved = SolveRidge(z.topRows(rows));
  if (solved.empty()) return;
  Coefficients coefficients;
  std::copy(solved.begin(), solved.end(), coefficients.begin());
  model.knots.push_back(knot);
  model.coefficients.push_back(coefficients);
}

void DirectRidge::Fit(const Prepared& p, const std::vector<int>& cutoffs, int horizon) {
  const Track& track = TrackOf(p, domain_);
  models_.clear();
  for (const int cutoff : cutoffs) {
    // A long season needs half of itself in rows to be learned.
    const bool with_long = p.long_season > 0 && cutoff >= p.long_season + p.long_season / 2;
    Model model{.cutoff = cutoff,
                .with_long = with_long,
                .knots = {},
                .coefficients = {},
                .bounds = BoundsOf(track, cutoff, domain_)};
    const int earliest = Earliest(p, with_long);
    const int stride = std::max(1 + (cutoff - earliest) / kMaximumRows, p.hour / 4);
    std::vector<Recent> recent;
    for (int origin = earliest; origin < cutoff; origin += stride) {
      recent.push_back(RecentAt(p, track, origin));
    }
    for (const int knot : Knots(horizon, p.hour)) {
      FitKnot(p, knot, recent, earliest, stride, model);
    }
    models_.push_back(std::move(model));
  }
}

bool DirectRidge::Predict(const Prepared& p, int origin, std::span<float> out) const {
  const Model* model = nullptr;
  for (const Model& m : models_) {
    if (m.cutoff <= origin) model = &m;
  }
  if (model == nullptr || model->knots.empty() || model->knots[0] != 0) return false;
  if (origin < Earliest(p, model->with_long)) return false;
  const Track& track = TrackOf(p, domain_);
  const Recent recent = RecentAt(p, track, origin);
  const int horizon = static_cast<int>(out.size());
  for (std::size_t k = 0; k < model->knots.size() && model->knots[k] < horizon; ++k) {
    // Beyond the last knot that could be learned its coefficients hold on.
    const std::size_t next = std::min(k + 1, model->knots.size() - 1);
    const int begin = model->knots[k];
    const int end = k == next ? horizon : std::min(horizon, model->knots[next]);
    const Coefficients& a = model->coefficients[k];
    const Coefficients& b = model->coefficients[next];
    float from = a[0];
    float to = b[0];
    for (int j = 0; j < kRecent; ++j) {
      from += a[j + 1] * recent.deviations[j];
      to += b[j + 1] * recent.deviations[j];
    }
    const float width = k == next ? 1.0F : static_cast<float>(model->knots[next] - begin);
    // Stretch by stretch in which the places one season and one long season before are contiguous.
    for (int h = begin; h < end;) {
      int stop = end;
      if (p.season > 0) stop = std::min(stop, (h / p.season + 1) * p.season);
      if (model->with_long) stop = std::min(stop, (h / p.long_season + 1) * p.long_season);
      const float* y = track.y.data();
      const float* shape = track.shape.data();
      const int place = p.season > 0 ? Prepared::Before(origin, h, p.season) : 0;
      const int long_place = model->with_long ? Prepared::Before(origin, h, p.long_season) : 0;
      for (int i = 0; i < stop - h; ++i) {
        const float share = static_cast<float>(h + i - begin) / width;
        const float base = p.season > 0 ? shape[place + i] : recent.last_day;
        const float last = p.season > 0 ? y[place + i] - base : 0.0F;
        const float lasting = model->with_long ? y[long_place + i] - base : 0.0F;
        const float nearer = from + a[5] * base + a[6] * last + a[7] * lasting;
        const float farther = to + b[5] * base + b[6] * last + b[7] * lasting;
        const float value = base + nearer + share * (farther - nearer);
        out[static_cast<std::size_t>(h + i)] =
            std::clamp(value, model->bounds.lowest, model->bounds.highest);
      }
      h = stop;
    }
  }
  ToDemand(domain_, out);
  return true;
}

}  // namespace tidewright
