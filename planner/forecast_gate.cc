#include "planner/forecast_gate.h"

#include <algorithm>
#include <cmath>
#include <sstream>

namespace tidewright {
namespace {

constexpr Duration kHalfLife = std::chrono::hours(24);
// A forecast must be this much better than what similar times say, and then counts for most.
// Measured on 67 traces.
constexpr double kDoubt = 0.9;
constexpr double kSharpness = 10;
// Pinball loss of the 90 % quantile counts twice: shortfalls are what costs.
constexpr std::array<double, 2> kLevelWeights = {1, 2};
constexpr double kNothing = 1e-6;  // of a shard: losses below are none
constexpr std::size_t kMostOpen = 4096;
constexpr const char* kVersion = "gate1";

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

double ForecastGate::ForecastShare() const {
  if (forecast_loss <= 0 && analogue_loss <= 0) return 0.5;
  const double ratio = (forecast_loss + kNothing) / (analogue_loss + kNothing);
  return 1 / (1 + std::pow(kDoubt * ratio, kSharpness));
}

void Settle(ForecastGate& gate, WallTime end, double value) {
  if (end <= gate.settled) return;
  if (gate.settled != WallTime{}) {
    const double decay = std::exp2(-Seconds(end - gate.settled) / Seconds(kHalfLife));
    gate.forecast_loss *= decay;
    gate.analogue_loss *= decay;
  }
  gate.settled = end;
  auto due = gate.open.begin();
  for (; due != gate.open.end() && due->due <= end; ++due) {
    if (due->due != end || std::isnan(value)) continue;
    gate.forecast_loss += due->weight * Loss(value, due->forecast);
    gate.analogue_loss += due->weight * Loss(value, due->analogue);
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
  std::ostringstream out;
  out.precision(9);
  out << kVersion << ' ' << gate.forecast_loss << ' ' << gate.analogue_loss << ' '
      << gate.settled.time_since_epoch().count() << ' ' << gate.noted.time_since_epoch().count()
      << ' ' << gate.open.size();
  for (const auto& p : gate.open) {
    out << '\n' << p.due.time_since_epoch().count() << ' ' << p.weight;
    for (const float q : p.forecast) out << ' ' << q;
    for (const float q : p.analogue) out << ' ' << q;
  }
  return out.str();
}

StatusOr<ForecastGate> DecodeGate(const std::string& text) {
  const auto broken = [] { return Error(StatusCode::kDataLoss, "not a forecast gate"); };
  std::istringstream in(text);
  std::string version;
  ForecastGate gate;
  Duration::rep settled = 0;
  Duration::rep noted = 0;
  std::size_t count = 0;
  in >> version >> gate.forecast_loss >> gate.analogue_loss >> settled >> noted >> count;
  if (!in || version != kVersion || count > kMostOpen || !(gate.forecast_loss >= 0) ||
      !(gate.analogue_loss >= 0)) {
    return broken();
  }
  gate.settled = WallTime(Duration(settled));
  gate.noted = WallTime(Duration(noted));
  for (std::size_t i = 0; i < count; ++i) {
    ForecastGate::Promise p;
    Duration::rep due = 0;
    in >> due >> p.weight;
    for (float& q : p.forecast) in >> q;
    for (float& q : p.analogue) in >> q;
    if (!in) return broken();
    p.due = WallTime(Duration(due));
    gate.open.push_back(p);
  }
  return gate;
}

}  // namespace tidewright
