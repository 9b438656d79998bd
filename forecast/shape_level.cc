#include "forecast/shape_level.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "forecast/ridge_solver.h"

namespace tidewright {
namespace {

constexpr int kLags = 3;
constexpr int kBlocks = 14;     // of the shape
constexpr double kDecay = 0.9;  // of a block's weight, per block
constexpr double kSameDay = 3;  // a block's weight at the same place of the long season, times this
constexpr int kRowsPerSeason = 12;
constexpr int kFewestSeasons = 3;  // of rows; overlapping blocks are no independent rows
// A block's level is kept within this factor of what the last blocks had.
constexpr double kLogMargin = 0.7;

double LogLevel(const Prepared& p, int end) {
  return std::log(p.level.Mean(end - p.season, end) + Prepared::kLogShift);
}

int BlocksInLongSeason(const Prepared& p) {
  return p.long_season > 0 ? p.long_season / p.season : 0;
}

// A divisor of the season that gives about kRowsPerSeason rows.
int Stride(int season) {
  int stride = std::max(1, season / kRowsPerSeason);
  while (season % stride != 0) --stride;
  return stride;
}

}  // namespace

void ShapeLevel::Fit(const Prepared& p, const std::vector<int>& cutoffs, int) {
  models_.clear();
  const int blocks = BlocksInLongSeason(p);
  const int stride = Stride(p.season);
  const int per_season = p.season / stride;
  for (const int cutoff : cutoffs) {
    Model model{.cutoff = cutoff, .with_long = false, .coefficients = {}};
    model.with_long = blocks > kLags && cutoff > (blocks + 5) * p.season;
    std::vector<double> levels;  // newest first
    levels.reserve(static_cast<std::size_t>(cutoff / stride + 1));
    for (int end = cutoff; end - p.season >= 0; end -= stride) levels.push_back(LogLevel(p, end));
    const int longest = (model.with_long ? blocks : kLags) * per_season;
    if (static_cast<int>(levels.size()) >= longest + kFewestSeasons * kRowsPerSeason) {
      const std::size_t rows = levels.size() - static_cast<std::size_t>(longest);
      // In differences to the last block, so that an unknown future is the last block again.
      const int features = kLags + (model.with_long ? 1 : 0);
      std::array<std::vector<float>, kLags + 2> columns;
      const float* pointers[kLags + 2];
      for (int j = 0; j <= features; ++j) {
        columns[j].resize(rows);
        pointers[j] = columns[j].data();
      }
      for (std::size_t i = 0; i < rows; ++i) {
        const double* at = levels.data() + i;
        const double base = at[per_season];
        columns[0][i] = static_cast<float>(base);
        for (int k = 2; k <= kLags; ++k) {
          columns[k - 1][i] = static_cast<float>(at[k * per_season] - base);
        }
        if (model.with_long) columns[kLags][i] = static_cast<float>(at[blocks * per_season] - base);
        columns[features][i] = static_cast<float>(at[0] - base);
      }
      Moments moments(features);
      moments.Add({pointers, static_cast<std::size_t>(features) + 1}, static_cast<int>(rows));
      model.coefficients = moments.Solve().coefficients;
    }
    models_.push_back(std::move(model));
  }
}

std::vector<double> ShapeLevel::Levels(const Prepared& p, const Model& model, int origin,
                                       int ahead) {
  const int blocks = BlocksInLongSeason(p);
  const int past = std::min(origin / p.season, std::max(blocks, kLags));
  std::vector<double> levels;
  levels.reserve(static_cast<std::size_t>(past + ahead));
  for (int k = past; k >= 1; --k) levels.push_back(LogLevel(p, origin - (k - 1) * p.season));
  const auto [low, high] = std::minmax_element(levels.begin(), levels.end());
  const double lowest = *low - kLogMargin;
  const double highest = *high + kLogMargin;
  const auto& c = model.coefficients;
  for (int a = 0; a < ahead; ++a) {
    const std::size_t m = levels.size();
    const double base = levels[m - 1];
    double next = base;
    if (!c.empty()) {
      next += c[0] + c[1] * base;
      for (std::size_t k = 2; k <= kLags; ++k) next += c[k] * (levels[m - k] - base);
      if (model.with_long)
        next += c[kLags + 1] * (levels[m - static_cast<std::size_t>(blocks)] - base);
    }
    levels.push_back(std::clamp(next, lowest, highest));
  }
  return levels;
}

bool ShapeLevel::Predict(const Prepared& p, int origin, std::span<float> out) const {
  const Model* model = nullptr;
  for (const Model& m : models_) {
    if (m.cutoff <= origin) model = &m;
  }
  const int season = p.season;
  if (model == nullptr || origin < (kLags + 1) * season) return false;
  const int blocks = BlocksInLongSeason(p);
  const int horizon = static_cast<int>(out.size());
  const int ahead = (horizon - 1) / season + 1;
  const std::vector<double> levels = Levels(p, *model, origin, ahead);
  for (int a = 0; a < ahead; ++a) {
    const int begin = a * season;
    const int end = std::min(horizon, begin + season);
    std::fill(out.begin() + begin, out.begin() + end, 0.0F);
    double total = 0;
    double weight = 1;
    for (int b = 0; b < kBlocks && origin - (b + 1) * season >= 0; ++b, weight *= kDecay) {
      const bool same_day = blocks > 1 && (a + 1 + b) % blocks == 0;
      const auto w = static_cast<float>(same_day ? kSameDay * weight : weight);
      total += w * p.level.Mean(origin - (b + 1) * season, origin - b * season);
      const float* from = p.level.y.data() + origin - (b + 1) * season - begin;
      for (int h = begin; h < end; ++h) out[static_cast<std::size_t>(h)] += w * from[h];
    }
    const double level = std::exp(levels[levels.size() - static_cast<std::size_t>(ahead - a)]);
    const auto factor =
        static_cast<float>(total > 0 ? std::max(0.0, level - Prepared::kLogShift) / total : 0.0);
    for (int h = begin; h < end; ++h) out[static_cast<std::size_t>(h)] *= factor;
  }
  return true;
}

}  // namespace tidewright
