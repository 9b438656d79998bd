#include <boost/test/unit_test.hpp>

#include "core/random.h"
#include "planner/plan.h"
#include "planner/policy.h"

using namespace tidewright;
using namespace std::chrono_literals;

namespace {

Plan SomePlan() {
  Plan plan;
  plan.cluster = "cache";
  plan.kind = PlanKind::kScaleOut;
  plan.created = WallTime(1'700'000'000s) + 123us;
  plan.expires = plan.created + 15min;
  plan.topology_fingerprint = "f00d";
  plan.from_shards = 3;
  plan.to_shards = 4;
  plan.replicas_per_shard = 1;
  plan.retire = {"b", "a"};
  plan.moves = {{{{0, 99}, {200, 200}}, "a", "new-1"}, {{{5461, 5500}}, "b", "new-1"}};
  plan.binding = Resource::kMemory;
  plan.emergency = true;
  plan.reasons = {{ReasonCode::kForecastExceedsCapacity, "11,200 RU/s at 08:40 \"quoted\" é"}};
  plan.rejections = {{ReasonCode::kStepLimit, "at most 1"}};
  plan.lead_time = 12min;
  plan.crossing = plan.created + 40min;
  plan.without = {11200.1, 9000, 0.3, Money{600'000}};
  plan.with = {11200.1, 12000, 1.0 / 3, Money{800'000}};
  PlanBasis basis;
  basis.options = {{3, 72, 31.25, 12}, {4, 96, 0.5, 0}};
  basis.cheapest = 4;
  basis.wanted = 5;
  basis.less = {0.8, 3};
  basis.moves = {{plan.created, 3, 4}, {plan.created + 9h, 4, 3}};
  basis.horizon = 24h;
  basis.forecast_share = 0.75;
  basis.analogues = 12;
  basis.seen = 48h;
  basis.risk_quantile = 0.95;
  basis.forecasts = {
      {Resource::kMemory, "good", 0.02, plan.created, {{0.95, 1h, 0.94}}, {"repeats every 1d"}}};
  basis.observed = 8800;
  plan.basis = basis;
  return plan;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(plan_codec)

BOOST_AUTO_TEST_CASE(a_plan_survives_the_round_trip_through_its_text) {
  for (const Plan& plan : {SomePlan(), Plan{}}) {
    const std::string text = CanonicalJson(plan);
    const auto back = ParsePlan(text);
    BOOST_REQUIRE_MESSAGE(back.ok(), Message(back.status()));
    BOOST_TEST((*back == plan));
    BOOST_TEST(CanonicalJson(*back) == text);
    BOOST_TEST(PlanHash(*back) == PlanHash(plan));
  }
}

// Written by the first version; journals that hold it must stay readable.
BOOST_AUTO_TEST_CASE(version_one_of_the_text_stays_readable) {
  const std::string golden =
      R"({"binding":"requests","cluster":"cache","created_micros":1700000000000000,)"
      R"("crossing_micros":null,"emergency":false,"expires_micros":1700000900000000,)"
      R"("from_shards":4,"kind":"scale-in","lead_time_micros":720000000,)"
      R"("moves":[{"from":"a","partitions":"0-5460,7000","to":"b"}],)"
      R"("reasons":[{"code":"forecast_below_capacity","text":"low"}],"rejections":[],)"
      R"("replicas_per_shard":1,"retire":["a"],"to_shards":3,"topology_fingerprint":"f00d",)"
      R"("version":1,"with":{"cost_per_hour_micros":300000,"peak_demand":1.5,)"
      R"("shortfall_probability":0.0,"usable_capacity":9000.0},"without":)"
      R"({"cost_per_hour_micros":400000,"peak_demand":1.5,"shortfall_probability":0.0,)"
      R"("usable_capacity":12000.0}})";
  const auto plan = ParsePlan(golden);
  BOOST_REQUIRE_MESSAGE(plan.ok(), Message(plan.status()));
  BOOST_TEST(CanonicalJson(*plan) == golden);
  BOOST_TEST((plan->kind == PlanKind::kScaleIn));
  BOOST_TEST(Count(plan->moves.at(0).partitions) == 5462);
}

// What explains a plan came later; who reads it with an older program loses that alone.
BOOST_AUTO_TEST_CASE(the_text_of_a_basis_stays_readable) {
  const std::string golden =
      R"("basis":{"analogues":12,"cheapest":4,"forecast_share":0.75,"forecasts":[{"held":)"
      R"([{"ahead_micros":3600000000,"level":0.95,"share":0.94}],)"
      R"("made_from_micros":1700000000000123,"notes":["repeats every 1d"],"recent_error":0.02,)"
      R"("resource":"memory","trust":"good"}],"horizon_micros":86400000000,"less":)"
      R"({"factor":0.8,"shards":3},"more":null,"moves":)"
      R"([{"at_micros":1700000000000123,"from":3,"to":4},)"
      R"({"at_micros":1700032400000123,"from":4,"to":3}],"observed":8800.0,"options":)"
      R"([{"billed":72.0,"shards":3,"unserved":31.25,"violation":12.0},)"
      R"({"billed":96.0,"shards":4,"unserved":0.5,"violation":0.0}],)"
      R"("reactive_at":null,"risk_quantile":0.95,"seen_micros":172800000000,"version":1,)"
      R"("wanted":5})";
  const std::string text = CanonicalJson(SomePlan());
  BOOST_TEST(text.find(golden) != std::string::npos, text);

  std::string later = text;
  const std::string version = "\"seen_micros\":172800000000,\"version\":1";
  later.replace(later.find(version) + version.size() - 1, 1, "2");
  const auto plan = ParsePlan(later);
  BOOST_REQUIRE_MESSAGE(plan.ok(), Message(plan.status()));
  BOOST_TEST(!plan->basis.has_value());
  BOOST_TEST(PlanHash(*plan) == PlanHash(SomePlan()));
}

BOOST_AUTO_TEST_CASE(the_hash_covers_what_would_be_executed_and_nothing_else) {
  const Plan plan = SomePlan();
  Plan same = plan;
  same.created += 1min;
  same.expires += 1min;
  same.reasons.clear();
  same.rejections.clear();
  same.lead_time = 1min;
  same.crossing.reset();
  same.emergency = false;
  same.without.peak_demand = 1;
  same.with.peak_demand = 1;
  same.basis.reset();
  BOOST_TEST(PlanHash(same) == PlanHash(plan));

  std::vector<Plan> others(8, plan);
  others[0].cluster = "other";
  others[1].kind = PlanKind::kScaleIn;
  others[2].topology_fingerprint = "beef";
  others[3].to_shards = 5;
  others[4].moves[0].partitions[0].last = 98;
  others[5].moves[0].to = "new-2";
  others[6].retire = {"a"};
  others[7].replicas_per_shard = 2;
  for (const Plan& other : others) BOOST_TEST(PlanHash(other) != PlanHash(plan));
  BOOST_TEST(ShortHash(PlanHash(plan)).size() == 10u);
}

BOOST_AUTO_TEST_CASE(a_text_that_is_no_plan_is_refused) {
  const std::string good = CanonicalJson(SomePlan());
  const auto replaced = [&](const std::string& what, const std::string& with) {
    std::string text = good;
    const auto at = text.find(what);
    BOOST_REQUIRE(at != std::string::npos);
    return text.replace(at, what.size(), with);
  };
  for (const std::string& text :
       {std::string(), std::string("[]"), std::string("{}"), std::string("nonsense"),
        std::string(100'000, '['), replaced("\"version\":1,\"with\"", "\"version\":2,\"with\""),
        replaced("scale-out", "sideways"), replaced("0-99,200", "99-0"),
        replaced("\"from_shards\":3", "\"from_shards\":-3"),
        replaced("\"from_shards\":3", "\"from_shards\":18446744073709551615"),
        replaced("\"from_shards\":3", "\"from_shards\":\"3\""),
        replaced("step_limit", "step_limits"), replaced("\"memory\"", "\"disk\""),
        replaced("true", "1"), replaced("[\"b\",\"a\"]", "[1]"),
        replaced("\"peak_demand\":11200.1", "\"peak_demand\":null"),
        replaced("\"wanted\":5", "\"wanted\":-5"), replaced("\"billed\":72.0", "\"billed\":[]"),
        replaced("[\"repeats every 1d\"]", "[1]")}) {
    BOOST_TEST(!ParsePlan(text).ok(), text.substr(0, 60));
  }
}

BOOST_AUTO_TEST_CASE(no_damaged_text_stops_the_parser) {
  const std::string good = CanonicalJson(SomePlan());
  Random random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string text = good;
    for (int hits = 0; hits < 3; ++hits) {
      text[random.Below(text.size())] = static_cast<char>(random.Below(256));
    }
    const auto plan = ParsePlan(text);
    if (plan.ok()) BOOST_TEST(!CanonicalJson(*plan).empty());
  }
}

BOOST_AUTO_TEST_CASE(names_of_modes_survive_a_round_trip) {
  for (Mode mode : {Mode::kObserve, Mode::kApprove, Mode::kAuto}) {
    BOOST_TEST((ParseMode(ModeName(mode)) == mode));
  }
  BOOST_TEST(!ParseMode("automatic").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
