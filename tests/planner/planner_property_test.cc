// Promises that hold for every input, tried on seeded random ones.
#include <boost/test/unit_test.hpp>

#include "tests/planner/world.h"

using namespace tidewright;
using namespace tidewright::test;
using namespace std::chrono_literals;

namespace {

constexpr int kPartitions = 512;  // small, so that many worlds can be tried

template <typename T>
T Pick(Random& random, std::initializer_list<T> choices) {
  return *(choices.begin() + static_cast<std::ptrdiff_t>(random.Below(choices.size())));
}

// Anything that may come in, sane or not.
World RandomWorld(std::uint64_t seed) {
  Random random(seed);
  World w;
  const int shards = 1 + static_cast<int>(random.Below(10));
  w.topology = EvenTopology(shards, kPartitions);
  w.policy.min_shards = 1 + static_cast<int>(random.Below(4));
  w.policy.max_shards = w.policy.min_shards + static_cast<int>(random.Below(10));
  w.policy.max_step_out = 1 + static_cast<int>(random.Below(5));
  w.policy.max_step_in = 1 + static_cast<int>(random.Below(3));
  w.policy.target_utilisation = 0.5 + 0.4 * random.Uniform();
  if (random.Below(3) == 0) {
    w.policy.shard_capacity[Resource::kMemory] = 1e9;
    const double memory = 1e9 * 0.7 * shards * random.Uniform();
    w.Predict(
        Resource::kMemory, [=](int) { return memory; }, 0.01, Trust::kGood, seed);
    w.Observe(Resource::kMemory, memory);
  }
  const double base = 1000.0 * shards * 1.3 * random.Uniform();
  const double swing = base * random.Uniform();
  const auto trust = Pick(random, {Trust::kNone, Trust::kPoor, Trust::kFair, Trust::kGood});
  w.Predict(
      Resource::kRequests, [=](int step) { return base + swing * std::sin(step / 46.0); },
      0.3 * random.Uniform(), trust, seed);
  w.Observe(Resource::kRequests, base * (0.6 + 0.8 * random.Uniform()));
  if (random.Below(2) == 0) {
    w.load.partitions.resize(kPartitions);
    for (auto& p : w.load.partitions) {
      p.share[Resource::kRequests] = std::exp(2 * random.Normal());
      p.share[Resource::kMemory] = random.Uniform();
    }
    w.load.partition_rounds = static_cast<int>(random.Below(6));
  }
  w.now += Duration(static_cast<Duration::rep>(random.Below(600'000'000)));
  if (random.Below(4) == 0) w.state.last_action_ended = w.now - 1min * random.Below(120);
  return w;
}

bool AllFinite(const Plan& plan) {
  for (const Outlook& o : {plan.with, plan.without}) {
    if (!std::isfinite(o.peak_demand) || !std::isfinite(o.usable_capacity) ||
        !(o.shortfall_probability >= 0 && o.shortfall_probability <= 1)) {
      return false;
    }
  }
  return true;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(planner_properties)

BOOST_AUTO_TEST_CASE(floors_ceilings_steps_and_partitions_are_kept) {
  int outs = 0;
  int ins = 0;
  int rebalances = 0;
  for (std::uint64_t seed = 1; seed <= 250; ++seed) {
    const World w = RandomWorld(seed);
    const Plan plan = w.Decide();
    BOOST_TEST_CONTEXT("seed " << seed << ": " << Text(plan)) {
      BOOST_TEST(plan.from_shards == w.topology.ServingShards());
      BOOST_TEST(!plan.reasons.empty());
      BOOST_TEST(AllFinite(plan));
      const auto back = ParsePlan(CanonicalJson(plan));
      BOOST_REQUIRE(back.ok());
      BOOST_TEST((*back == plan));
      if (plan.kind == PlanKind::kNone) {
        BOOST_TEST(plan.to_shards == plan.from_shards);
        BOOST_TEST(plan.moves.empty());
        BOOST_TEST(plan.retire.empty());
        continue;
      }
      const Topology after = Apply(w.topology, plan);
      BOOST_TEST(after.cluster == "cache");  // each partition moved once, by its owner
      BOOST_TEST(after.Unowned() == 0);
      BOOST_TEST(after.ServingShards() == plan.to_shards);
      if (plan.kind == PlanKind::kScaleOut) {
        ++outs;
        BOOST_TEST(plan.to_shards > plan.from_shards);
        BOOST_TEST(plan.to_shards <= w.policy.max_shards);
        BOOST_TEST(plan.to_shards - plan.from_shards <= w.policy.max_step_out);
      } else if (plan.kind == PlanKind::kRebalance) {
        ++rebalances;
        BOOST_TEST(plan.to_shards == plan.from_shards);
        BOOST_TEST(plan.retire.empty());
        BOOST_TEST(!plan.moves.empty());
      } else {
        ++ins;
        BOOST_TEST(plan.to_shards < plan.from_shards);
        BOOST_TEST(plan.to_shards >= w.policy.min_shards);
        BOOST_TEST(plan.from_shards - plan.to_shards <= w.policy.max_step_in);
        BOOST_TEST(static_cast<int>(plan.retire.size()) == plan.from_shards - plan.to_shards);
      }
    }
  }
  BOOST_TEST(outs > 50);  // the promises above were put to the test
  BOOST_TEST(ins > 20);
  BOOST_TEST(rebalances > 3);
}

BOOST_AUTO_TEST_CASE(the_same_input_gives_the_same_plan_twice) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    BOOST_TEST(CanonicalJson(RandomWorld(seed).Decide()) ==
               CanonicalJson(RandomWorld(seed).Decide()));
  }
}

