// From what a server says of itself to a sample. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "collector/load_source.h"
#include "core/status.h"
#include "stores/redis/info.h"
#include "stores/redis/reply.h"
#include "stores/redis/request_units.h"

namespace tidewright::redis {

/// Calls by the upper bound of their duration in microseconds; powers of two. Counters.
using LatencyBuckets = std::map<std::int64_t, double>;

/// The client commands of a LATENCY HISTOGRAM reply, added up.
[[nodiscard]] LatencyBuckets ReadLatencyHistogram(const Reply& reply);
/// The 99th percentile in seconds of what came between the two, interpolated within its bucket;
/// nothing when nothing came, or when the counters restarted.
[[nodiscard]] std::optional<double> LatencyP99Between(const LatencyBuckets& before,
                                                      const LatencyBuckets& after);

/// What is remembered of one process between two samples, because INFO alone does not make it a
/// counter or a figure of now.
struct NodeMeter {
  std::string incarnation;
  std::optional<CommandTotals> totals;
  double cpu_seconds = 0;
  double slowness = 1;         ///< as in TimedUnits, of the newest interval with enough calls
  double timed_units = 0;      ///< counter
  double own_cpu_seconds = 0;  ///< counter
  std::optional<LatencyBuckets> latency;
};

struct NodeAnswer {
  std::string info;              ///< INFO all
  std::optional<Reply> latency;  ///< LATENCY HISTOGRAM, where allowed
};

/// Fills everything but node_id and the times. The incarnation names process and role, since a
/// replica that becomes a master counts differently. kInternal when the text is no INFO.
StatusOr<NodeSample> ReadSample(const NodeAnswer& answer, const RequestUnits& units,
                                NodeMeter& meter);

}  // namespace tidewright::redis
