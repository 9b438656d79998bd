#include "controller/account.h"

#include <nlohmann/json.hpp>

namespace tidewright {
namespace {

nlohmann::json CapacityToJson(const CapacityRecord& record) {
  return {{"nodes", record.nodes},
          {"shards", record.shards},
          {"static_peak_nodes", record.static_peak_nodes},
          {"price_per_node_hour_micros", record.price_per_node_hour.micros}};
}

StatusOr<CapacityRecord> ReadCapacity(const nlohmann::json& json, WallTime at,
                                      std::int64_t sequence) {
  const auto number = [&](const char* key) -> std::int64_t {
    const auto it = json.find(key);
    return it != json.end() && it->is_number_integer() ? it->get<std::int64_t>() : -1;
  };
  if (!json.is_object() || number("nodes") < 0 || number("shards") < 0 ||
      number("static_peak_nodes") < 0 || number("price_per_node_hour_micros") < 0) {
    return Error(StatusCode::kDataLoss, "audit record {} holds no capacity", sequence);
  }
  return CapacityRecord{.at = at,
                        .nodes = static_cast<int>(number("nodes")),
                        .shards = static_cast<int>(number("shards")),
                        .static_peak_nodes = static_cast<int>(number("static_peak_nodes")),
                        .price_per_node_hour = Money{number("price_per_node_hour_micros")}};
}

}  // namespace

Account Sum(const std::vector<CapacityRecord>& records, WallTime now) {
  const Savings savings = ComputeSavings(records, {StaticPeak(records)}, {}, now);
  const Spending& peak = savings.against.front().otherwise;
  return {.node_hours = savings.actual.node_hours,
          .static_peak_node_hours = peak.node_hours,
          .cost = savings.actual.cost,
          .static_peak_cost = peak.cost};
}

Account operator+(const Account& a, const Account& b) {
  return {.node_hours = a.node_hours + b.node_hours,
          .static_peak_node_hours = a.static_peak_node_hours + b.static_peak_node_hours,
          .cost = a.cost + b.cost,
          .static_peak_cost = a.static_peak_cost + b.static_peak_cost};
}

std::string ToJson(const CapacityRecord& record) { return CapacityToJson(record).dump(); }

StatusOr<CapacityRecord> ParseCapacity(const AuditRecord& audit) {
  return ReadCapacity(nlohmann::json::parse(audit.detail, nullptr, false), audit.at,
                      audit.sequence);
}

std::string ToJson(const CarriedAccount& carried) {
  nlohmann::json json = {{"node_hours", carried.account.node_hours},
                         {"static_peak_node_hours", carried.account.static_peak_node_hours},
                         {"cost_micros", carried.account.cost.micros},
                         {"static_peak_cost_micros", carried.account.static_peak_cost.micros}};
  if (carried.in_force) {
    json["capacity"] = CapacityToJson(*carried.in_force);
    json["capacity"]["at_micros"] = carried.in_force->at.time_since_epoch().count();
  }
  return json.dump();
}

StatusOr<CarriedAccount> ParseCarried(const AuditRecord& audit) {
  const auto detail = nlohmann::json::parse(audit.detail, nullptr, false);
  const auto it = detail.find("carried");
  if (!detail.is_object() || it == detail.end() || !it->is_object()) {
    return Error(StatusCode::kDataLoss, "audit record {} carries no account", audit.sequence);
  }
  CarriedAccount carried;
  try {
    carried.account = {
        .node_hours = it->at("node_hours").get<double>(),
        .static_peak_node_hours = it->at("static_peak_node_hours").get<double>(),
        .cost = Money{it->at("cost_micros").get<std::int64_t>()},
        .static_peak_cost = Money{it->at("static_peak_cost_micros").get<std::int64_t>()}};
    if (it->contains("capacity")) {
      const WallTime at(Duration(it->at("capacity").at("at_micros").get<std::int64_t>()));
      TW_ASSIGN_OR_RETURN(carried.in_force, ReadCapacity(it->at("capacity"), at, audit.sequence));
    }
  } catch (const nlohmann::json::exception& error) {
    return Error(StatusCode::kDataLoss, "audit record {}: {}", audit.sequence, error.what());
  }
  return carried;
}

}  // namespace tidewright
