// Whether the forecast earns to be listened to: its promises about the next steps and hours, and
// those of the analogues, are held against what came. Pure.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "core/status.h"
#include "core/time.h"

namespace tidewright {

/// A regular value that the planner's caller keeps between cycles (and over restarts, encoded).
/// Demand is in shards' worth.
struct ForecastGate {
  static constexpr std::array<double, 2> kLevels = {0.5, 0.9};
  using Quantiles = std::array<float, kLevels.size()>;

  struct Promise {
    WallTime due;  ///< end of the step that it is about
    float weight = 1;
    Quantiles forecast{};
    Quantiles analogue{};
  };

  std::vector<Promise> open;  ///< in the order of `due`
  double forecast_loss = 0;   ///< weighted pinball loss, a day halves it
  double analogue_loss = 0;
  WallTime settled;  ///< end of the newest step that was looked at
  WallTime noted;    ///< of the newest promises

  /// Share of the forecast in what is planned for; the rest is the analogues'. One half while
  /// nothing came due; (1 + (0.9 · loss ratio)^10)^−1 after.
  [[nodiscard]] double ForecastShare() const;
};

/// The value of the step that ends at `end`; NaN settles nothing. Steps come in the order of time;
/// what was looked at already is not again.
void Settle(ForecastGate& gate, WallTime end, double value);
/// At most once a step; keeps `open` in order.
void Note(ForecastGate& gate, WallTime now, const std::vector<ForecastGate::Promise>& promises);

/// Versioned text for keeping, and back. kDataLoss where it is no such thing.
[[nodiscard]] std::string EncodeGate(const ForecastGate& gate);
[[nodiscard]] StatusOr<ForecastGate> DecodeGate(const std::string& text);

}  // namespace tidewright
