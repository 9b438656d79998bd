// The production executor, actuator and client in seeded worlds: whatever dies, nothing that was
// acknowledged is lost, no slot stays open, and every slot has one owner.
#include <boost/test/unit_test.hpp>
#include <cstdlib>

#include "tests/sim/world.h"

namespace tidewright::sim {
namespace {

/// More of them, a part of them, or a single one: TIDEWRIGHT_SIM_SEEDS=10000,
/// TIDEWRIGHT_SIM_FROM=5001, TIDEWRIGHT_SIM_SEED=77.
int FromEnvironment(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoi(text);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(simulated_worlds)

BOOST_AUTO_TEST_CASE(without_faults_a_world_grows_and_shrinks) {
  World world(1, {}, false);
  const Story story = world.Run();
  for (const auto& violation : story.violations) BOOST_ERROR(violation);
  BOOST_TEST(story.done == 2);
  BOOST_TEST(story.rolled_back == 0);
  BOOST_TEST(story.controllers == 2);
}

BOOST_AUTO_TEST_CASE(the_invariants_hold_in_every_seeded_world) {
  const int seeds = FromEnvironment("TIDEWRIGHT_SIM_SEEDS", 60);
  const int only = FromEnvironment("TIDEWRIGHT_SIM_SEED", 0);
  const int first = only > 0 ? only : FromEnvironment("TIDEWRIGHT_SIM_FROM", 1);
  const int last = only > 0 ? only : seeds;
  const int worlds = last - first + 1;
  Story sum;
  int bad = 0;
  for (int seed = first; seed <= last; ++seed) {
    const auto faults = WorldFaults::Of(static_cast<std::uint64_t>(seed));
    World world(static_cast<std::uint64_t>(seed), faults, only > 0);
    const Story story = world.Run();
    if (only > 0) BOOST_TEST_MESSAGE(story.text);
    for (const auto& violation : story.violations) {
      BOOST_ERROR("seed " << seed << ": " << violation);
    }
    for (const auto& failure : story.failures) {
      BOOST_TEST_MESSAGE("seed " << seed << " failed: " << failure);
    }
    bad += story.violations.empty() ? 0 : 1;
    sum.controllers += story.controllers;
    sum.server_deaths += story.server_deaths;
    sum.acknowledged += story.acknowledged;
    sum.lost_by_store += story.lost_by_store;
    sum.ambiguous += story.ambiguous;
    sum.done += story.done;
    sum.rolled_back += story.rolled_back;
    sum.failed += story.failed;
    sum.given_up += story.given_up;
    sum.suspensions += story.suspensions;
    sum.outages += story.outages;
    sum.leads_lost += story.leads_lost;
    sum.leads_ended += story.leads_ended;
    sum.takeovers += story.takeovers;
    sum.reported += story.reported;
    sum.handed_over += story.handed_over;
    sum.big_keys += story.big_keys;
    sum.simulated += story.simulated;
    if (seed % 500 == 0) BOOST_TEST_MESSAGE(seed << " worlds, " << bad << " bad");
    BOOST_REQUIRE_LT(bad, 20);
  }
  BOOST_TEST_MESSAGE(fmt::format(
      "{} worlds, {:.0f} simulated hours: {} controllers, {} server deaths, {} writes "
      "acknowledged, {} lost by the store itself, {} keys reported as ambiguous; actions: {} "
      "done, {} rolled back, {} left to a person, {} legs given up; {} big keys refused; of two "
      "hosts: {} controllers stood still, {} outages of etcd, {} leads lost in mid-action ({} for "
      "want of etcd), {} takeovers, {} times open slots of the other reported, {} handed back",
      worlds, Seconds(sum.simulated) / 3600, sum.controllers, sum.server_deaths, sum.acknowledged,
      sum.lost_by_store, sum.ambiguous, sum.done, sum.rolled_back, sum.failed, sum.given_up,
      sum.big_keys, sum.suspensions, sum.outages, sum.leads_lost, sum.leads_ended, sum.takeovers,
      sum.reported, sum.handed_over));
  if (only > 0) return;
  // The worlds are worth something only if they reach all this.
  BOOST_TEST(sum.controllers > 3 * worlds);
  BOOST_TEST(sum.server_deaths > worlds / 3);
  BOOST_TEST(sum.done > worlds);
  BOOST_TEST(sum.rolled_back > worlds / 20);
  BOOST_TEST(sum.suspensions > worlds / 20);
  BOOST_TEST(sum.leads_ended > worlds / 30);
  BOOST_TEST(sum.takeovers > worlds / 20);
  BOOST_TEST(sum.big_keys > worlds / 30);
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_trace) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    World one(seed, WorldFaults::Of(seed), false);
    World other(seed, WorldFaults::Of(seed), false);
    BOOST_TEST(one.Run().trace == other.Run().trace, "seed " << seed);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidewright::sim
