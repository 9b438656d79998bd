// A cluster whose slots lie unevenly.
#pragma once

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "bench/loadgen/cluster_harness.h"
#include "core/clock.h"
#include "core/topology.h"
#include "io/subprocess.h"
#include "stores/redis/cluster_nodes.h"

namespace tidewright::e2e {

inline std::vector<redis::NodeLine> ServingMasters(loadgen::ClusterHarness& cluster) {
  const auto reply =
      cluster.client().Call1("127.0.0.1", cluster.Ports().front(), {"CLUSTER", "NODES"});
  BOOST_REQUIRE_MESSAGE(reply.ok(), reply.status());
  const auto nodes = redis::ParseClusterNodes(reply->text);
  BOOST_REQUIRE_MESSAGE(nodes.ok(), nodes.status());
  std::vector<redis::NodeLine> masters;
  for (const auto& line : nodes->nodes) {
    if (line.master && !line.slots.empty()) masters.push_back(line);
  }
  return masters;
}

/// The most slots of a shard, as a multiple of an even share.
inline double FullestShare(loadgen::ClusterHarness& cluster) {
  const auto masters = ServingMasters(cluster);
  int most = 0;
  for (const auto& master : masters) most = std::max(most, Count(master.slots));
  return static_cast<double>(most) * static_cast<double>(masters.size()) / redis::kSlotCount;
}

/// Gives slots of one shard to another, by redis-cli.
inline void Skew(loadgen::ClusterHarness& cluster, int slots, Clock& clock) {
  const auto masters = ServingMasters(cluster);
  std::vector<std::string> command = {
      "redis-cli", "--cluster", "reshard",
      "127.0.0.1:" + std::to_string(masters[0].port), "--cluster-from", masters[0].id,
      "--cluster-to", masters[1].id, "--cluster-slots", std::to_string(slots), "--cluster-yes"};
  const std::string& password = cluster.options().credentials.password;
  if (!password.empty()) command.insert(command.end(), {"--no-auth-warning", "-a", password});
  const auto result = io::Run(command, std::chrono::seconds(120), clock);
  BOOST_REQUIRE_MESSAGE(result.ok() && result->exit_code == 0,
                        (result.ok() ? result->output : Message(result.status())));
}

}  // namespace tidewright::e2e
