#include "forecast/direct_ridge.h"

#include <algorithm>
#include <cmath>

#include "forecast/ridge_solver.h"

namespace tidewright {
namespace {

constexpr int kShapeSeasons = 7;
constexpr int kMaximumRows = 2000;

}  // namespace

int DirectRidge::Earliest(bool with_long) const {
  const int season = p_->season > 0 ? p_->season : 1;
  return std::max({season + p_->hour, with_long ? p_->long_season : 0, p_->hour, 3});
}

double DirectRidge::Mean(int begin, int end) const {
  begin = std::max(begin, 0);
  return end > begin ? (sums_[end] - sums_[begin]) / (end - begin) : 0.0;
}

double DirectRidge::ShapeMean(int begin, int end) const {
  begin = std::max(begin, 0);
  return end > begin ? (shape_sums_[end] - shape_sums_[begin]) / (end - begin) : 0.0;
}

double DirectRidge::Fill(int origin, int ahead, bool with_long, double* row) const {
  const int hour = std::max(3, p_->hour);
  const int quarter = std::max(2, hour / 4);
  const int season = p_->season;
  const double last_day = Mean(origin - (season > 0 ? season : 24 * p_->hour), origin);
  const int place = season > 0 ? origin + ahead - (ahead / season + 1) * season : 0;
  const double base = season > 0 ? shape_[place] : last_day;
  // What the shape had where the recent values are.
  const auto usual = [&](int steps) {
    return season > 0 ? ShapeMean(origin - steps - season, origin - season) : last_day;
  };
  row[0] = 1.0;
  row[1] = (*y_)[origin - 1] - usual(1);
  row[2] = Mean(origin - quarter, origin) - usual(quarter);
  row[3] = Mean(origin - hour, origin) - usual(hour);
  row[4] = season > 0 ? last_day - ShapeMean(origin - 2 * season, origin - season)
                      : Mean(origin - 6 * hour, origin) - last_day;
  row[5] = base;
  row[6] = season > 0 ? (*y_)[place] - base : 0.0;
  row[7] = 0.0;
  if (with_long) {
    const int long_season = p_->long_season;
    row[7] = (*y_)[origin + ahead - (ahead / long_season + 1) * long_season] - base;
  }
  return base;
}

void DirectRidge::Fit(const Prepared& p, const std::vector<int>& cutoffs, int horizon) {
  p_ = &p;
  y_ = domain_ == Domain::kLog ? &p.logs : &p.values;
  models_.clear();
  knots_.clear();
  for (int k = 0; k < horizon; k = std::min(std::max(k + 1, k * 3 / 2), k + 4 * p.hour)) {
    knots_.push_back(k);
  }
  if (knots_.back() != horizon - 1) knots_.push_back(horizon - 1);
  const int n = p.size();
  shape_.assign(static_cast<std::size_t>(n), 0.0);
  sums_.assign(static_cast<std::size_t>(n) + 1, 0.0);
  shape_sums_.assign(static_cast<std::size_t>(n) + 1, 0.0);
  for (int i = 0; i < n; ++i) {
    int count = 0;
    for (int j = i; j >= 0 && count < kShapeSeasons; j -= p.season) {
      shape_[i] += (*y_)[j];
      ++count;
      if (p.season == 0) break;
    }
    shape_[i] /= count;
    sums_[i + 1] = sums_[i] + (*y_)[i];
    shape_sums_[i + 1] = shape_sums_[i] + shape_[i];
  }
  // A long season needs half of itself in rows to be learned.
  const int needed = p.long_season + p.long_season / 2;
  const auto split =
      p.long_season > 0 ? std::lower_bound(cutoffs.begin(), cutoffs.end(), needed) : cutoffs.end();
  FitKnots({cutoffs.begin(), split}, false);
  FitKnots({split, cutoffs.end()}, true);
}

void DirectRidge::FitKnots(const std::vector<int>& cutoffs, bool with_long) {
  if (cutoffs.empty()) return;
  const std::size_t first = models_.size();
  const int earliest = Earliest(with_long);
  const int stride = std::max(1 + (cutoffs.back() - earliest) / kMaximumRows, p_->hour / 4);
  for (const int cutoff : cutoffs) {
    const auto range = std::minmax_element(y_->begin(), y_->begin() + cutoff);
    const double margin =
        domain_ == Domain::kLog ? std::log(1.5) : 0.5 * (*range.second - *range.first);
    models_.push_back({.cutoff = cutoff,
                       .with_long = with_long,
                       .coefficients = {},
                       .lowest = *range.first - margin,
                       .highest = *range.second + margin});
  }
  // Rows are wanted column by column in one block per stretch between cutoffs.
  Eigen::MatrixXd block(kMaximumRows + 2, kFeatures + 1);
  double row[kFeatures];
  for (const int knot : knots_) {
    Moments moments(kFeatures - 1);
    int origin = earliest;
    for (std::size_t c = 0; c < cutoffs.size(); ++c) {
      int rows = 0;
      for (; origin + knot < cutoffs[c]; origin += stride) {
        if (std::isnan(p_->targets[origin + knot])) continue;
        const double base = Fill(origin, knot, with_long, row);
        for (int j = 0; j < kFeatures; ++j) block(rows, j) = row[j];
        block(rows, kFeatures) = (*y_)[origin + knot] - base;
        ++rows;
      }
      moments.Add(block.topRows(rows));
      models_[first + c].coefficients.push_back(SolveRidge(moments));
    }
  }
}

bool DirectRidge::Predict(int origin, std::span<double> out) const {
  const Model* model = nullptr;
  for (const Model& m : models_) {
    if (m.cutoff <= origin) model = &m;
  }
  if (model == nullptr || model->coefficients[0].empty()) return false;
  if (origin < Earliest(model->with_long)) return false;
  double row[kFeatures];
  std::size_t knot = 0;
  for (int h = 0; h < static_cast<int>(out.size()); ++h) {
    while (knot + 2 < knots_.size() && knots_[knot + 1] <= h) ++knot;
    const std::size_t next = std::min(knot + 1, knots_.size() - 1);
    const auto& a = model->coefficients[knot];
    if (a.empty()) return false;
    // Too little history for the longer horizon: the shorter one's coefficients hold on.
    const auto& b = model->coefficients[next].empty() ? a : model->coefficients[next];
    const double gap = std::max(1, knots_[next] - knots_[knot]);
    const double share = std::clamp((h - knots_[knot]) / gap, 0.0, 1.0);
    double value = Fill(origin, h, model->with_long, row);
    for (std::size_t j = 0; j < kFeatures; ++j) {
      value += (a[j] + share * (b[j] - a[j])) * row[j];
    }
    value = std::clamp(value, model->lowest, model->highest);
    if (domain_ == Domain::kLog) value = std::exp(value) - Prepared::kLogShift;
    out[static_cast<std::size_t>(h)] = std::max(0.0, value);
  }
  return true;
}

}  // namespace tidewright
