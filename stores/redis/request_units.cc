#include "stores/redis/request_units.h"

#include <algorithm>
#include <array>
#include <utility>

namespace tidewright::redis {
namespace {

struct Weight {
  std::string_view name;
  double units;
  double usec;  ///< inside the command, on the machine of the table
  bool writes;
};

// By name. Printed by bench/request_units.sh on redis 7.0.15 (x86-64, 2 cores, 50 connections
// without pipelining, 64-byte values, collections of 64 small elements). Variants of a measured
// command have its figures. What is missing here goes by time: commands of many keys, ranges,
// scripts.
constexpr Weight kWeights[] = {
    {"append", 1.00, 0.88, true},       {"dbsize", 0.85, 0.16, false},
    {"decr", 0.99, 0.61, true},         {"decrby", 0.69, 0.71, true},
    {"del", 1.00, 0.21, true},          {"exists", 0.96, 0.53, false},
    {"expire", 1.05, 1.12, true},       {"expireat", 1.03, 1.14, true},
    {"expiretime", 0.93, 0.51, false},  {"get", 1.00, 0.62, false},
    {"getbit", 0.98, 0.61, false},      {"getdel", 1.00, 0.29, true},
    {"getex", 1.12, 0.80, true},        {"getrange", 1.00, 0.66, false},
    {"getset", 1.15, 1.04, true},       {"hdel", 1.04, 0.90, true},
    {"hexists", 0.91, 0.32, false},     {"hget", 0.92, 0.36, false},
    {"hincrby", 1.12, 0.50, true},      {"hlen", 0.92, 0.23, false},
    {"hset", 0.96, 0.41, true},         {"hsetnx", 0.93, 0.33, true},
    {"hstrlen", 0.92, 0.33, false},     {"incr", 0.97, 0.64, true},
    {"incrby", 1.03, 0.65, true},       {"incrbyfloat", 1.20, 2.00, true},
    {"lindex", 0.92, 0.35, false},      {"llen", 0.87, 0.20, false},
    {"lmove", 0.98, 0.71, true},        {"lpop", 0.90, 0.37, true},
    {"lpush", 1.11, 0.95, true},        {"lpushx", 1.11, 0.95, true},
    {"lrem", 1.24, 2.05, true},         {"lset", 1.02, 0.48, true},
    {"persist", 0.94, 0.55, true},      {"pexpire", 1.05, 1.14, true},
    {"pexpireat", 1.03, 1.14, true},    {"pexpiretime", 0.93, 0.50, false},
    {"pfadd", 0.97, 0.35, true},        {"psetex", 1.11, 1.55, true},
    {"pttl", 0.93, 0.50, false},        {"publish", 0.97, 0.32, true},
    {"rpop", 0.89, 0.36, true},         {"rpoplpush", 1.03, 0.74, true},
    {"rpush", 1.11, 0.94, true},        {"rpushx", 1.11, 0.94, true},
    {"sadd", 0.96, 0.27, true},         {"scard", 1.15, 0.22, false},
    {"set", 1.07, 0.77, true},          {"setbit", 1.04, 0.71, true},
    {"setex", 1.09, 1.53, true},        {"setnx", 0.94, 0.55, true},
    {"setrange", 1.40, 0.87, true},     {"sismember", 0.89, 0.21, false},
    {"spop", 0.88, 0.14, true},         {"spublish", 0.97, 0.32, true},
    {"srandmember", 0.91, 0.38, false}, {"srem", 0.86, 0.22, true},
    {"strlen", 0.95, 0.56, false},      {"touch", 0.96, 0.54, false},
    {"ttl", 0.93, 0.51, false},         {"type", 0.98, 0.60, false},
    {"unlink", 1.02, 0.25, true},       {"xadd", 2.10, 8.30, true},
    {"xlen", 0.85, 0.16, false},        {"zadd", 0.97, 0.60, true},
    {"zcard", 0.90, 0.27, false},       {"zcount", 1.01, 0.78, false},
    {"zincrby", 1.27, 3.38, true},      {"zpopmax", 0.95, 0.18, true},
    {"zpopmin", 0.95, 0.18, true},      {"zrank", 0.98, 0.52, false},
    {"zrem", 1.00, 0.93, true},         {"zrevrank", 0.98, 0.52, false},
    {"zscore", 1.01, 0.91, false},
};

// The same run: main-thread time of one GET, and the part of it outside the command itself.
constexpr double kGetUsec = 4.95;
constexpr double kProtocolUsec = 4.40;

constexpr std::array<std::string_view, 7> kOwn = {"cluster", "info",    "latency",       "memory",
                                                  "migrate", "restore", "restore-asking"};
constexpr std::array<std::string_view, 36> kAdministrative = {
    "acl",       "asking",  "auth", "bgrewriteaof", "bgsave",   "client",   "command",   "config",
    "debug",     "discard", "exec", "failover",     "function", "hello",    "lastsave",  "module",
    "monitor",   "multi",   "ping", "psync",        "quit",     "readonly", "readwrite", "replconf",
    "replicaof", "reset",   "role", "save",         "script",   "select",   "shutdown",  "slaveof",
    "swapdb",    "slowlog", "sync", "wait"};

template <typename List>
bool Has(const List& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

const Weight* FindWeight(std::string_view name) {
  const auto it =
      std::lower_bound(std::begin(kWeights), std::end(kWeights), name,
                       [](const Weight& w, std::string_view key) { return w.name < key; });
  return it == std::end(kWeights) || it->name != name ? nullptr : it;
}

static_assert(std::is_sorted(std::begin(kWeights), std::end(kWeights),
                             [](const Weight& a, const Weight& b) { return a.name < b.name; }));

}  // namespace

CommandClass ClassOf(std::string_view name) {
  const std::string_view container = name.substr(0, name.find('|'));
  if (Has(kOwn, container)) return CommandClass::kOwn;
  if (Has(kAdministrative, container)) return CommandClass::kAdministrative;
  return CommandClass::kClient;
}

RequestUnits::RequestUnits(std::map<std::string, double> overrides)
    : overrides_(std::make_move_iterator(overrides.begin()),
                 std::make_move_iterator(overrides.end())) {}

std::optional<double> RequestUnits::WeightOf(std::string_view name) const {
  if (const auto it = overrides_.find(name); it != overrides_.end()) return it->second;
  if (const Weight* weight = FindWeight(name)) return weight->units;
  return std::nullopt;
}

CommandTotals RequestUnits::Total(const InfoText& info, bool replica) const {
  constexpr std::string_view kPrefix = "cmdstat_";
  CommandTotals totals;
  for (const auto& [field, value] : info.WithPrefix(kPrefix)) {
    const std::string_view name = field.substr(kPrefix.size());
    const double calls = NumberIn(value, "calls").value_or(0);
    const double usec = NumberIn(value, "usec").value_or(0);
    totals.all_usec += usec;
    const CommandClass kind = ClassOf(name);
    if (kind == CommandClass::kOwn) {
      totals.own_calls += calls;
      totals.own_usec += usec;
    }
    if (kind != CommandClass::kClient) continue;
    const Weight* known = FindWeight(name);
    if (known != nullptr) {
      totals.weighed_calls += calls;
      totals.weighed_usec += usec;
      totals.weighed_standard += calls * known->usec;
    }
    if (replica && (known == nullptr || known->writes)) continue;
    totals.client_calls += calls;
    if (const auto weight = WeightOf(name)) {
      totals.weighed_units += *weight * calls;
    } else {
      totals.timed_calls += calls;
      totals.timed_usec += usec;
    }
  }
  return totals;
}

double TimedUnits(double calls, double usec, double slowness) {
  return (calls * kProtocolUsec + usec / slowness) / kGetUsec;
}

}  // namespace tidewright::redis
