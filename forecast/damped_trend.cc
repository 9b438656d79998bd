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
constexpr double kMostLog = 0.7;

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

void DampedTrend::Fit(const Prepared&, const std::vector<int>&, int) {}

bool DampedTrend::Predict(const Prepared& p, int origin, std::span<float> out) const {
  const int block = p.season > 0 ? p.season : 24 * p.hour;
  if (origin < 2 * block) return false;
  const Holt holt = Smooth(p.log, origin, block);
  const double season_mean = p.season > 0 ? p.log.ShapeMean(origin - block, origin) : 0.0;
  const int horizon = static_cast<int>(out.size());
  // The last block's mean stands for its middle, half a block before the origin; sum is
  // DampedSum(φ, ½ + (h + 1)/block).
  const double step = 1.0 / block;
  double power = std::pow(kPhi, 0.5 + step);
  const double ratio = std::pow(kPhi, step);
  for (int h = 0; h < horizon; ++h, power *= ratio) {
    const double sum = kPhi * (1.0 - power) / (1.0 - kPhi);
    const double moved = std::clamp(sum * holt.trend, -kMostLog, kMostLog);
    double value = holt.level + moved;
    if (p.season > 0) value += p.log.shape[Prepared::Before(origin, h, p.season)] - season_mean;
    out[static_cast<std::size_t>(h)] = static_cast<float>(value);
  }
  ToDemand(Domain::kLog, out);
  return true;
}

}  // namespace tidewright
