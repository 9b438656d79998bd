// Request units: what each command costs a server, relative to a small GET.
//
// The measure is main-thread CPU for each call, protocol and system calls included, which is why
// small commands lie so close together. Weights were measured on redis 7.0.15 by
// bench/request_units.sh. Commands whose cost depends on how much they touch are weighed by the
// time that the server spent in them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "stores/redis/info.h"

namespace tidewright::redis {

/// Changes when a built-in weight does: demand before and after does not compare.
inline constexpr int kRequestUnitsVersion = 1;

enum class CommandClass {
  kClient,
  kOwn,             ///< what watching and moving slots sends: no demand
  kAdministrative,  ///< connection set-up, replication, health checks: no demand
};

/// `name` as in INFO: "get", "cluster|nodes". Lower case.
[[nodiscard]] CommandClass ClassOf(std::string_view name);

/// Sums over commandstats, all of them counters since the last CONFIG RESETSTAT or start.
struct CommandTotals {
  double client_calls = 0;
  double weighed_units = 0;     ///< RU of commands that have a weight
  double weighed_calls = 0;     ///< of those whose time was measured too
  double weighed_usec = 0;      ///< what they took here …
  double weighed_standard = 0;  ///< … and on the machine of the table
  double timed_calls = 0;       ///< of commands without a weight
  double timed_usec = 0;
  double own_calls = 0;
  double own_usec = 0;
  double all_usec = 0;
};

/// Thread-safe.
class RequestUnits {
 public:
  /// RU for each call, by lower-case command name; they win over the built-in ones.
  explicit RequestUnits(std::map<std::string, double> overrides = {});

  /// RU for each call; nothing where it goes by time.
  [[nodiscard]] std::optional<double> WeightOf(std::string_view name) const;
  /// On a replica only commands that are known to read count as its clients': the rest came from
  /// its master.
  [[nodiscard]] CommandTotals Total(const InfoText& info, bool replica) const;

 private:
  std::map<std::string, double, std::less<>> overrides_;
};

/// RU of commands that go by time: each call costs the protocol's share of a GET, each microsecond
/// in it what a microsecond of a GET costs. `slowness` is how long commands take here relative to
/// the table's machine: a throttled server's clock runs on while the server does not.
[[nodiscard]] double TimedUnits(double calls, double usec, double slowness);

}  // namespace tidewright::redis
