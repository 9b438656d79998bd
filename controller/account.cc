#include "controller/account.h"

#include <nlohmann/json.hpp>

namespace tidewright {

bool CapacityRecord::SameAs(const CapacityRecord& other) const {
  return nodes == other.nodes && shards == other.shards &&
         static_peak_nodes == other.static_peak_nodes &&
         price_per_node_hour == other.price_per_node_hour;
}

Account Sum(const std::vector<CapacityRecord>& records, WallTime now) {
  Account account;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const WallTime end = i + 1 < records.size() ? records[i + 1].at : now;
    const double hours = std::max(0.0, Seconds(end - records[i].at)) / 3600;
    const double used = hours * records[i].nodes;
    const double peak = hours * records[i].static_peak_nodes;
    account.node_hours += used;
    account.static_peak_node_hours += peak;
    account.cost = account.cost + records[i].price_per_node_hour * used;
    account.static_peak_cost = account.static_peak_cost + records[i].price_per_node_hour * peak;
  }
  return account;
}

std::string ToJson(const CapacityRecord& record) {
  return nlohmann::json{{"nodes", record.nodes},
                        {"shards", record.shards},
                        {"static_peak_nodes", record.static_peak_nodes},
                        {"price_per_node_hour_micros", record.price_per_node_hour.micros}}
      .dump();
}

StatusOr<CapacityRecord> ParseCapacity(const AuditRecord& audit) {
  const auto json = nlohmann::json::parse(audit.detail, nullptr, false);
  const auto number = [&](const char* key) -> std::int64_t {
    const auto it = json.find(key);
    return it != json.end() && it->is_number_integer() ? it->get<std::int64_t>() : -1;
  };
  if (!json.is_object() || number("nodes") < 0 || number("shards") < 0 ||
      number("static_peak_nodes") < 0 || number("price_per_node_hour_micros") < 0) {
    return Error(StatusCode::kDataLoss, "audit record {} holds no capacity", audit.sequence);
  }
  return CapacityRecord{.at = audit.at,
                        .nodes = static_cast<int>(number("nodes")),
                        .shards = static_cast<int>(number("shards")),
                        .static_peak_nodes = static_cast<int>(number("static_peak_nodes")),
                        .price_per_node_hour = Money{number("price_per_node_hour_micros")}};
}

}  // namespace tidewright
