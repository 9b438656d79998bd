#include "stores/redis/standby_node.h"

#include "stores/redis/cluster_link.h"
#include "stores/redis/cluster_nodes.h"

namespace tidewright::redis {

Status CheckStandsBy(Client& client, const std::string& host, int port, Duration timeout) {
  TW_ASSIGN_OR_RETURN(const auto replies, client.Call(host, port,
                                                      {{"INFO", "persistence"},
                                                       {"INFO", "keyspace"},
                                                       {"INFO", "cluster"},
                                                       {"CLUSTER", "NODES"}},
                                                      timeout));
  for (const auto& reply : replies) {
    if (reply.IsError("LOADING")) return Error(StatusCode::kUnavailable, "it loads its data");
  }
  if (InfoText(replies[2].text).Field("cluster_enabled") == "0") {
    return Error(StatusCode::kFailedPrecondition, "it is not in cluster mode");
  }
  for (const auto& reply : replies) TW_RETURN_IF_ERROR(Checked(reply).status());
  if (InfoText(replies[0].text).Number("loading") != 0) {
    return Error(StatusCode::kUnavailable, "it loads its data");
  }
  if (const auto keys = InfoText(replies[1].text).Field("db0"); !keys.empty()) {
    return Error(StatusCode::kFailedPrecondition, "it holds keys ({})", keys);
  }
  TW_ASSIGN_OR_RETURN(const ClusterNodes nodes, ParseClusterNodes(replies[3].text));
  if (nodes.nodes.size() != 1 || nodes.Myself() == nullptr) {
    return Error(StatusCode::kFailedPrecondition, "it is in a cluster of {} nodes",
                 nodes.nodes.size());
  }
  if (!nodes.Myself()->slots.empty()) {
    return Error(StatusCode::kFailedPrecondition, "it owns slots {}",
                 ToString(nodes.Myself()->slots));
  }
  return OkStatus();
}

}  // namespace tidewright::redis
