// Seeded series of the kinds of load that a forecaster meets, for measuring speed.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/series.h"

namespace tidewright::bench {

enum class Kind { kDaily, kWeekly, kGrowing, kBursty, kIntermittent, kGappy, kShifted, kNoise };
inline constexpr std::array kKinds = {Kind::kDaily,   Kind::kWeekly,       Kind::kGrowing,
                                      Kind::kBursty,  Kind::kIntermittent, Kind::kGappy,
                                      Kind::kShifted, Kind::kNoise};
[[nodiscard]] const char* KindName(Kind kind);

/// `points` values from 1970 on; `step` divides a day. The same arguments give the same series.
[[nodiscard]] Series MakeUp(Kind kind, int points, Duration step, std::uint64_t seed);

}  // namespace tidewright::bench
