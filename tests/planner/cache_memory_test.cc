// A cache at its memory limit is sized by its hits, not by its use.
#include "planner/sizing/cache_memory.h"

#include <boost/test/unit_test.hpp>

#include "tests/planner/world.h"

using namespace tidewright;
using namespace tidewright::test;
using namespace std::chrono_literals;
using planner::LookAtCache;

namespace {

constexpr double kGiB = 1024.0 * 1024 * 1024;

// Six shards of 1 GiB that evict any key, nearly full. 1,500 RU/s: two thirds of them would do.
World Cache(double hit_ratio, double evictions = 50, double full = 0.99) {
  World w;
  w.topology = EvenTopology(6);
  w.policy.shard_capacity[Resource::kMemory] = kGiB;
  w.policy.hit_ratio = 0.95;
  w.Flat(1500);
  w.Observe(Resource::kMemory, 6 * full * kGiB);
  w.Predict(Resource::kMemory, [=](int) { return 6 * full * kGiB; });
  for (NodeLoad& node : w.load.nodes) {
    node.evicts_any_key = {1, Quality::kFresh};
    node.memory_limit_bytes = {kGiB, Quality::kFresh};
    node.hit_ratio = {hit_ratio, Quality::kFresh};
    node.commands_per_second = {250, Quality::kFresh};
    node.evictions_per_second = {evictions / 6, Quality::kFresh};
  }
  return w;
}

World LowFor(Duration time, World w) {
  w.state.continuity.hits_low_since = w.now - time;
  return w;
}

std::string TextOf(const std::vector<Reason>& reasons, ReasonCode code) {
  for (const Reason& reason : reasons) {
    if (reason.code == code) return reason.text;
  }
  return "";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cache_memory)

BOOST_AUTO_TEST_CASE(a_full_cache_asks_for_no_shard_by_its_use) {
  const Plan cache = Cache(0.99).Decide();
  BOOST_TEST((cache.kind != PlanKind::kScaleOut), Text(cache));
  BOOST_TEST((cache.binding != Resource::kMemory));
  const std::string text = TextOf(cache.reasons, ReasonCode::kSizedByHitRatio);
  BOOST_TEST(text.find("0.99 of reads find their key, hit_ratio is 0.95") != std::string::npos,
             text);
  // The same memory where nothing may be evicted.
  World store = Cache(0.99);
  for (NodeLoad& node : store.load.nodes) node.evicts_any_key.value = 0;
  const Plan plan = store.Decide();
  BOOST_TEST((plan.kind == PlanKind::kScaleOut), Text(plan));
  BOOST_TEST((plan.binding == Resource::kMemory));
  BOOST_TEST(TextOf(plan.reasons, ReasonCode::kSizedByHitRatio).empty());
}

BOOST_AUTO_TEST_CASE(too_few_hits_for_long_enough_add_one_shard) {
  BOOST_TEST((LowFor(59min, Cache(0.90)).Decide().kind == PlanKind::kNone));
  const Plan plan = LowFor(1h, Cache(0.90)).Decide();
  BOOST_TEST_CONTEXT(Text(plan)) {
    BOOST_TEST((plan.kind == PlanKind::kScaleOut));
    BOOST_TEST(plan.to_shards == 7);
    BOOST_TEST(!plan.emergency);
    BOOST_TEST(Has(plan.reasons, ReasonCode::kHitRatioLow));
  }
  // What was done last needs its time to show.
  World acted = LowFor(3h, Cache(0.90));
  acted.state.last_action_ended = acted.now - 50min;
  BOOST_TEST((acted.Decide().kind == PlanKind::kNone));
  // Misses without evictions are of keys that were never there.
  BOOST_TEST((LowFor(2h, Cache(0.90, 0)).Decide().kind != PlanKind::kScaleOut));
  // Silent masters count as hitting always.
  World silent = LowFor(2h, Cache(0.90));
  for (std::size_t i = 0; i < 4; ++i) silent.load.nodes[i].hit_ratio = {};
  BOOST_TEST((silent.Decide().kind != PlanKind::kScaleOut), Text(silent.Decide()));
  // Nobody named a ratio.
  World no_target = LowFor(2h, Cache(0.50));
  no_target.policy.hit_ratio = 0;
  BOOST_TEST((no_target.Decide().kind != PlanKind::kScaleOut));
}

BOOST_AUTO_TEST_CASE(a_decrease_needs_hits_that_suffice_whatever_the_curve) {
  const Plan plan = Cache(0.97).Decide();  // five sixths of the hits may be as few as 0.808
  BOOST_TEST_CONTEXT(Text(plan)) {
    BOOST_TEST((plan.kind == PlanKind::kNone));
    const std::string text = TextOf(plan.rejections, ReasonCode::kHitRatioLow);
    BOOST_TEST(text.find("as few as 0.8083") != std::string::npos, text);
  }
  World easy = Cache(0.97);
  easy.policy.hit_ratio = 0.8;
  BOOST_TEST((easy.Decide().kind == PlanKind::kScaleIn), Text(easy.Decide()));
  // What is used fits into five: nothing is lost.
  BOOST_TEST((Cache(0.97, 0, 0.7).Decide().kind == PlanKind::kScaleIn));
  BOOST_TEST((Cache(0.97, 0, 0.8).Decide().kind == PlanKind::kNone));
}

BOOST_AUTO_TEST_CASE(what_is_not_known_removes_nothing) {
  World one_silent = Cache(0.97);
  one_silent.policy.hit_ratio = 0.8;
  one_silent.load.nodes[3].hit_ratio = {};
  Plan plan = one_silent.Decide();
  BOOST_TEST((plan.kind == PlanKind::kNone), Text(plan));
  BOOST_TEST(Has(plan.rejections, ReasonCode::kHitRatioUnknown));
  World no_target = Cache(0.97);
  no_target.policy.hit_ratio = 0;
  plan = no_target.Decide();
  BOOST_TEST((plan.kind == PlanKind::kNone), Text(plan));
  BOOST_TEST(TextOf(plan.rejections, ReasonCode::kHitRatioUnknown).find("does not say") !=
             std::string::npos);
  // In the dark the policy's word stands: memory asks for nothing.
  World dark = Cache(0.97);
  dark.load = LoadSnapshot{};
  BOOST_TEST((dark.Decide().kind == PlanKind::kNone), Text(dark.Decide()));
}

BOOST_AUTO_TEST_CASE(since_when_hits_are_few_is_remembered) {
  World w = Cache(0.90);
  const auto decide = [&] {
    return Decide({w.topology, w.load, w.demand, w.policy, w.state, w.now}).continuity;
  };
  w.state.continuity = decide();
  BOOST_REQUIRE(w.state.continuity.hits_low_since.has_value());
  const WallTime first = w.now;
  w.now += 20min;
  w.load.at = w.now;
  w.state.continuity = decide();
  BOOST_TEST((w.state.continuity.hits_low_since == first));
  const auto read = DecodeContinuity(EncodeContinuity(w.state.continuity));
  BOOST_REQUIRE_MESSAGE(read.ok(), read.status());
  BOOST_TEST((*read == w.state.continuity));
  // What cannot be told ends nothing, hits that suffice do.
  for (NodeLoad& node : w.load.nodes) node.hit_ratio = {};
  BOOST_TEST((decide().hits_low_since == first));
  for (NodeLoad& node : w.load.nodes) node.hit_ratio = {0.96, Quality::kFresh};
  BOOST_TEST(!decide().hits_low_since.has_value());
}

BOOST_AUTO_TEST_CASE(hits_are_weighed_by_commands_and_idle_masters_are_not_asked) {
  World w = Cache(0.9);
  w.load.nodes[0].hit_ratio = {0.5, Quality::kFresh};
  w.load.nodes[0].commands_per_second = {1250, Quality::kFresh};  // half of all
  auto cache = LookAtCache(w.topology, w.load, 0.95);
  BOOST_TEST(*cache.hit_ratio == 0.7, boost::test_tools::tolerance(1e-9));
  w.load.nodes[0].commands_per_second = {0, Quality::kFresh};
  w.load.nodes[0].hit_ratio = {};
  cache = LookAtCache(w.topology, w.load, 0.95);
  BOOST_TEST(*cache.hit_ratio == 0.9, boost::test_tools::tolerance(1e-9));
  w.load.nodes[1].hit_ratio.quality = Quality::kStale;
  cache = LookAtCache(w.topology, w.load, 0.95);
  BOOST_TEST(!cache.hit_ratio.has_value());
  BOOST_TEST(*cache.hit_ratio_at_most > 0.9);
  w.load.nodes[2].evicts_any_key.value = 0;  // one that does not evict is no cache
  BOOST_TEST(!LookAtCache(w.topology, w.load, 0.95).is_cache);
}

BOOST_AUTO_TEST_SUITE_END()
