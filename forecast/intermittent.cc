#include "forecast/intermittent.h"

#include <algorithm>

namespace tidewright {
namespace {

constexpr float kNoDemand = 1e-6F;  // of the mean
constexpr float kFewestZeros = 1.0F / 3.0F;
// Of one place of the season, seen once a season; without one, of each step of the last hours.
constexpr float kSeasonalAlpha = 0.3F;
constexpr float kSeasonalBeta = 0.3F;
constexpr float kAlpha = 0.02F;
constexpr float kBeta = 0.05F;
constexpr int kSeasons = 7;

struct Smoothed {
  float probability = 0;
  float size = 0;
  bool seen = false;

  void Add(float y, float alpha, float beta) {
    const bool demand = y > kNoDemand;
    probability += (seen ? alpha : 1.0F) * ((demand ? 1.0F : 0.0F) - probability);
    if (demand) size = size > 0 ? size + beta * (y - size) : y;
    seen = true;
  }
};

}  // namespace

bool Intermittent::Suits(const Prepared& p) {
  const auto zeros =
      std::count_if(p.level.y.begin(), p.level.y.end(), [](float y) { return y <= kNoDemand; });
  return zeros < p.size() &&
         static_cast<float>(zeros) >= kFewestZeros * static_cast<float>(p.size());
}

void Intermittent::Fit(const Prepared&, const std::vector<int>&, int) {}

bool Intermittent::Predict(const Prepared& p, int origin, std::span<float> out) const {
  const int horizon = static_cast<int>(out.size());
  if (p.season == 0) {
    if (origin < 2) return false;
    Smoothed state;
    for (int i = std::max(0, origin - 24 * p.hour); i < origin; ++i) {
      state.Add(p.level.y[i], kAlpha, kBeta);
    }
    std::fill(out.begin(), out.end(), state.probability * state.size);
    return true;
  }
  if (origin < p.season) return false;
  for (int h = 0; h < std::min(horizon, p.season); ++h) {
    const int last = origin + h - p.season;
    Smoothed state;
    for (int k = kSeasons - 1; k >= 0; --k) {
      const int at = last - k * p.season;
      if (at >= 0) state.Add(p.level.y[at], kSeasonalAlpha, kSeasonalBeta);
    }
    out[static_cast<std::size_t>(h)] = state.probability * state.size;
  }
  for (int h = p.season; h < horizon; ++h) out[h] = out[h - p.season];
  return true;
}

}  // namespace tidewright
