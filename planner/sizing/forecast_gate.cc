#include "planner/sizing/forecast_gate.h"

#include <algorithm>
#include <cmath>
#include <sstream>

namespace tidewright {
namespace {

constexpr Duration kHalfLife = std::chrono::hours(24);
// A loss counts times this: in doubt the forecast, which knows more, is believed. Measured on 67
// traces, as is the sharpness.
constexpr std::array<double, kOpinions> kDoubt = {0.9, 1, 1};
constexpr double kSharpness = 10;
// Pinball loss of the 90 % quantile counts twice: shortfalls are what costs.
constexpr std::array<double, 2> kLevelWeights = {1, 2};
constexpr double kNothing = 1e-6;  // of a shard: losses below are none
constexpr std::size_t kMostOpen = 4096;
constexpr const char* kVersion = "gate2";

// NaN where nothing was said.
double Loss(double value, const ForecastGate::Quantiles& quantiles) {
  double loss = 0;
  for (std::size_t l = 0; l < quantiles.size(); ++l) {
    const double level = ForecastGate::kLevels[l];
    const double error = value - quantiles[l];
    loss += kLevelWeights[l] * (error > 0 ? level * error : (level - 1) * error);
  }
  return loss;
}

}  // namespace

std::array<double, kOpinions> ForecastGate::Shares(
    const std::array<bool, kOpinions>& has_opinion) const {
  std::array<double, kOpinions> shares{};
  double least = 0;
  for (std::size_t k = 0; k < kOpinions; ++k) {
    if (!has_opinion[k]) continue;
    const double doubted = kDoubt[k] * (loss[k] + kNothing);
    least = least == 0 ? doubted : std::min(least, doubted);
  }
  double sum = 0;
  for (std::size_t k = 0; k < kOpinions; ++k) {
    if (!has_opinion[k]) continue;
    shares[k] = std::pow(least / (kDoubt[k] * (loss[k] + kNothing)), kSharpness);
    sum += shares[k];
  }
  for (double& share : shares) share = sum > 0 ? share / sum : 0;
  return shares;
}

void Settle(ForecastGate& gate, WallTime end, double value) {
  if (end <= gate.settled) return;
  if (gate.settled != WallTime{}) {
    const double decay = std::exp2(-Seconds(end - gate.settled) / Seconds(kHalfLife));
    for (double& loss : gate.loss) loss *= decay;
  }
  gate.settled = end;
  auto due = gate.open.begin();
  for (; due != gate.open.end() && due->due <= end; ++due) {
    if (due->due != end || std::isnan(value)) continue;
    std::array<double, kOpinions> losses{};
    double worst = 0;
    for (std::size_t k = 0; k < kOpinions; ++k) {
      losses[k] = Loss(value, due->said[k]);
      if (!std::isnan(losses[k])) worst = std::max(worst, losses[k]);
    }
    // Who says nothing is no better than the worst of those who do.
    for (std::size_t k = 0; k < kOpinions; ++k) {
      gate.loss[k] += due->weight * (std::isnan(losses[k]) ? worst : losses[k]);
    }
  }
  gate.open.erase(gate.open.begin(), due);
}

void Note(ForecastGate& gate, WallTime now, const std::vector<ForecastGate::Promise>& promises) {
  // A clock that jumped back leaves promises for later than now: they are kept, none is made twice.
  if (now <= gate.noted) return;
  gate.noted = now;
  gate.open.insert(gate.open.end(), promises.begin(), promises.end());
  std::stable_sort(gate.open.begin(), gate.open.end(),
                   [](const auto& a, const auto& b) { return a.due < b.due; });
  if (gate.open.size() > kMostOpen) gate.open.resize(kMostOpen);
}

std::string EncodeGate(const ForecastGate& gate) {
  std::string out = kVersion;
  for (const double loss : gate.loss) out += fmt::format(" {:.9g}", loss);
  out += fmt::format(" {} {} {}", gate.settled.time_since_epoch().count(),
                     gate.noted.time_since_epoch().count(), gate.open.size());
  for (const auto& p : gate.open) {
    out += fmt::format("\n{} {:.6g}", p.due.time_since_epoch().count(), p.weight);
    for (const auto& quantiles : p.said) {
      for (const float q : quantiles) out += fmt::format(" {:.6g}", std::isnan(q) ? -1.0F : q);
    }
  }
  return out;
}

StatusOr<ForecastGate> DecodeGate(const std::string& text) {
  const auto broken = [] { return Error(StatusCode::kDataLoss, "not a forecast gate"); };
  std::istringstream in(text);
  std::string version;
  ForecastGate gate;
  Duration::rep settled = 0;
  Duration::rep noted = 0;
  std::size_t count = 0;
  in >> version;
  for (double& loss : gate.loss) in >> loss;
  in >> settled >> noted >> count;
  if (!in || version != kVersion || count > kMostOpen) return broken();
  for (const double loss : gate.loss) {
    if (!(loss >= 0)) return broken();
  }
  gate.settled = WallTime(Duration(settled));
  gate.noted = WallTime(Duration(noted));
  for (std::size_t i = 0; i < count; ++i) {
    ForecastGate::Promise p;
    Duration::rep due = 0;
    in >> due >> p.weight;
    for (auto& quantiles : p.said) {
      for (float& q : quantiles) {
        in >> q;
        if (q < 0) q = std::nanf("");
      }
    }
    if (!in) return broken();
    p.due = WallTime(Duration(due));
    gate.open.push_back(p);
  }
  return gate;
}

}  // namespace tidewright
