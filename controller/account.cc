#include "controller/account.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace tidewright {
namespace {

using Json = nlohmann::json;

constexpr int kVersion = 2;  // of what a pruning carries; the first one named none

std::int64_t Micros(WallTime at) { return at.time_since_epoch().count(); }
WallTime TimeOf(const Json& json) { return WallTime(Duration(json.get<std::int64_t>())); }
Duration SpanOf(const Json& json) { return Duration(json.get<std::int64_t>()); }
Money MoneyOf(const Json& json) { return Money{json.get<std::int64_t>()}; }

// Counts and amounts are never negative; who finds another one has no such entry before him.
std::int64_t NotNegative(const Json& json, const char* key) {
  const Json& value = json.at(key);
  if (!value.is_number_integer() || value.get<std::int64_t>() < 0) {
    throw Json::other_error::create(600, std::string(key) + " is no count", &json);
  }
  return value.get<std::int64_t>();
}

Json CapacityToJson(const CapacityRecord& record) {
  Json json = {{"nodes", record.nodes},
               {"shards", record.shards},
               {"static_peak_nodes", record.static_peak_nodes},
               {"price_per_node_hour_micros", record.price_per_node_hour.micros}};
  if (record.billing.Any()) {
    json["billing"] = {{"granularity_us", record.billing.granularity.count()},
                       {"minimum_us", record.billing.minimum.count()},
                       {"committed_nodes", record.billing.committed}};
  }
  return json;
}

// Records of before there were any have none.
BillingTerms ReadBilling(const Json& json) {
  if (!json.contains("billing")) return {};
  const Json& billing = json.at("billing");
  return {.granularity = Duration(NotNegative(billing, "granularity_us")),
          .minimum = Duration(NotNegative(billing, "minimum_us")),
          .committed = static_cast<int>(NotNegative(billing, "committed_nodes"))};
}

CapacityRecord ReadCapacity(const Json& json, WallTime at) {
  return CapacityRecord{
      .at = at,
      .nodes = static_cast<int>(NotNegative(json, "nodes")),
      .shards = static_cast<int>(NotNegative(json, "shards")),
      .static_peak_nodes = static_cast<int>(NotNegative(json, "static_peak_nodes")),
      .price_per_node_hour = Money{NotNegative(json, "price_per_node_hour_micros")},
      .holds_for = {},
      .billing = ReadBilling(json)};
}

Json PointToJson(const CapacityPoint& point) {
  Json json = {{"from_us", Micros(point.at)}, {"nodes", point.nodes}, {"shards", point.shards}};
  if (!point.known) json["known"] = false;
  return json;
}

CapacityPoint ReadPoint(const Json& json) {
  return {.at = TimeOf(json.at("from_us")),
          .nodes = static_cast<int>(NotNegative(json, "nodes")),
          .shards = static_cast<int>(NotNegative(json, "shards")),
          .known = json.value("known", true)};
}

Json SpendingToJson(const Spending& spending) {
  return {{"node_hours", spending.node_hours}, {"cost_micros", spending.cost.micros}};
}

Spending ReadSpending(const Json& json) {
  return {.node_hours = json.at("node_hours").get<double>(),
          .cost = MoneyOf(json.at("cost_micros"))};
}

Json AccountToJson(const Account& account) {
  Json against = Json::array();
  for (const Saving& saving : account.against) {
    against.push_back({{"against", saving.against},
                       {"estimated", saving.estimated},
                       {"compared_us", saving.compared.count()},
                       {"actual", SpendingToJson(saving.actual)},
                       {"otherwise", SpendingToJson(saving.otherwise)}});
  }
  return {{"actual", SpendingToJson(account.actual)},
          {"recorded_us", account.recorded.count()},
          {"missing_us", account.missing.count()},
          {"against", against}};
}

Account ReadAccount(const Json& json) {
  Account account{.actual = ReadSpending(json.at("actual")),
                  .recorded = SpanOf(json.at("recorded_us")),
                  .missing = SpanOf(json.at("missing_us")),
                  .against = {}};
  for (const Json& one : json.at("against")) {
    account.against.push_back({.against = one.at("against").get<std::string>(),
                               .estimated = one.at("estimated").get<bool>(),
                               .compared = SpanOf(one.at("compared_us")),
                               .actual = ReadSpending(one.at("actual")),
                               .otherwise = ReadSpending(one.at("otherwise"))});
  }
  return account;
}

// Without a version: used and static peak alone.
CarriedAccount ReadFirstVersion(const Json& json) {
  CarriedAccount carried;
  const Spending actual = ReadSpending(json);
  const Spending peak{.node_hours = json.at("static_peak_node_hours").get<double>(),
                      .cost = MoneyOf(json.at("static_peak_cost_micros"))};
  carried.account.actual = actual;
  Saving saving;
  saving.against = "static peak";
  saving.actual = actual;
  saving.otherwise = peak;
  carried.account.against.push_back(saving);
  if (json.contains("capacity")) {
    const WallTime at = TimeOf(json.at("capacity").at("at_micros"));
    carried.sizes.records.push_back(ReadCapacity(json.at("capacity"), at));
    carried.until = at;
  }
  return carried;
}

CarriedAccount ReadCarried(const Json& json) {
  if (!json.contains("version")) return ReadFirstVersion(json);
  CarriedAccount carried;
  carried.account = ReadAccount(json.at("account"));
  if (json.contains("until_us")) carried.until = TimeOf(json.at("until_us"));
  for (const Json& one : json.at("records")) {
    CapacityRecord record = ReadCapacity(one, TimeOf(one.at("at_us")));
    if (one.contains("holds_us")) record.holds_for = SpanOf(one.at("holds_us"));
    carried.sizes.records.push_back(record);
  }
  for (const auto& [policy, points] : json.at("shadows").items()) {
    for (const Json& point : points) carried.sizes.Add(policy, ReadPoint(point));
  }
  if (json.contains("before_first_action")) {
    carried.sizes.before_first_action = ReadPoint(json.at("before_first_action"));
  }
  for (const Json& one : json.at("spent")) {
    carried.spent[TimeOf(one.at("since_us"))] = MoneyOf(one.at("cost_micros"));
  }
  return carried;
}

// The part of what comes in the order of time that holds at `from` and later.
template <typename T, typename Shift>
std::vector<T> Later(const std::vector<T>& all, WallTime from, Shift shift) {
  std::vector<T> later;
  bool reached = false;
  for (const T& one : all) {
    reached = reached || one.at > from;
    if (!reached) later.clear();
    later.push_back(one.at <= from ? shift(one) : one);
  }
  return later;
}

}  // namespace

