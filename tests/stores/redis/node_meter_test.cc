#include "stores/redis/node_meter.h"

#include <boost/test/unit_test.hpp>

using namespace tidewright;
using namespace tidewright::redis;
namespace tt = boost::test_tools;

namespace {

const RequestUnits kUnits;

struct Server {
  std::string run_id = "r1";
  std::string role = "master";
  double cpu = 1;
  std::string commands;
  std::string more;
  std::string maxmemory = "0";
  std::string policy = "noeviction";

  [[nodiscard]] std::string Info() const {
    return "# Server\r\nredis_version:7.0.15\r\nrun_id:" + run_id +
           "\r\n# Memory\r\nused_memory:5000\r\nmem_not_counted_for_evict:1000\r\nmaxmemory:" +
           maxmemory + "\r\nmaxmemory_policy:" + policy +
           "\r\n"
           "# Persistence\r\nloading:0\r\nrdb_bgsave_in_progress:0\r\n# Stats\r\n"
           "total_net_input_bytes:1000\r\ntotal_net_output_bytes:2000\r\n"
           "total_net_repl_input_bytes:10\r\ntotal_net_repl_output_bytes:20\r\n"
           "rejected_connections:1\r\nevicted_keys:0\r\nkeyspace_hits:7\r\nkeyspace_misses:3\r\n"
           "# Replication\r\nrole:" +
           role + "\r\nmaster_repl_offset:900\r\n# CPU\r\nused_cpu_sys_main_thread:" +
           std::to_string(cpu) + "\r\nused_cpu_user_main_thread:0\r\n# Commandstats\r\n" +
           commands +
           "# Errorstats\r\nerrorstat_MOVED:count=4\r\nerrorstat_ASK:count=2\r\n"
           "errorstat_OOM:count=5\r\nerrorstat_ERR:count=100\r\n# Keyspace\r\n" +
           more;
  }
};

std::string Stat(const std::string& name, double calls, double usec) {
  return "cmdstat_" + name + ":calls=" + std::to_string(calls) + ",usec=" + std::to_string(usec) +
         ",usec_per_call=0.00,rejected_calls=0,failed_calls=0\r\n";
}

NodeSample Read(const Server& server, NodeMeter& meter, const RequestUnits& units = kUnits) {
  const auto sample = ReadSample({server.Info(), std::nullopt}, units, meter);
  BOOST_REQUIRE_MESSAGE(sample.ok(), sample.status());
  return *sample;
}

Reply Integer(std::int64_t value) {
  Reply reply;
  reply.type = Reply::Type::kInteger;
  reply.integer = value;
  return reply;
}
Reply Word(const std::string& text) {
  Reply reply;
  reply.type = Reply::Type::kString;
  reply.text = text;
  return reply;
}
Reply List(std::vector<Reply> elements) {
  Reply reply;
  reply.type = Reply::Type::kArray;
  reply.elements = std::move(elements);
  return reply;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(node_meter)

BOOST_AUTO_TEST_CASE(what_a_server_tells_becomes_a_sample) {
  Server server;
  server.commands = Stat("get", 1000, 500) + Stat("set", 100, 80);
  server.more = "db0:keys=12,expires=0,avg_ttl=0\r\n";
  NodeMeter meter;
  const auto sample = Read(server, meter);
  BOOST_TEST(sample.version == "redis 7.0.15");
  BOOST_TEST(*sample[Metric::kCommands] == 1100);
  BOOST_TEST(*sample[Metric::kRequestUnits] == 1000 + 100 * *kUnits.WeightOf("set"),
             tt::tolerance(1e-9));
  BOOST_TEST(*sample[Metric::kNetworkBytes] == 2970);
  BOOST_TEST(*sample[Metric::kMemoryBytes] == 4000);
  BOOST_TEST(*sample[Metric::kMemoryLimitBytes] == 0);
  BOOST_TEST(*sample[Metric::kKeys] == 12);
  BOOST_TEST(*sample[Metric::kRejected] == 6);
  BOOST_TEST(*sample[Metric::kRedirects] == 6);
  BOOST_TEST(*sample[Metric::kBlockingWork] == 0);
  BOOST_TEST(!sample[Metric::kReplicationLagBytes].has_value());  // there is no replica
  BOOST_TEST(!sample[Metric::kLatencyP99Seconds].has_value());
}

// Of volatile-… keys without an expiry stay: what fills up with those is full.
BOOST_AUTO_TEST_CASE(a_server_evicts_any_key_where_it_has_a_limit_and_such_a_policy) {
  const auto evicts = [](const std::string& maxmemory, const std::string& policy) {
    Server server;
    server.maxmemory = maxmemory;
    server.policy = policy;
    NodeMeter meter;
    return *Read(server, meter)[Metric::kEvictsAnyKey];
  };
  BOOST_TEST(evicts("1000000", "allkeys-lru") == 1);
  BOOST_TEST(evicts("1000000", "allkeys-random") == 1);
  BOOST_TEST(evicts("0", "allkeys-lru") == 0);
  BOOST_TEST(evicts("1000000", "volatile-lru") == 0);
  BOOST_TEST(evicts("1000000", "noeviction") == 0);
}

BOOST_AUTO_TEST_CASE(valkey_is_told_from_redis) {
  Server server;
  server.more = "# Server\r\nvalkey_version:8.0.1\r\n";
  NodeMeter meter;
  BOOST_TEST(Read(server, meter).version == "valkey 8.0.1");
}

BOOST_AUTO_TEST_CASE(what_is_no_info_is_an_error) {
  NodeMeter meter;
  BOOST_TEST(
      (ReadSample({"", std::nullopt}, kUnits, meter).status().code() == StatusCode::kInternal));
  BOOST_TEST((ReadSample({"run_id:x\r\n", std::nullopt}, kUnits, meter).status().code() ==
              StatusCode::kInternal));
}

BOOST_AUTO_TEST_CASE(a_small_get_is_one_unit) { BOOST_TEST(*kUnits.WeightOf("get") == 1.0); }

BOOST_AUTO_TEST_CASE(watching_moving_and_administration_are_no_demand) {
  Server server;
  for (const char* name : {"info",
                           "cluster|nodes",
                           "cluster|countkeysinslot",
                           "cluster|slot-stats",
                           "migrate",
                           "restore-asking",
                           "restore",
                           "memory|usage",
                           "latency|histogram",
                           "config|get",
                           "ping",
                           "replconf",
                           "psync",
                           "auth",
                           "hello",
                           "client|setname",
                           "select",
                           "asking",
                           "readonly",
                           "wait",
                           "multi",
                           "exec",
                           "slowlog|get",
                           "command|docs",
                           "acl|whoami"}) {
    server.commands += Stat(name, 1000, 50000);
  }
  NodeMeter meter;
  const auto sample = Read(server, meter);
  BOOST_TEST(*sample[Metric::kRequestUnits] == 0);
  BOOST_TEST(*sample[Metric::kCommands] == 0);
  BOOST_TEST(*sample[Metric::kOwnCpuSeconds] > 0);
}

BOOST_AUTO_TEST_CASE(our_own_cpu_is_at_most_what_the_main_thread_ran) {
  Server server;
  server.cpu = 0.1;
  server.commands = Stat("migrate", 10, 2e6);  // waited two seconds for its target
  NodeMeter meter;
  BOOST_TEST(*Read(server, meter)[Metric::kOwnCpuSeconds] == 0.1, tt::tolerance(0.01));
}

BOOST_AUTO_TEST_CASE(weights_can_be_configured) {
  Server server;
  server.commands = Stat("get", 100, 50) + Stat("my.module", 10, 1e6);
  NodeMeter meter;
  const RequestUnits units({{"get", 2.0}, {"my.module", 30.0}});
  BOOST_TEST(*Read(server, meter, units)[Metric::kRequestUnits] == 500, tt::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(commands_without_a_weight_go_by_their_time) {
  Server server;
  server.commands = Stat("mget", 100, 25);
  NodeMeter cheap;
  const double few_keys = *Read(server, cheap)[Metric::kRequestUnits];
  BOOST_TEST(few_keys > 60);
  BOOST_TEST(few_keys < 140);
  server.commands = Stat("mget", 100, 10000);
  NodeMeter dear;
  const double many_keys = *Read(server, dear)[Metric::kRequestUnits];
  BOOST_TEST(many_keys > 1000);
  BOOST_TEST(many_keys < 5000);
}

BOOST_AUTO_TEST_CASE(a_throttled_servers_long_times_are_no_demand) {
  Server server;
  server.commands = Stat("get", 1e6, 0.6e6) + Stat("mget", 1000, 3000);
  NodeMeter fast;
  const double usual = *Read(server, fast)[Metric::kRequestUnits];
  server.commands =
      Stat("get", 1e6, 6e6) + Stat("mget", 1000, 30000);  // stopped nine tenths of the time
  NodeMeter slow;
  BOOST_TEST(*Read(server, slow)[Metric::kRequestUnits] == usual, tt::tolerance(0.02));
}

BOOST_AUTO_TEST_CASE(units_are_a_counter_though_the_servers_pace_changes) {
  Server server;
  NodeMeter meter;
  double get_usec = 0;
  double mget_usec = 0;
  double last = 0;
  for (int i = 1; i <= 50; ++i) {
    const double slowness = i % 2 == 0 ? 10 : 1;
    get_usec += 10000 * 0.6 * slowness;
    mget_usec += 100 * 30 * slowness;
    server.commands = Stat("get", 10000.0 * i, get_usec) + Stat("mget", 100.0 * i, mget_usec);
    const double units = *Read(server, meter)[Metric::kRequestUnits];
    BOOST_TEST(units > last);
    if (i > 1) BOOST_TEST(units - last == 10000 + 700, tt::tolerance(0.05));
    last = units;
  }
}

BOOST_AUTO_TEST_CASE(counters_that_were_reset_fall_with_the_servers_own) {
  Server server;
  server.commands = Stat("get", 1000, 600) + Stat("mget", 1000, 3000);
  NodeMeter meter;
  const double before = *Read(server, meter)[Metric::kRequestUnits];
  server.commands = Stat("get", 10, 6) + Stat("mget", 10, 30);  // CONFIG RESETSTAT
  const double after = *Read(server, meter)[Metric::kRequestUnits];
  BOOST_TEST(after > 0);
  BOOST_TEST(after < before / 10);
}

BOOST_AUTO_TEST_CASE(a_replicas_replicated_writes_are_no_demand) {
  Server server;
  server.role = "slave";
  server.commands =
      Stat("get", 100, 60) + Stat("set", 5000, 4000) + Stat("mset", 50, 100) + Stat("del", 70, 40);
  NodeMeter meter;
  const auto sample = Read(server, meter);
  BOOST_TEST(*sample[Metric::kRequestUnits] == 100);
  BOOST_TEST(*sample[Metric::kCommands] == 100);
}

BOOST_AUTO_TEST_CASE(a_promotion_is_another_incarnation_since_it_counts_otherwise) {
  Server server;
  server.role = "slave";
  NodeMeter meter;
  const auto before = Read(server, meter).incarnation;
  server.role = "master";
  BOOST_TEST(Read(server, meter).incarnation != before);
}

BOOST_AUTO_TEST_CASE(lag_is_of_the_farthest_replica_in_sync_and_a_full_sync_is_blocking_work) {
  Server server;
  server.more =
      "# Replication\r\nslave0:ip=1.2.3.4,port=1,state=online,offset=880,lag=0\r\n"
      "slave1:ip=1.2.3.4,port=2,state=online,offset=700,lag=1\r\n";
  NodeMeter meter;
  BOOST_TEST(*Read(server, meter)[Metric::kReplicationLagBytes] == 200);
  BOOST_TEST(*Read(server, meter)[Metric::kBlockingWork] == 0);
  server.more += "slave2:ip=1.2.3.4,port=3,state=wait_bgsave,offset=0,lag=0\r\n";
  BOOST_TEST(*Read(server, meter)[Metric::kReplicationLagBytes] == 200);
  BOOST_TEST(*Read(server, meter)[Metric::kBlockingWork] == 1);
}

BOOST_AUTO_TEST_CASE(latency_is_of_client_commands_between_two_samples) {
  const auto histogram = [](std::vector<std::int64_t> get, std::int64_t info) {
    std::vector<Reply> buckets;
    for (const auto value : get) buckets.push_back(Integer(value));
    return List({Word("get"),
                 List({Word("calls"), Integer(1), Word("histogram_usec"), List(buckets)}),
                 Word("info"),
                 List({Word("calls"), Integer(1), Word("histogram_usec"),
                       List({Integer(16384), Integer(info)})})});
  };
  const auto before = ReadLatencyHistogram(histogram({1, 1000, 8, 1100}, 5));
  BOOST_TEST(before.size() == 2u);
  BOOST_TEST(before.at(8) == 100);
  // 100 more calls: 98 of up to 1 µs, 2 of up to 1,056 µs.
  const auto after = ReadLatencyHistogram(histogram({1, 1098, 8, 1198, 1056, 1200}, 900));
  const auto p99 = LatencyP99Between(before, after);
  BOOST_REQUIRE(p99.has_value());
  BOOST_TEST(*p99 == 792e-6, tt::tolerance(1e-6));
  BOOST_TEST(!LatencyP99Between(after, after).has_value());
  BOOST_TEST(!LatencyP99Between(after, before).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
