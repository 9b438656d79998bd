// What an account of each capability may do at a real server, what it may not, and what a person is
// told then; where keys may go; what no error may repeat.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <future>
#include <set>

#include "core/hash.h"
#include "stores/redis/capability.h"
#include "stores/redis/redis_load_source.h"
#include "tests/stores/redis/actuator_world.h"

using namespace tidewright;
using namespace tidewright::testing;

namespace {

constexpr char kSecret[] = "s3cret-of-all";

redis::ClientOptions As(const std::string& user) {
  redis::ClientOptions options;
  options.credentials = {user, kSecret};
  return options;
}

/// Makes the account by the line that tidectl prints.
void MakeAccount(World& world, const std::string& user,
                 const std::vector<std::string>& capabilities) {
  const auto line = redis::AclLine(user, Sha256Hex(kSecret), capabilities);
  BOOST_REQUIRE_MESSAGE(line.ok(), line.status());
  redis::Command words;
  for (std::size_t at = 0; at < line->size();) {
    const auto end = std::min(line->find(' ', at), line->size());
    words.push_back(line->substr(at, end - at));
    at = end + 1;
  }
  for (int port : world.cluster->Ports()) world.Do(port, words);
}

/// "get", "cluster|setslot" with as many words as the server wants.
void Collect(const redis::Reply& command, std::vector<std::pair<std::string, redis::Command>>& to) {
  const std::string name = command.elements[0].text;
  const auto& subcommands = command.elements[9].elements;
  for (const auto& sub : subcommands) Collect(sub, to);
  if (!subcommands.empty()) return;
  redis::Command words;
  const auto bar = name.find('|');
  words.push_back(name.substr(0, bar));
  if (bar != std::string::npos) words.push_back(name.substr(bar + 1));
  const auto arity = static_cast<std::size_t>(std::abs(command.elements[1].integer));
  while (words.size() < arity) words.push_back("1");
  to.emplace_back(name, std::move(words));
}

/// All commands that the server knows and lets the account run, as the server itself judges.
std::set<std::string> Allowed(World& world, const std::string& user) {
  const int port = world.ports.front();
  std::vector<std::pair<std::string, redis::Command>> commands;
  for (const auto& command : world.Do(port, {"COMMAND"}).elements) Collect(command, commands);
  BOOST_TEST(commands.size() > 300u);
  std::set<std::string> allowed;
  for (const auto& [name, words] : commands) {
    redis::Command dry_run = {"ACL", "DRYRUN", user};
    dry_run.insert(dry_run.end(), words.begin(), words.end());
    const auto verdict = world.Do(port, dry_run);
    const bool no_right =
        verdict.text.find("no permissions to run") != std::string::npos;  // to keys is another word
    if (!no_right) allowed.insert(name);
  }
  return allowed;
}

bool Says(const Status& status, const std::string& word) {
  return Message(status).find(word) != std::string::npos;
}

Status MoveTen(World& world, redis::Client& client, redis::RedisActuatorOptions options) {
  redis::RedisActuator actuator(client, std::move(options), nullptr, world.clock);
  Journal journal;
  const Status status = RunSteps(
      actuator, {MoveStep(world.Id(world.ports[0]), world.Id(world.ports[1]), {{0, 9}})}, journal);
  BOOST_TEST(world.OpenSlots() == 0);
  return status;
}

/// Gives servers that are elsewhere.
class Elsewhere : public Provisioner {
 public:
  StatusOr<ProvisionedNode> Acquire(const NodeRequest&, Duration) override {
    return ProvisionedNode{"127.0.0.9", 6379, ""};
  }
  Status Release(const std::string& host, int, Duration) override {
    released.push_back(host);
    return OkStatus();
  }
  std::vector<std::string> released;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(redis_rights)

BOOST_AUTO_TEST_CASE(an_account_may_run_what_its_capability_lists_and_nothing_else) {
  World world(1, 0);
  for (const auto& capability : redis::Capabilities()) {
    // Newer servers alone know their commands.
    if (capability.name == "slot-stats" || capability.name.rfind("atomic", 0) == 0) continue;
    MakeAccount(world, "controller", {capability.name});
    std::set<std::string> expected = {"auth", "hello", "quit", "reset"};  // anybody may
    const auto rules = redis::RulesOf({capability.name});
    BOOST_REQUIRE(rules.ok());
    for (const auto& rule : *rules) {
      if (rule.front() == '+') expected.insert(rule.substr(1));
    }
    const auto allowed = Allowed(world, "controller");
    BOOST_TEST(allowed == expected, boost::test_tools::per_element());
    BOOST_TEST(allowed.size() == expected.size(), capability.name);
  }
}

BOOST_AUTO_TEST_CASE(what_each_capability_is_for_works_with_its_account) {
  World world(3, 0);
  world.Fill(2000);
  const auto collect = [&](const std::string& user) {
    redis::Client client(As(user));
    redis::RedisLoadOptions options;
    options.cluster = "test";
    redis::RedisLoadSource source(client, world.clock, {{kHost, world.ports[0]}}, options);
    const auto topology = source.ReadTopology(std::chrono::seconds(10));
    BOOST_REQUIRE_MESSAGE(topology.ok(), topology.status());
    BOOST_TEST(topology->shards.size() == 3u);
    const Shard& shard = topology->shards.front();
    std::promise<StatusOr<NodeSample>> sampled;
    source.SampleNode(shard.master, std::chrono::seconds(10),
                      [&](StatusOr<NodeSample> sample) { sampled.set_value(std::move(sample)); });
    const auto sample = sampled.get_future().get();
    BOOST_REQUIRE_MESSAGE(sample.ok(), sample.status());
    std::promise<StatusOr<std::vector<PartitionSample>>> parts;
    source.SamplePartitions(shard.master, shard.partitions, std::chrono::seconds(30),
                            [&](auto samples) { parts.set_value(std::move(samples)); });
    auto slots = parts.get_future().get();
    BOOST_REQUIRE_MESSAGE(slots.ok(), slots.status());
    return *std::move(slots);
  };
  MakeAccount(world, "watcher", {"observe"});
  MakeAccount(world, "planner", {"plan"});
  double keys = 0;
  bool sized = false;
  for (const auto& slot : collect("watcher")) {
    keys += slot.keys;
    sized = sized || slot.memory_bytes.has_value();
  }
  BOOST_TEST(keys > 100);
  BOOST_TEST(!sized);  // that takes a look at keys
  for (const auto& slot : collect("planner")) sized = sized || slot.memory_bytes.has_value();
  BOOST_TEST(sized);

  // To act is shown by growing and shrinking, in actuator_access_test.cc.
  redis::Client planner(As("planner"));
  const Status refused = planner.Call1(kHost, world.ports[0], {"GET", "key:1"}).status();
  BOOST_TEST((refused.code() == StatusCode::kPermissionDenied), refused);
}

BOOST_AUTO_TEST_CASE(a_missing_capability_is_named_with_what_mends_it_before_anything_changes) {
  World world(3, 0);
  world.Fill(300);
  MakeAccount(world, "planner", {"plan"});
  redis::Client client(As("planner"));
  redis::RedisActuator actuator(client, world.Options(), nullptr, world.clock);
  const Topology before = world.ReadTopology();
  Plan plan = ScaleInPlan(before, {before.shards.back().id});
  const auto steps = actuator.Expand(plan, before);
  BOOST_REQUIRE_MESSAGE(steps.ok(), steps.status());
  Journal journal;
  Status refused = RunSteps(actuator, *steps, journal);
  BOOST_TEST((refused.code() == StatusCode::kPermissionDenied), refused);
  for (const char* word : {"cluster|setslot", "cluster|forget", "migrate", "capability 'act'",
                           "tidectl acl --capability act --user planner"}) {
    BOOST_TEST(Says(refused, word), refused << " does not say " << word);
  }
  for (int port : world.ports) {
    BOOST_TEST(Says(refused, std::to_string(port)), refused << " does not name " << port);
  }
  BOOST_TEST(world.OpenSlots() == 0);
  BOOST_TEST(world.ReadTopology().Fingerprint() == before.Fingerprint());

  // One command on one node is enough.
  MakeAccount(world, "planner", {"act", "receive"});
  world.Do(world.ports[1], {"ACL", "SETUSER", "planner", "-migrate"});
  Journal second;
  refused = RunSteps(actuator, *steps, second);
  BOOST_TEST((refused.code() == StatusCode::kPermissionDenied), refused);
  BOOST_TEST(Says(refused, "migrate at 127.0.0.1:" + std::to_string(world.ports[1])), refused);
  BOOST_TEST(!Says(refused, "setslot"), refused);
}

BOOST_AUTO_TEST_CASE(keys_go_to_listed_addresses_alone) {
  World world(3, 0);
  world.Fill(20000);  // some in the ten slots
  auto options = world.Options();
  options.allow_unprotected_targets = true;
  options.allowed_targets = *Networks::Parse({"10.0.0.0/8"});
  Status refused = MoveTen(world, world.client(), options);
  BOOST_TEST((refused.code() == StatusCode::kPermissionDenied), refused);
  BOOST_TEST(Says(refused, "127.0.0.1 is not among redis.allowed_targets"), refused);

  // Before it joins: a server that a provisioner gives is looked at first.
  options.allowed_targets = *Networks::Parse({"127.0.0.1"});
  Elsewhere elsewhere;
  redis::RedisActuator growing(world.client(), options, &elsewhere, world.clock);
  const Topology topology = world.ReadTopology();
  const auto steps = growing.Expand(ScaleOutPlan(topology, 1, 0), topology);
  BOOST_REQUIRE_MESSAGE(steps.ok(), steps.status());
  Journal journal;
  refused = RunSteps(growing, *steps, journal);
  BOOST_TEST((refused.code() == StatusCode::kPermissionDenied), refused);
  BOOST_TEST(Says(refused, "127.0.0.9 is not among"), refused);
  BOOST_TEST(world.OpenSlots() == 0);

  const Status moved = MoveTen(world, world.client(), options);
  BOOST_TEST(moved.ok(), moved);
}

BOOST_AUTO_TEST_CASE(a_server_that_disabled_a_command_is_found_out_and_no_error_tells_the_password) {
  World world(3, 0, {"--requirepass", kSecret, "--masterauth", kSecret, "--rename-command",
                     "MIGRATE", ""},
              {"", kSecret});
  world.Fill(20000);  // some in the ten slots
  redis::Client client(As(""));
  // The server tells what it was asked, AUTH and all.
  const redis::Command asked = {"MIGRATE", kHost,  "1",     "", "0", "100",
                                "AUTH",    kSecret, "KEYS", "a"};
  const Status unknown = client.Call1(kHost, world.ports[0], asked).status();
  BOOST_TEST(Says(unknown, "'AUTH' '***' 'KEYS'"), unknown);
  BOOST_TEST(!Says(unknown, kSecret), unknown);

  auto options = world.Options();
  options.allow_unprotected_targets = true;
  options.migrate_credentials = {"", kSecret};
  redis::RedisActuator actuator(client, options, nullptr, world.clock);
  const Topology topology = world.ReadTopology();
  const auto steps =
      actuator.Expand(ScaleInPlan(topology, {topology.shards.back().id}), topology);
  BOOST_REQUIRE_MESSAGE(steps.ok(), steps.status());
  Journal journal;
  const Status refused = RunSteps(actuator, *steps, journal);
  BOOST_TEST((refused.code() == StatusCode::kPermissionDenied), refused);
  BOOST_TEST(Says(refused, "migrate at"), refused);
  BOOST_TEST(Says(refused, "disabled in its configuration"), refused);
  BOOST_TEST(!Says(refused, kSecret), refused);
  BOOST_TEST(world.OpenSlots() == 0);
}

BOOST_AUTO_TEST_CASE(connections_have_the_name_that_they_were_given) {
  World world(1, 0);
  auto options = world.client().options();
  options.client_name = "tidewright:test:one";
  redis::Client client(options);
  const auto list = client.Call1(kHost, world.ports[0], {"CLIENT", "LIST"});
  BOOST_REQUIRE_MESSAGE(list.ok(), list.status());
  BOOST_TEST(list->text.find("name=tidewright:test:one ") != std::string::npos, list->text);
}

BOOST_AUTO_TEST_SUITE_END()
