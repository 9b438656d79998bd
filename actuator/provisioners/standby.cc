#include "actuator/provisioners/standby.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "io/durable_file.h"

namespace tidewright {
namespace {

using Json = nlohmann::json;

constexpr int kVersion = 1;
constexpr Duration kLongestCheck = std::chrono::seconds(5);

}  // namespace

StatusOr<std::vector<StandbyProvisioner::Lease>> StandbyProvisioner::Load() const {
  std::vector<Lease> leases;
  std::error_code error;
  if (!std::filesystem::exists(options_.state_file, error) && !error) return leases;
  std::ifstream file(options_.state_file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  try {
    const Json json = Json::parse(text);
    if (json.at("version").get<int>() != kVersion) {
      return Error(StatusCode::kDataLoss, "{}: of an unknown version", options_.state_file);
    }
    for (const auto& lease : json.at("nodes")) {
      leases.push_back({lease.at("host").get<std::string>(), lease.at("port").get<int>(),
                        lease.at("token").get<std::string>(),
                        lease.at("cluster").get<std::string>()});
    }
  } catch (const Json::exception& wrong) {
    // Never taken for "nothing is given away": a node would be given to two.
    return Error(StatusCode::kDataLoss, "{}: {}", options_.state_file, wrong.what());
  }
  return leases;
}

Status StandbyProvisioner::Save(const std::vector<Lease>& leases) const {
  Json nodes = Json::array();
  for (const auto& lease : leases) {
    nodes.push_back({{"host", lease.host},
                     {"port", lease.port},
                     {"token", lease.token},
                     {"cluster", lease.cluster}});
  }
  return io::ReplaceFileDurably(options_.state_file,
                                Json{{"version", kVersion}, {"nodes", nodes}}.dump(2) + "\n");
}

StatusOr<ProvisionedNode> StandbyProvisioner::Acquire(const NodeRequest& request,
                                                      Duration timeout) {
  if (request.token.empty()) {
    return Error(StatusCode::kInvalidArgument, "a node is asked for without a token");
  }
  std::scoped_lock lock(mutex_);
  TW_ASSIGN_OR_RETURN(auto leases, Load());
  const auto leased = [&](const StandbyNode& node) {
    return std::find_if(leases.begin(), leases.end(), [&](const Lease& lease) {
      return lease.host == node.host && lease.port == node.port;
    });
  };
  for (const auto& node : options_.nodes) {
    const auto lease = leased(node);
    if (lease != leases.end() && lease->token == request.token) {
      return ProvisionedNode{node.host, node.port, node.zone};
    }
  }
  const MonoTime deadline = clock_.Monotonic() + timeout;
  std::string why;
  for (const auto& node : options_.nodes) {
    if (leased(node) != leases.end()) continue;
    const Duration left = deadline - clock_.Monotonic();
    if (left <= Duration(0)) break;
    const Status fit = options_.check_empty(node, std::min(left, kLongestCheck));
    if (!fit.ok()) {
      why += fmt::format("; {}:{}: {}", node.host, node.port, Message(fit));
      continue;
    }
    // Before it is given away: after a crash the same token finds the same node.
    leases.push_back({node.host, node.port, request.token, request.cluster});
    TW_RETURN_IF_ERROR(Save(leases));
    return ProvisionedNode{node.host, node.port, node.zone};
  }
  return Error(StatusCode::kResourceExhausted, "no node of the {} that stand by is free and fit{}",
               options_.nodes.size(), why);
}

Status StandbyProvisioner::Release(const std::string& host, int port, Duration) {
  std::scoped_lock lock(mutex_);
  const bool ours =
      std::any_of(options_.nodes.begin(), options_.nodes.end(),
                  [&](const StandbyNode& node) { return node.host == host && node.port == port; });
  if (!ours) return Error(StatusCode::kNotFound, "{}:{} does not stand by", host, port);
  TW_ASSIGN_OR_RETURN(auto leases, Load());
  const auto before = leases.size();
  std::erase_if(leases,
                [&](const Lease& lease) { return lease.host == host && lease.port == port; });
  return leases.size() == before ? OkStatus() : Save(leases);
}

}  // namespace tidewright
