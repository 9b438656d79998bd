#include "forecast/direct_ridge.h"

#include <algorithm>
#include <cmath>

#include "forecast/ridge_solver.h"

namespace tidewright {
namespace {

constexpr int kMaximumRows = 640;

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

DirectRidge::Rows DirectRidge::RowsFor(const Prepared& p, const Track& track, bool with_long,
                                       int cutoff) {
  Rows rows{.earliest = Earliest(p, with_long), .stride = 1, .last_day = {}, .deviations = {}};
  rows.stride = std::max(1 + (cutoff - rows.earliest) / kMaximumRows, p.hour / 4);
  for (int origin = rows.earliest; origin < cutoff; origin += rows.stride) {
    const Recent recent = RecentAt(p, track, origin);
    rows.last_day.push_back(recent.last_day);
    for (int j = 0; j < kRecent; ++j) rows.deviations[j].push_back(recent.deviations[j]);
  }
  return rows;
}

void DirectRidge::FitKnot(const Prepared& p, int knot, const Rows& rows, std::size_t first,
                          std::size_t last) {
  const Track& track = TrackOf(p, domain_);
  const bool with_long = models_[first].with_long;
  const int back = p.season > 0 ? (knot / p.season + 1) * p.season : 0;
  const int long_back = with_long ? (knot / p.long_season + 1) * p.long_season : 0;
  Moments moments(kFeatures);
  Eigen::MatrixXf z(rows.last_day.size(), kFeatures + 1);
  double penalty = 0;  // chosen at the first cutoff, it serves the later ones too
  std::size_t i = 0;
  for (std::size_t m = first; m < last; ++m) {
    Model& model = models_[m];
    Eigen::Index count = 0;
    for (; i < rows.last_day.size(); ++i) {
      const int at = rows.earliest + static_cast<int>(i) * rows.stride + knot;
      if (at >= model.cutoff) break;
      if (std::isnan(p.targets[at])) continue;
      const float base = back > 0 ? track.shape[at - back] : rows.last_day[i];
      for (int j = 0; j < kRecent; ++j) z(count, j) = rows.deviations[j][i];
      z(count, 4) = base;
      z(count, 5) = back > 0 ? track.y[at - back] - base : 0.0F;
      z(count, 6) = long_back > 0 ? track.y[at - long_back] - base : 0.0F;
      z(count, 7) = track.y[at] - base;
      ++count;
    }
    moments.Add(z.topRows(count));
    const Ridge ridge = moments.Solve(penalty);
    if (ridge.coefficients.empty()) continue;
    penalty = ridge.penalty;
    model.knots.push_back(knot);
    std::copy(ridge.coefficients.begin(), ridge.coefficients.end(),
              model.coefficients.emplace_back().begin());
  }
}

void DirectRidge::FitModels(const Prepared& p, std::size_t first, std::size_t last, int horizon) {
  if (first == last) return;
  const Rows rows =
      RowsFor(p, TrackOf(p, domain_), models_[first].with_long, models_[last - 1].cutoff);
  for (const int knot : Knots(horizon, p.hour)) FitKnot(p, knot, rows, first, last);
}

void DirectRidge::Fit(const Prepared& p, const std::vector<int>& cutoffs, int horizon) {
  models_.clear();
  std::size_t without_long = 0;
  for (const int cutoff : cutoffs) {
    // A long season needs half of itself in rows to be learned.
    const bool with_long = p.long_season > 0 && cutoff >= p.long_season + p.long_season / 2;
    without_long += with_long ? 0 : 1;
    models_.push_back({.cutoff = cutoff,
                       .with_long = with_long,
                       .knots = {},
                       .coefficients = {},
                       .bounds = BoundsOf(TrackOf(p, domain_), cutoff, domain_)});
  }
  FitModels(p, 0, without_long, horizon);
  FitModels(p, without_long, models_.size(), horizon);
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
