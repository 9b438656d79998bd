// Figures as people read them. Internal to the planner.
#pragma once

#include <string>

#include "core/resource.h"

namespace tidewright::planner {

/// "11,200 RU/s", "2.35 s/s", "3.2 GiB", "48 MiB/s".
[[nodiscard]] std::string Amount(Resource resource, double value);
/// "0.5", "12,400": without a unit.
[[nodiscard]] std::string Figure(double value);
/// "p95" for 0.95, "p99.9" for 0.999.
[[nodiscard]] std::string QuantileName(double quantile);
/// "70%" for 0.7, "99.5%" for 0.995.
[[nodiscard]] std::string Percent(double share);
/// "1 shard", "3 shards".
[[nodiscard]] std::string Shards(int count);

}  // namespace tidewright::planner