BOOST_AUTO_TEST_CASE(bad_data_never_removes_a_shard) {
  for (std::uint64_t seed = 1; seed <= 250; ++seed) {
    World w = RandomWorld(seed);
    Random random(seed * 77);
    const auto quality = Pick(random, {Quality::kMissing, Quality::kStale, Quality::kImplausible});
    const double value = Pick(random, {0.0, -1.0, std::nan(""), 1e300});
    const std::size_t bad = random.Below(w.load.nodes.size());
    for (Resource r : kAllResources) {
      w.load.nodes[bad].usage[r] = {value, quality};
      w.load.total[r].quality = quality;
    }
    w.load.fresh_share = 1.0 - 1.0 / static_cast<double>(w.load.nodes.size());
    const Plan plan = w.Decide();
    BOOST_TEST((plan.kind != PlanKind::kScaleIn), "seed " << seed << ": " << Text(plan));
  }
}

BOOST_AUTO_TEST_CASE(zeros_that_are_called_fresh_alone_remove_nothing_the_forecast_needs) {
  World w;
  w.topology = EvenTopology(6);
  w.Predict(Resource::kRequests, [](int) { return 3900.0; });
  w.Observe(Resource::kRequests, 0);
  BOOST_TEST((w.Decide().kind == PlanKind::kNone));
}

BOOST_AUTO_TEST_CASE(noise_of_a_fifth_on_flat_load_causes_no_action) {
  for (const int shards : {3, 5, 8}) {
    World w;
    w.topology = EvenTopology(shards, kPartitions);
    Random random(static_cast<std::uint64_t>(shards));
    const double level = 560.0 * shards;  // with noise up to 672 of the 700 that a shard may bear
    for (int cycle = 0; cycle < 96; ++cycle) {
      w.now += 5min;
      w.Predict(
          Resource::kRequests, [=](int) { return level; }, 0.2, Trust::kGood,
          static_cast<std::uint64_t>(cycle) + 1);
      w.load.nodes.clear();
      w.Observe(Resource::kRequests, level * (0.8 + 0.4 * random.Uniform()));
      const Plan plan = w.Decide();
      BOOST_TEST_REQUIRE((plan.kind == PlanKind::kNone), Text(plan));
    }
  }
}

// Carrying out plan after plan comes to rest at the size that the load needs, from above and below.
BOOST_AUTO_TEST_CASE(plans_carried_out_converge) {
  for (const int shards : {1, 3, 6, 11}) {
    World w;
    w.topology = EvenTopology(shards, kPartitions);
    w.load.partitions.resize(kPartitions);
    Random random(9);
    for (auto& p : w.load.partitions) p.share[Resource::kRequests] = 0.5 + random.Uniform();
    int actions = 0;
    for (int cycle = 0; cycle < 40; ++cycle) {
      w.now += 31min;
      w.load.nodes.clear();
      w.Flat(3200, 0.02);
      const Plan plan = w.Decide();
      if (plan.kind == PlanKind::kNone) continue;
      ++actions;
      w.topology = Apply(w.topology, plan);
      w.state.last_action_ended = w.now;
    }
    BOOST_TEST(w.topology.ServingShards() == 5, shards << " shards");
    BOOST_TEST(actions <= 7);
  }
}