void ToldSizes::Add(CapacityRecord record, std::optional<WallTime> unknown_since) {
  if (unknown_since && !records.empty()) {
    CapacityRecord& before = records.back();
    before.holds_for = std::max(Duration(0), *unknown_since - before.at);
  }
  records.push_back(record);
}

void ToldSizes::Add(const std::string& policy, CapacityPoint point) {
  auto& points = shadows[policy];
  if (!points.empty()) point.at = std::max(point.at, points.back().at);
  points.push_back(point);
}

Account Sum(const ToldSizes& sizes, WallTime now) {
  std::vector<Counterfactual> others = {AsProvisioned(sizes.records, sizes.before_first_action),
                                        StaticPeak(sizes.records)};
  for (const auto& [policy, points] : sizes.shadows) {
    others.push_back({.name = policy, .estimated = true, .capacity = points});
  }
  return AccountOf(ComputeSavings(sizes.records, others, {}, now));
}

ToldSizes From(const ToldSizes& sizes, WallTime from) {
  ToldSizes out;
  out.before_first_action = sizes.before_first_action;
  out.records = Later(sizes.records, from, [&](CapacityRecord record) {
    if (record.holds_for) {
      record.holds_for = std::max(Duration(0), *record.holds_for - (from - record.at));
    }
    record.at = from;
    return record;
  });
  for (const auto& [policy, points] : sizes.shadows) {
    out.shadows[policy] = Later(points, from, [&](CapacityPoint point) {
      point.at = from;
      return point;
    });
  }
  return out;
}

