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

void DirectRidge::Between(const Prepared& p, const Recent& recent, const Model& model,
                          std::size_t knot, int origin, std::span<float> out) const {
  const auto horizon = static_cast<int>(out.size());
  // Beyond the last knot that could be learned its coefficients hold on.
  const std::size_t next = std::min(knot + 1, model.knots.size() - 1);
  const int begin = model.knots[knot];
  const int end = knot == next ? horizon : std::min(horizon, model.knots[next]);
  const float per_step =
      knot == next ? 0.0F : 1.0F / static_cast<float>(model.knots[next] - begin);
  // What the features give at the knot, and what more of that by the next one.
  const Coefficients& here = model.coefficients[knot];
  Coefficients more = model.coefficients[next];
  for (std::size_t j = 0; j < more.size(); ++j) more[j] -= here[j];
  float known = here[0];
  float known_more = more[0];
  for (int j = 0; j < kRecent; ++j) {
    known += here[j + 1] * recent.deviations[j];
    known_more += more[j + 1] * recent.deviations[j];
  }
  if (p.season == 0) {
    const float base = recent.last_day;
    for (int h = begin; h < end; ++h) {
      const float share = static_cast<float>(h - begin) * per_step;
      out[h] = base + (known + here[5] * base) + share * (known_more + more[5] * base);
    }
    return;
  }
  // Run by run in which the places one season and one long season before are contiguous.
  const Track& track = TrackOf(p, domain_);
  for (int h = begin; h < end;) {
    int stop = std::min(end, (h / p.season + 1) * p.season);
    if (model.with_long) stop = std::min(stop, (h / p.long_season + 1) * p.long_season);
    const int place = Prepared::Before(origin, h, p.season);
    const float* shape = track.shape.data() + place;
    const float* last = track.y.data() + place;
    const float* lasting =  // what is not there deviates by nothing
        model.with_long ? track.y.data() + Prepared::Before(origin, h, p.long_season) : shape;
    float* __restrict to = out.data() + h;
    for (int i = 0; i < stop - h; ++i) {
      const float share = static_cast<float>(h - begin + i) * per_step;
      const float base = shape[i];
      const float day = last[i] - base;
      const float week = lasting[i] - base;
      const float nearer = known + here[5] * base + here[6] * day + here[7] * week;
      const float farther = known_more + more[5] * base + more[6] * day + more[7] * week;
      to[i] = base + nearer + share * farther;
    }
    h = stop;
  }
}

bool DirectRidge::Predict(const Prepared& p, int origin, std::span<float> out) const {
  const Model* model = nullptr;
  for (const Model& m : models_) {
    if (m.cutoff <= origin) model = &m;
  }
  if (model == nullptr || model->knots.empty() || model->knots[0] != 0) return false;
  if (origin < Earliest(p, model->with_long)) return false;
  const Recent recent = RecentAt(p, TrackOf(p, domain_), origin);
  const auto horizon = static_cast<int>(out.size());
  for (std::size_t k = 0; k < model->knots.size() && model->knots[k] < horizon; ++k) {
    Between(p, recent, *model, k, origin, out);
  }
  ToDemand(domain_, model->bounds, out);
  return true;
}

}  // namespace tidewright
