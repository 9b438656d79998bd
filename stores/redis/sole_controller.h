// Proof by the store's own servers that no other controller of the cluster lives, where controllers
// share neither a host nor etcd.
//
// Each controller that may act gives its connections a name, "tidewright:CLUSTER:INSTANCE", at every
// master, and then lists the clients of that master. Of two that do so at the same time, the later
// one sees the earlier one's name: at least one of them refuses, and perhaps both.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "actuator/leadership.h"
#include "stores/redis/client.h"
#include "stores/redis/cluster_link.h"

namespace tidewright::redis {

[[nodiscard]] std::string ControllerName(const std::string& cluster, const std::string& instance);

class SoleController : public Leadership {
 public:
  /// `client` has the name of ControllerName(cluster, instance); it must outlive this, as the clock.
  SoleController(Client& client, RedisActuatorOptions options, Clock& clock, std::string cluster,
                 std::string instance);

  /// A master that does not answer, or does not let us look, proves nothing: nothing may begin.
  std::optional<Reason> Look() override;
  StatusOr<std::string> Begin(const std::string& action_id) override;
  /// What has begun goes on while a master is away, and stops when another controller is seen.
  [[nodiscard]] Status MayWrite() const override;

 private:
  Status LookAtMasters(std::string& other);

  const RedisActuatorOptions options_;
  ClusterLink link_;
  const std::string prefix_;
  const std::string name_;
  mutable std::mutex mutex_;
  std::string other_;  ///< the name that was seen by the newest look; empty: none
};

}  // namespace tidewright::redis
