#include "forecast/damped_trend.h"

#include <algorithm>
#include <cmath>

namespace tidewright {
namespace {

constexpr double kAlpha = 0.5;
constexpr double kBeta = 0.2;
constexpr double kPhi = 0.9;
constexpr int kBlocks = 14;
// A trend moves the level by no more than this factor each way.
constexpr float kMostLog = 0.7F;

struct Holt {
  double level = 0;
  double trend = 0;
};

Holt Smooth(const Track& track, int origin, int block) {
  const int blocks = std::min(origin / block, kBlocks);
  const auto mean = [&](int b) {  // b blocks before the last one
    return track.Mean(origin - (b + 1) * block, origin - b * block);
  };
  Holt holt{.level = mean(blocks - 1), .trend = 0};
  for (int b = blocks - 2; b >= 0; --b) {
    const double expected = holt.level + kPhi * holt.trend;
    const double error = mean(b) - expected;
    holt.level = expected + kAlpha * error;
    holt.trend = kPhi * holt.trend + kBeta * error;
  }
  return holt;
}

}  // namespace

double DampedSum(double phi, double steps) {
  return phi * (1.0 - std::pow(phi, steps)) / (1.0 - phi);
}

void DampedTrend::Fit(const Prepared& p, const std::vector<int>&, int horizon) {
  block_ = p.season > 0 ? p.season : 24 * p.hour;
  sums_.resize(static_cast<std::size_t>(horizon));
  // The last block's mean stands for its middle, half a block before the origin; the sum is
  // DampedSum(φ, ½ + (h + 1)/block).
  const double step = 1.0 / block_;
  const double ratio = std::pow(kPhi, step);
  double power = std::pow(kPhi, 0.5 + step);
  for (float& sum : sums_) {
    sum = static_cast<float>(kPhi * (1.0 - power) / (1.0 - kPhi));
    power *= ratio;
  }
}

bool DampedTrend::Predict(const Prepared& p, int origin, std::span<float> out) const {
  if (origin < 2 * block_) return false;
  const Holt holt = Smooth(p.log, origin, block_);
  const auto trend = static_cast<float>(holt.trend);
  double level = holt.level;
  if (p.season > 0) {
    level -= p.log.ShapeMean(origin - block_, origin);
    RepeatSeason(p.log.shape, origin, block_, out);
  } else {
    std::fill(out.begin(), out.end(), 0.0F);
  }
  const auto base = static_cast<float>(level);
  for (std::size_t h = 0; h < out.size(); ++h) {
    out[h] += base + std::clamp(sums_[h] * trend, -kMostLog, kMostLog);
  }
  ToDemand(Domain::kLog, out);
  return true;
}

}  // namespace tidewright
