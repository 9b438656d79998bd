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
    knots.push_back(std::min({std::max(k + 1, 4 * k), k + 24 * hour, horizon - 1}));
  }
  return knots;
}

}  // namespace

int DirectRidge::Earliest(const Prepared& p, bool with_long) {
  const int season = p.season > 0 ? p.season : 1;
  return std::max({season + std::max(3, p.hour), with_long ? p.long_season : 0, p.hour, 3});
}

DirectRidge::Windows::Windows(const Prepared& p)
    : hour(std::max(3, p.hour)),
      quarter(std::max(2, p.hour / 4)),
      season(p.season),
      day(p.season > 0 ? p.season : 24 * p.hour),
      per_hour(1.0 / hour),
      per_quarter(1.0 / quarter) {}

DirectRidge::Recent DirectRidge::RecentAt(const Windows& w, const Track& track, int origin) {
  const double last_day = track.Mean(origin - w.day, origin);
  // Minus what the shape had where the recent values are.
  const auto deviation = [&](int steps, double per_steps) {
    const double seen = track.sums[origin] - track.sums[origin - steps];
    if (w.season == 0) return static_cast<float>(seen * per_steps - last_day);
    const double* shape = track.shape_sums.data() + origin - w.season;
    return static_cast<float>((seen - (shape[0] - shape[-steps])) * per_steps);
  };
  return {
      .last_day = static_cast<float>(last_day),
      .deviations = {
          deviation(1, 1.0), deviation(w.quarter, w.per_quarter), deviation(w.hour, w.per_hour),
          static_cast<float>(
              w.season > 0 ? last_day - track.ShapeMean(origin - 2 * w.season, origin - w.season)
                           : track.Mean(origin - 6 * w.hour, origin) - last_day)}};
}

DirectRidge::Rows DirectRidge::RowsFor(const Prepared& p, const Track& track, bool with_long,
                                       int cutoff) {
  Rows rows{.earliest = Earliest(p, with_long), .stride = 1, .last_day = {}, .deviations = {}};
  rows.stride = std::max(1 + (cutoff - rows.earliest) / kMaximumRows, p.hour / 4);
  const Windows windows(p);
  const auto count =
      static_cast<std::size_t>(std::max(0, cutoff - rows.earliest) / rows.stride + 1);
  rows.last_day.reserve(count);
  for (auto& column : rows.deviations) column.reserve(count);
  for (int origin = rows.earliest; origin < cutoff; origin += rows.stride) {
    const Recent recent = RecentAt(windows, track, origin);
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
  double penalty = 0;  // chosen at the first cutoff, it serves the later ones too
  const auto all = static_cast<int>(rows.last_day.size());
  int begin = 0;
  for (std::size_t m = first; m < last; ++m) {
    Model& model = models_[m];
    int end = (model.cutoff - knot - rows.earliest + rows.stride - 1) / rows.stride;
    end = std::clamp(end, begin, all);
    const int count = end - begin;
    // Of the place that is forecast: base, last, lasting, target; and whether it was seen.
    std::array<float, kMaximumRows + 1> place[kFeatures - kRecent + 2];
    for (int i = 0; i < count; ++i) {
      const int row = begin + i;
      const int at = rows.earliest + row * rows.stride + knot;
      const float base = back > 0 ? track.shape[at - back] : rows.last_day[row];
      place[0][i] = base;
      place[1][i] = back > 0 ? track.y[at - back] - base : 0.0F;
      place[2][i] = long_back > 0 ? track.y[at - long_back] - base : 0.0F;
      place[3][i] = track.y[at] - base;
      place[4][i] = std::isnan(p.targets[at]) ? 0.0F : 1.0F;
    }
    const float* columns[kFeatures + 1];
    for (int j = 0; j < kRecent; ++j) columns[j] = rows.deviations[j].data() + begin;
    for (int j = kRecent; j <= kFeatures; ++j) columns[j] = place[j - kRecent].data();
    moments.Add(columns, count, place[4].data());
    begin = end;
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
  const float per_step = knot == next ? 0.0F : 1.0F / static_cast<float>(model.knots[next] - begin);
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
  const Recent recent = RecentAt(Windows(p), TrackOf(p, domain_), origin);
  const auto horizon = static_cast<int>(out.size());
  for (std::size_t k = 0; k < model->knots.size() && model->knots[k] < horizon; ++k) {
    Between(p, recent, *model, k, origin, out);
  }
  ToDemand(domain_, model->bounds, out);
  return true;
}

}  // namespace tidewright
