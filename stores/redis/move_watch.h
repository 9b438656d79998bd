// Looks at both ends of a move while it goes on, beside it: by connections of its own.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "core/clock.h"
#include "core/status.h"
#include "stores/redis/client.h"
#include "stores/redis/cluster_link.h"
#include "stores/redis/move_speed.h"

namespace tidewright::redis {

/// What INFO of both ends tells, the latency left out. A counter that a server does not have counts
/// as 0, a section that it refuses likewise.
[[nodiscard]] MoveFeeling FeelingOf(const InfoText& source, const InfoText& target);

/// A thread of its own from construction to destruction. An end that does not answer hurts.
class MoveWatch {
 public:
  MoveWatch(Client& client, Clock& clock, const MoveLimits& limits, Server source, Server target,
            MoveSpeed& speed);

  /// kFailedPrecondition when the target has no room for further slots, as it was last seen.
  [[nodiscard]] Status Room() const;

 private:
  void Run(const std::stop_token& stop);
  StatusOr<MoveFeeling> Feel();

  Client& client_;
  Clock& clock_;
  const MoveLimits& limits_;
  const Server source_;
  const Server target_;
  MoveSpeed& speed_;
  mutable std::mutex mutex_;
  Status room_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace tidewright::redis
