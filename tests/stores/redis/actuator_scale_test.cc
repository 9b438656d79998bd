// Plans applied from end to end on real servers, while clients write.
#include <boost/test/unit_test.hpp>

#include "tests/stores/redis/actuator_world.h"

using namespace tidewright;
using namespace tidewright::testing;

BOOST_AUTO_TEST_SUITE(redis_actuator_scale)

BOOST_AUTO_TEST_CASE(three_shards_become_four_and_three_again_and_no_write_is_lost_or_undone) {
  World world(3, 1);
  world.Fill(20000);
  redis::Client client({});
  redis::RedisActuator actuator(client, world.Options(), &world, world.clock);
  Writer writer(world);
  {
    Journal journal;
    const Topology before = world.ReadTopology();
    const auto steps = actuator.Expand(ScaleOutPlan(before, 1, 1), before);
    BOOST_REQUIRE_MESSAGE(steps.ok(), steps.status());
    const MonoTime start = world.clock.Monotonic();
    const Status done = RunSteps(actuator, *steps, journal);
    BOOST_REQUIRE_MESSAGE(done.ok(), done);
    BOOST_TEST_MESSAGE("3 → 4: " << Seconds(world.clock.Monotonic() - start) << " s, "
                                 << journal.partitions << " slots, " << journal.keys << " keys");
    BOOST_TEST(journal.partitions == 4096);
  }
  BOOST_TEST(world.ReadTopology().shards.size() == 4u);
  const Status checked = world.cluster->Check();
  BOOST_TEST(checked.ok(), checked);
  {
    Journal journal;
    const Topology before = world.ReadTopology();
    // One of the first three leaves, not the one that came.
    const auto steps = actuator.Expand(ScaleInPlan(before, {world.Id(world.ports[1])}), before);
    BOOST_REQUIRE_MESSAGE(steps.ok(), steps.status());
    const MonoTime start = world.clock.Monotonic();
    const Status done = RunSteps(actuator, *steps, journal);
    BOOST_REQUIRE_MESSAGE(done.ok(), done);
    BOOST_TEST_MESSAGE("4 → 3: " << Seconds(world.clock.Monotonic() - start) << " s, "
                                 << journal.partitions << " slots, " << journal.keys << " keys");
  }
  writer.Stop();
  BOOST_TEST(world.released.size() == 2u);
  BOOST_TEST(world.ReadTopology().shards.size() == 3u);
  BOOST_TEST(world.ReadTopology().Nodes().size() == 6u);
  BOOST_TEST(world.OpenSlots() == 0);
  BOOST_TEST(writer.acknowledged() > 1000);
  BOOST_TEST(writer.redirections > 0);
  BOOST_TEST(writer.errors.empty(), First(writer.errors));
  const auto damage = writer.Damage();
  BOOST_TEST(damage.empty(), First(damage));
  for (int i = 0; i < 20000; i += 7) {
    const std::string key = "key:" + std::to_string(i);
    BOOST_TEST_REQUIRE(world.Ask({"STRLEN", key}).integer == static_cast<int>(89 + key.size()));
  }
  const Status clean = world.cluster->Check();
  BOOST_TEST(clean.ok(), clean);
}

BOOST_AUTO_TEST_CASE(a_rebalance_moves_slots_between_shards_under_writes) {
  World world(3, 1);
  world.Fill(5000);
  redis::Client client({});
  redis::RedisActuator actuator(client, world.Options(), nullptr, world.clock);
  const Topology before = world.ReadTopology();
  const std::string a = world.Id(world.ports[0]);
  const std::string b = world.Id(world.ports[1]);
  const std::string c = world.Id(world.ports[2]);
  Plan plan;
  plan.cluster = before.cluster;
  plan.kind = PlanKind::kRebalance;
  plan.topology_fingerprint = before.Fingerprint();
  plan.from_shards = plan.to_shards = 3;
  plan.moves = {{{{0, 199}}, a, b}, {{{200, 399}}, a, c}};
  const auto steps = actuator.Expand(plan, before);
  BOOST_REQUIRE_MESSAGE(steps.ok(), steps.status());
  Writer writer(world);
  Journal journal;
  const Status done = RunSteps(actuator, *steps, journal);
  writer.Stop();
  BOOST_TEST_REQUIRE(done.ok(), done);
  BOOST_TEST(journal.partitions == 400);
  BOOST_TEST(Count(world.ReadTopology().FindShard(a)->partitions) ==
             Count(before.FindShard(a)->partitions) - 400);
  BOOST_TEST(world.ReadTopology().Nodes().size() == 6u);
  BOOST_TEST(writer.errors.empty(), First(writer.errors));
  const auto damage = writer.Damage();
  BOOST_TEST(damage.empty(), First(damage));
  const Status clean = world.cluster->Check();
  BOOST_TEST(clean.ok(), clean);
}

BOOST_AUTO_TEST_SUITE_END()
