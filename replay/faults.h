// What can go wrong in the simulated store, to be switched on: all of it follows from a seed.
#pragma once

#include <cstdint>
#include <string>

#include "replay/predictive.h"
#include "replay/store_model.h"

namespace tidewright::replay {

enum class GarbageForecast {
  kNone,
  kRandom,    ///< every path at every step anything up to the forecast's highest value
  kConstant,  ///< the forecast's mean everywhere, in every path
  kShift12h,  ///< the forecast turned by 12 hours: night by day
};

struct FaultSettings {
  Duration latency{0};            ///< between a decision and the beginning of its move
  double failing_moves = 0;       ///< share of moves that turn round on their way and go back
  double lost_metrics = 0;        ///< share of steps that the policy sees as gaps
  Duration late_provisioning{0};  ///< provisioning takes up to this much longer
  GarbageForecast forecast = GarbageForecast::kNone;
};

/// "latency=10m", "moves=0.1", "metrics=0.05", "provisioning=30m",
/// "forecast=random|constant|shift12h"; kInvalidArgument for anything else.
[[nodiscard]] Status AddFault(const std::string& text, FaultSettings& faults);

/// The courses that moves take under these faults; null where the model's own hold. `store` must
/// outlive it. A move that fails has gone part of its way (any step of it alike), and goes back as
/// it came; both sizes' larger is billed meanwhile.
[[nodiscard]] SetOut FaultyMoves(const FaultSettings& faults, const StoreModel& store,
                                 std::uint64_t seed);

/// The trace as the policy sees it.
[[nodiscard]] Series LoseMetrics(const Series& trace, const FaultSettings& faults,
                                 std::uint64_t seed);

/// Makes garbage of a forecast: paths, mean, quantiles and maxima alike. Null for kNone.
[[nodiscard]] ForecastFaults MakeGarbage(GarbageForecast kind, std::uint64_t seed);

}  // namespace tidewright::replay