Money Spent(const CarriedAccount& carried, const ToldSizes& sizes, WallTime from, WallTime now) {
  if (!carried.until || from >= *carried.until) return SpentSince(sizes.records, from, now);
  const auto before = carried.spent.find(from);
  return (before == carried.spent.end() ? Money{} : before->second) +
         SpentSince(sizes.records, *carried.until, now);
}

WallTime DayOf(WallTime at) { return std::chrono::floor<std::chrono::days>(at); }

WallTime MonthOf(WallTime at) {
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(at));
  return std::chrono::sys_days(date.year() / date.month() / 1);
}

std::string ToJson(const CapacityRecord& record, std::optional<WallTime> unknown_since) {
  Json json = CapacityToJson(record);
  if (unknown_since) json["unknown_since_us"] = Micros(*unknown_since);
  return json.dump();
}

std::string ToJson(const std::string& policy, const CapacityPoint& point) {
  Json json = PointToJson(point);
  json["policy"] = policy;
  return json.dump();
}

std::string ToJson(const CapacityPoint& before_first_action) {
  return PointToJson(before_first_action).dump();
}

Status Tell(const AuditRecord& audit, ToldSizes& sizes) {
  const Json json = Json::parse(audit.detail, nullptr, false);
  try {
    if (audit.what == kAuditShadow) {
      sizes.Add(json.at("policy").get<std::string>(), ReadPoint(json));
    } else if (audit.what == kAuditAsProvisioned) {
      sizes.before_first_action = ReadPoint(json);
    } else {
      std::optional<WallTime> unknown_since;
      const CapacityRecord record = ReadCapacity(json, audit.at);
      if (json.contains("unknown_since_us")) unknown_since = TimeOf(json.at("unknown_since_us"));
      sizes.Add(record, unknown_since);
    }
  } catch (const Json::exception& error) {
    return Error(StatusCode::kDataLoss, "audit record {} holds no capacity: {}", audit.sequence,
                 error.what());
  }
  return OkStatus();
}

std::string ToJson(const CarriedAccount& carried) {
  Json records = Json::array();
  for (const CapacityRecord& record : carried.sizes.records) {
    records.push_back(CapacityToJson(record));
    records.back()["at_us"] = Micros(record.at);
    if (record.holds_for) records.back()["holds_us"] = record.holds_for->count();
  }
  Json shadows = Json::object();
  for (const auto& [policy, points] : carried.sizes.shadows) {
    shadows[policy] = Json::array();
    for (const CapacityPoint& point : points) shadows[policy].push_back(PointToJson(point));
  }
  Json spent = Json::array();
  for (const auto& [since, cost] : carried.spent) {
    spent.push_back({{"since_us", Micros(since)}, {"cost_micros", cost.micros}});
  }
  Json json = {{"version", kVersion},
               {"account", AccountToJson(carried.account)},
               {"records", records},
               {"shadows", shadows},
               {"spent", spent}};
  if (carried.until) json["until_us"] = Micros(*carried.until);
  if (carried.sizes.before_first_action) {
    json["before_first_action"] = PointToJson(*carried.sizes.before_first_action);
  }
  return json.dump();
}

StatusOr<CarriedAccount> ParseCarried(const AuditRecord& audit) {
  const Json detail = Json::parse(audit.detail, nullptr, false);
  try {
    const Json& carried = detail.at("carried");
    if (carried.value("version", 1) > kVersion) {
      return Error(StatusCode::kDataLoss, "audit record {} carries an account of a later version",
                   audit.sequence);
    }
    return ReadCarried(carried);
  } catch (const Json::exception& error) {
    return Error(StatusCode::kDataLoss, "audit record {} carries no account: {}", audit.sequence,
                 error.what());
  }
}

}  // namespace tidewright
