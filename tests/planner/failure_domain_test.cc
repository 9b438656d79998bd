// Capacity that must hold after the loss of a host or a zone.
#include "planner/sizing/failure_domain.h"

#include <boost/test/unit_test.hpp>
#include <map>

#include "planner/placement.h"
#include "tests/planner/world.h"

using namespace tidewright;
using namespace tidewright::test;
using planner::FailureDomains;

namespace {

// A shard for each letter, in the zone of that name, on a host of its own; '?' is not known.
Topology In(const std::string& zones) {
  Topology topology = EvenTopology(static_cast<int>(zones.size()));
  for (std::size_t i = 0; i < zones.size(); ++i) {
    Shard& shard = topology.shards[i];
    shard.master.host = fmt::format("10.0.0.{}", i + 1);
    shard.master.zone = zones[i] == '?' ? "" : std::string(1, zones[i]);
    shard.replicas.clear();
  }
  return topology;
}

// Policy: the loss of a zone. A shard bears 1,000 RU/s, 700 of them as planned.
World WorldIn(const std::string& zones, double demand) {
  World w;
  w.topology = In(zones);
  w.policy.survive_loss = SurviveLoss::kZone;
  w.Flat(demand);
  return w;
}

// Six shards in three zones of which one is down: its shards are served from the others.
World ZoneDown(double demand) {
  World w = WorldIn("aaabbb", demand);
  for (const char* id : {"old-1", "old-2"}) {
    Shard old;
    old.id = id;
    old.master = {id, "10.0.9.1", 7000, NodeRole::kMaster, NodeHealth::kFailed, "c"};
    w.topology.shards.push_back(old);
  }
  return w;
}

const Reason& Find(const std::vector<Reason>& reasons, ReasonCode code) {
  const auto found = std::find_if(reasons.begin(), reasons.end(),
                                  [&](const Reason& reason) { return reason.code == code; });
  BOOST_REQUIRE(found != reasons.end());
  return *found;
}

bool Mentions(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::map<std::string, int> Masters(const Topology& topology) {
  std::map<std::string, int> masters;
  for (const Shard& shard : topology.shards) ++masters[shard.master.zone];
  return masters;
}

int Most(const std::map<std::string, int>& masters) {
  int most = 0;
  for (const auto& [zone, count] : masters) most = std::max(most, count);
  return most;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(failure_domain)

BOOST_AUTO_TEST_CASE(what_remains_is_all_but_the_domain_with_the_most_shards) {
  const FailureDomains zones(In("aabbcc"), SurviveLoss::kZone);
  BOOST_TEST(zones.Remaining(6) == 4);
  BOOST_TEST(zones.Remaining(7) == 4);  // one of the zones gets a third
  BOOST_TEST(zones.Remaining(9) == 6);
  BOOST_TEST(zones.Remaining(5) == 3);  // two zones keep two
  BOOST_TEST(zones.Remaining(3) == 2);
  const FailureDomains uneven(In("aaaabc"), SurviveLoss::kZone);
  BOOST_TEST(uneven.Remaining(6) == 2);
  BOOST_TEST(uneven.Remaining(12) == 8);  // the others are filled first
  BOOST_TEST(uneven.Remaining(5) == 2);   // the fullest is left first
  // Each host has one shard: so have new ones.
  const FailureDomains hosts(In("aaaaaa"), SurviveLoss::kHost);
  BOOST_TEST(hosts.Remaining(6) == 5);
  BOOST_TEST(hosts.Remaining(9) == 8);
  BOOST_TEST(FailureDomains(In("aaaaaa"), SurviveLoss::kNone).Remaining(6) == 6);
}

// New shards go one by one where the fewest are, those that leave from where the most are.
BOOST_AUTO_TEST_CASE(any_size_is_foretold_as_it_comes_about) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    std::string zones = "ab";
    const auto more = random.Below(10);
    for (std::uint64_t i = 0; i < more; ++i) zones += static_cast<char>('a' + random.Below(4));
    const Topology topology = In(zones);
    const FailureDomains domains(topology, SurviveLoss::kZone);
    const int now = static_cast<int>(zones.size());
    std::map<std::string, int> masters = Masters(topology);
    const auto by_count = [](const auto& a, const auto& b) { return a.second < b.second; };
    for (int n = now; n <= 3 * now; ++n) {
      BOOST_TEST(domains.Remaining(n) == n - Most(masters), "seed " << seed << ", " << n);
      ++std::min_element(masters.begin(), masters.end(), by_count)->second;
    }
    const auto weights = planner::WeighPartitions(topology, {});
    for (int n = 1; n < now; ++n) {
      Topology left = topology;
      const auto placed = planner::PlaceScaleIn(topology, weights, now - n, SurviveLoss::kZone);
      std::erase_if(left.shards, [&](const Shard& shard) {
        return std::count(placed.retire.begin(), placed.retire.end(), shard.id) > 0;
      });
      BOOST_REQUIRE(static_cast<int>(left.shards.size()) == n);
      BOOST_TEST(domains.Remaining(n) == n - Most(Masters(left)), "seed " << seed << ", " << n);
    }
    for (int wanted = 1; wanted <= 2 * now; ++wanted) {
      const int needed = domains.ShardsFor(wanted);
      BOOST_TEST(domains.Remaining(needed) >= wanted, "seed " << seed << ", " << wanted);
      BOOST_TEST(domains.Remaining(needed - 1) < wanted, "seed " << seed << ", " << wanted);
    }
  }
}

BOOST_AUTO_TEST_CASE(demand_that_would_not_survive_a_loss_adds_shards_without_an_emergency) {
  World w = WorldIn("aabbcc", 3000);  // all six bear 4,200, four of them 2,800
  const Plan plan = w.Decide();
  BOOST_TEST_CONTEXT(Text(plan)) {
    BOOST_TEST((plan.kind == PlanKind::kScaleOut));
    BOOST_TEST(plan.to_shards >= 8);  // of which five remain: 3,500; of seven four would
    BOOST_TEST(!plan.emergency);
    BOOST_TEST(plan.without.usable_capacity == 2800, boost::test_tools::tolerance(1e-9));
    const int remain =
        planner::FailureDomains(w.topology, SurviveLoss::kZone).Remaining(plan.to_shards);
    BOOST_TEST(plan.with.usable_capacity <= remain * 700 * (1 + 1e-9));
    BOOST_TEST(plan.with.usable_capacity >= 3000);
    const std::string text = Find(plan.reasons, ReasonCode::kSurvivesLoss).text;
    BOOST_TEST(Mentions(text, "without zone a, 4 of 6 shards would remain"), text);
    BOOST_TEST(Mentions(text, fmt::format("({} of {} shards afterwards)", remain, plan.to_shards)),
               text);
  }
  w.policy.survive_loss = SurviveLoss::kNone;
  BOOST_TEST((w.Decide().kind != PlanKind::kScaleOut));
}

BOOST_AUTO_TEST_CASE(an_emergency_is_what_is_short_now_not_what_would_be_after_a_loss) {
  const Plan reserve = WorldIn("aabbcc", 4000).Decide();  // 6,000 at full use, 4,000 of four
  BOOST_TEST((reserve.kind == PlanKind::kScaleOut), Text(reserve));
  BOOST_TEST(!reserve.emergency);
  BOOST_TEST(Has(reserve.reasons, ReasonCode::kDemandExceedsCapacity));
  BOOST_TEST(WorldIn("aabbcc", 5800).Decide().emergency);
}

BOOST_AUTO_TEST_CASE(a_decrease_leaves_what_survives_a_loss_and_leaves_the_fullest_zone) {
  World w = WorldIn("aaabbc", 1000);  // five in 2, 2, 1 leave 2,100
  const Plan plan = w.Decide();
  BOOST_TEST_CONTEXT(Text(plan)) {
    BOOST_REQUIRE((plan.kind == PlanKind::kScaleIn));
    BOOST_TEST(plan.to_shards == 5);
    BOOST_TEST(w.topology.FindShard(plan.retire.at(0))->master.zone == "a");
    BOOST_TEST(Most(Masters(Apply(w.topology, plan))) == 2);
  }
  w = WorldIn("aabbcc", 2300);
  const Plan stays = w.Decide();
  BOOST_TEST((stays.kind == PlanKind::kNone), Text(stays));
  BOOST_TEST(Has(stays.rejections, ReasonCode::kSurvivesLoss), Text(stays));
  w.policy.survive_loss = SurviveLoss::kNone;
  BOOST_TEST((w.Decide().kind == PlanKind::kScaleIn));
}

BOOST_AUTO_TEST_CASE(where_a_zone_is_not_known_nothing_is_removed_and_nothing_added_for_it) {
  World w = WorldIn("aabbc?", 1000);
  Plan plan = w.Decide();
  BOOST_TEST_CONTEXT(Text(plan)) {
    BOOST_TEST((plan.kind == PlanKind::kNone));
    BOOST_TEST(Has(plan.rejections, ReasonCode::kFailureDomainUnknown));
    const std::string text = Find(plan.reasons, ReasonCode::kFailureDomainUnknown).text;
    BOOST_TEST(Mentions(text, "the zone of 1 of 6 serving masters"), text);
    BOOST_TEST(Mentions(text, "10.0.0.6:7005"), text);
    BOOST_TEST(Mentions(text, "redis.zones"), text);
  }
  // Of no zone at all is anything known: no shard is bought for it.
  plan = WorldIn("??????", 4100).Decide();
  BOOST_TEST((plan.kind == PlanKind::kNone), Text(plan));
  w.policy.survive_loss = SurviveLoss::kHost;
  w.topology.shards[2].master.host.clear();
  plan = w.Decide();
  BOOST_TEST(Has(plan.rejections, ReasonCode::kFailureDomainUnknown), Text(plan));
}

BOOST_AUTO_TEST_CASE(what_no_size_survives_is_said_and_nothing_is_removed) {
  const Plan plan = WorldIn("aaaaaa", 1000).Decide();
  BOOST_TEST_CONTEXT(Text(plan)) {
    BOOST_TEST((plan.kind == PlanKind::kNone));
    BOOST_TEST(Has(plan.rejections, ReasonCode::kSurvivesLoss));
    BOOST_TEST(Mentions(Find(plan.reasons, ReasonCode::kSurvivesLoss).text, "all masters are in"));
  }
  const Plan rising = WorldIn("aaaaaa", 4500).Decide();
  BOOST_TEST(rising.to_shards == 7, Text(rising));  // as without the wish
}

BOOST_AUTO_TEST_CASE(after_a_loss_its_reserve_is_used_and_no_other_is_asked_for) {
  const Plan plan = ZoneDown(3500).Decide();
  BOOST_TEST_CONTEXT(Text(plan)) {
    BOOST_TEST((plan.kind == PlanKind::kNone));
    BOOST_TEST(plan.without.usable_capacity == 4200, boost::test_tools::tolerance(1e-9));
    BOOST_TEST(Mentions(Find(plan.reasons, ReasonCode::kSurvivesLoss).text, "zone c is down"));
  }
  // What is short then is short: more are added, and nothing is removed while nodes are down.
  BOOST_TEST((ZoneDown(5500).Decide().kind == PlanKind::kScaleOut));
  const Plan low = ZoneDown(1000).Decide();
  BOOST_TEST((low.kind == PlanKind::kNone), Text(low));
  BOOST_TEST(Has(low.rejections, ReasonCode::kClusterUnhealthy), Text(low));
}

// What a shard holds its replica holds already: only what it serves has to go elsewhere.
BOOST_AUTO_TEST_CASE(memory_needs_no_shards_for_a_loss) {
  constexpr double kGiB = 1024.0 * 1024 * 1024;
  World w = WorldIn("aabbcc", 1000);  // the shards that would remain bear 2,800
  w.policy.min_shards = 6;
  w.policy.shard_capacity[Resource::kMemory] = kGiB;
  w.Observe(Resource::kMemory, 4 * kGiB);  // of 4.2 that six may hold; four of them 2.8
  w.Predict(Resource::kMemory, [](int) { return 4 * kGiB; });
  const Plan plan = w.Decide();
  BOOST_TEST_CONTEXT(Text(plan)) {
    BOOST_TEST((plan.kind == PlanKind::kNone));
    BOOST_TEST((plan.binding == Resource::kMemory));
    BOOST_TEST(plan.without.usable_capacity == 4.2 * kGiB, boost::test_tools::tolerance(1e-9));
  }
  // Memory and the loss ask for shards, each for its own.
  w.Flat(3000);
  BOOST_TEST(w.Decide().to_shards >= 8, Text(w.Decide()));
  w.Flat(1000);
  w.Predict(Resource::kMemory, [](int) { return 4.5 * kGiB; });
  w.Observe(Resource::kMemory, 4.5 * kGiB);
  BOOST_TEST(w.Decide().to_shards == 7, Text(w.Decide()));
}

BOOST_AUTO_TEST_CASE(half_of_the_masters_in_one_zone_is_told) {
  const Plan plan = WorldIn("aabb", 1000).Decide();
  const std::string text = Find(plan.reasons, ReasonCode::kSurvivesLoss).text;
  BOOST_TEST(Mentions(text, "without a majority of them no replica takes over"), text);
}

BOOST_AUTO_TEST_SUITE_END()