// Two days of a daily curve with noise, forecast without bias: capacity is there before it is
// needed, every day, and few actions do it.
BOOST_AUTO_TEST_CASE(a_daily_curve_is_followed_ahead_of_its_peaks_with_few_actions) {
  World w;
  w.topology = EvenTopology(4, kPartitions);
  w.load.partitions.resize(kPartitions);
  Random random(21);
  for (auto& p : w.load.partitions) p.share[Resource::kRequests] = 0.5 + random.Uniform();
  const auto curve = [](int step) {
    return 3000 - 1600 * std::cos(2 * 3.14159265 * static_cast<double>(step) / 288);
  };
  std::optional<Plan> under_way;
  WallTime done;
  int outs = 0, ins = 0, short_steps = 0, shard_steps = 0;
  for (int step = 0; step < 2 * 288; ++step) {
    w.now += 5min;
    if (under_way && w.now >= done) {
      w.topology = Apply(w.topology, *under_way);
      w.state.last_action_ended = done;
      under_way.reset();
    }
    const double demand = curve(step) * (1 + 0.05 * random.Normal());
    short_steps += demand > 1000.0 * w.topology.ServingShards();
    shard_steps += w.topology.ServingShards();
    w.Predict(
        Resource::kRequests, [&](int ahead) { return curve(step + ahead); }, 0.1, Trust::kGood,
        static_cast<std::uint64_t>(step) + 1);
    w.load.nodes.clear();
    w.Observe(Resource::kRequests, demand);
    w.state.action_in_flight = under_way.has_value();
    const Plan plan = w.Decide();
    if (plan.kind == PlanKind::kNone) continue;
    (plan.kind == PlanKind::kScaleOut ? outs : ins) += 1;
    BOOST_TEST(!plan.emergency, Text(plan));
    under_way = plan;
    done = w.now + plan.lead_time;
  }
  BOOST_TEST(short_steps == 0);
  BOOST_TEST(outs >= 2);
  BOOST_TEST(ins >= 2);
  BOOST_TEST(outs + ins <= 24);
  BOOST_TEST(shard_steps < 2 * 288 * 6);  // a static cluster needs eight
}

BOOST_AUTO_TEST_CASE(clocks_that_jump_remove_nothing) {
  for (const Duration jump : {Duration(1h), Duration(-1h), Duration(24h), Duration(-24h)}) {
    World w;
    w.topology = EvenTopology(6);
    w.Flat(1500);
    BOOST_REQUIRE((w.Decide().kind == PlanKind::kScaleIn));
    w.now += jump;
    const Plan plan = w.Decide();
    BOOST_TEST((plan.kind == PlanKind::kNone), Text(plan));
  }
}

BOOST_AUTO_TEST_CASE(nonsense_is_survived) {
  World w;
  w.Flat(2500);
  w.policy.min_shards = -5;
  w.policy.max_shards = -7;
  w.policy.max_step_out = 0;
  w.policy.target_utilisation = std::nan("");
  w.policy.risk_quantile = 7;
  w.policy.scale_in_window = Duration::max();
  w.policy.provisioning_time = Duration::min();
  w.policy.step = Duration(0);
  w.policy.shard_capacity[Resource::kCpu] = -1;
  w.policy.shard_capacity[Resource::kMemory] = INFINITY;
  w.state.experience.per_partition = Duration::max();
  BOOST_TEST(!w.Decide().reasons.empty());
  w.topology = {};
  BOOST_TEST((w.Decide().kind == PlanKind::kNone));
  w.topology.partition_count = 16;
  w.topology.shards.resize(2);
  w.topology.shards[0].partitions = {{-5, 3}, {2, 900}};
  BOOST_TEST(!w.Decide().reasons.empty());
}

BOOST_AUTO_TEST_SUITE_END()
