// Who earns to be listened to: the promises of the forecast and of similar past times about the
// next steps and hours are held against what came. Pure.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "core/status.h"
#include "core/time.h"

namespace tidewright {

/// Those who say what demand will be.
enum class Opinion {
  kForecast,
  kSimilarTimes,       ///< what followed past times that were like now
  kSimilarTimesOfDay,  ///< of those, at this time of day
};
inline constexpr std::size_t kOpinions = 3;

/// A regular value that the planner's caller keeps between cycles (and over restarts, encoded).
/// Demand is in shards' worth.
struct ForecastGate {
  static constexpr std::array<double, 2> kLevels = {0.5, 0.9};
  using Quantiles = std::array<float, kLevels.size()>;

  struct Promise {
    WallTime due;  ///< end of the step that it is about
    float weight = 1;
    std::array<Quantiles, kOpinions> said{};  ///< NaN: nothing
  };

  std::vector<Promise> open;             ///< in the order of `due`
  std::array<double, kOpinions> loss{};  ///< weighted pinball loss, a day halves it
  WallTime settled;                      ///< end of the newest step that was looked at
  WallTime noted;                        ///< of the newest promises

  /// Shares of those who have an opinion in what is planned for, adding up to 1:
  /// proportional to (doubt · loss)^−10. All 0 where nobody has one.
  [[nodiscard]] std::array<double, kOpinions> Shares(
      const std::array<bool, kOpinions>& has_opinion) const;
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
