// What every metric of a node must look like to be believed.
#pragma once

#include <optional>
#include <string>

#include "collector/load_source.h"

namespace tidewright {

enum class MetricKind {
  kCounter,  ///< rises from the start of the process, restarts at zero with it
  kGauge,
};

struct MetricContract {
  Metric metric;
  const char* name;  ///< "request_units": in quarantine, tables and logs
  MetricKind kind;
  const char* unit;
  double min;
  double max;
  double max_per_second;  ///< of a counter's rate; more than any server can do
  bool needed_of_master;  ///< a master without it is not fresh
  bool needed_of_replica;
};

[[nodiscard]] const MetricContract& ContractOf(Metric metric);

/// Why the value breaks its contract; nothing when it keeps it. NaN and infinities break all.
[[nodiscard]] std::optional<std::string> Violation(const MetricContract& contract, double value);
/// The same of a counter's rate per second.
[[nodiscard]] std::optional<std::string> RateViolation(const MetricContract& contract, double rate);

}  // namespace tidewright
