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

// By name. From bench/request_units.sh on redis 7.0.15, the lower of two runs (x86-64, 2 cores, 50
// connections without pipelining, 64-byte values, collections of 64 small elements). Variants of a
// measured command have its figures. What is missing here goes by time: commands of many keys,
// ranges, scripts.
constexpr Weight kWeights[] = {
    {"append", 1.08, 0.69, true},       {"dbsize", 0.88, 0.09, false},
    {"decr", 1.03, 0.62, true},         {"decrby", 1.08, 0.67, true},
    {"del", 1.09, 0.68, true},          {"exists", 0.93, 0.50, false},
    {"expire", 1.15, 1.05, true},       {"expireat", 1.19, 1.05, true},
    {"expiretime", 0.97, 0.50, false},  {"get", 1.00, 0.59, false},
    {"getbit", 1.00, 0.54, false},      {"getdel", 1.09, 0.82, true},
    {"getex", 1.03, 0.66, true},        {"getrange", 1.05, 0.62, false},
    {"getset", 1.16, 1.00, true},       {"hdel", 1.08, 0.81, true},
    {"hexists", 0.91, 0.29, false},     {"hget", 0.91, 0.33, false},
    {"hincrby", 1.03, 0.45, true},      {"hlen", 0.93, 0.18, false},
    {"hset", 0.99, 0.39, true},         {"hsetnx", 0.94, 0.30, true},
    {"hstrlen", 0.95, 0.32, false},     {"incr", 1.00, 0.61, true},
    {"incrby", 1.03, 0.60, true},       {"incrbyfloat", 1.30, 1.73, true},
    {"lindex", 0.98, 0.32, false},      {"llen", 0.91, 0.16, false},
    {"lmove", 1.08, 0.61, true},        {"lpop", 0.94, 0.32, true},
    {"lpush", 1.18, 0.96, true},        {"lpushx", 1.18, 0.96, true},
    {"lset", 1.00, 0.37, true},         {"persist", 0.96, 0.49, true},
    {"pexpire", 1.15, 1.10, true},      {"pexpireat", 1.19, 1.05, true},
    {"pexpiretime", 0.96, 0.50, false}, {"pfadd", 0.91, 0.19, true},
    {"psetex", 1.23, 1.50, true},       {"pttl", 0.96, 0.50, false},
    {"rpop", 0.95, 0.33, true},         {"rpoplpush", 1.05, 0.62, true},
    {"rpush", 1.15, 0.89, true},        {"rpushx", 1.15, 0.89, true},
    {"sadd", 0.91, 0.17, true},         {"scard", 0.89, 0.13, false},
    {"set", 1.15, 0.80, true},          {"setbit", 1.07, 0.67, true},
    {"setex", 1.23, 1.50, true},        {"setnx", 0.97, 0.51, true},
    {"setrange", 1.05, 0.66, true},     {"sismember", 0.92, 0.19, false},
    {"spop", 0.89, 0.11, true},         {"srandmember", 0.97, 0.36, false},
    {"srem", 0.91, 0.16, true},         {"strlen", 0.98, 0.53, false},
    {"touch", 0.97, 0.47, false},       {"ttl", 0.97, 0.50, false},
    {"type", 0.93, 0.50, false},        {"unlink", 1.07, 0.66, true},
    {"xlen", 0.88, 0.13, false},        {"zadd", 0.99, 0.44, true},
    {"zcard", 0.91, 0.16, false},       {"zcount", 1.08, 0.69, false},
    {"zincrby", 1.53, 3.31, true},      {"zpopmax", 0.88, 0.11, true},
    {"zpopmin", 0.88, 0.11, true},      {"zrank", 0.99, 0.43, false},
    {"zrem", 1.09, 0.81, true},         {"zrevrank", 0.99, 0.43, false},
    {"zscore", 1.06, 0.68, false},
};

// The same runs: main-thread time of one GET, and the part of it outside the command itself.
constexpr double kGetUsec = 4.95;
constexpr double kProtocolUsec = 4.36;

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
