// What a person on call reads. Golden texts: TIDEWRIGHT_UPDATE_GOLDEN=1 writes them anew, to be
// read as a diff.
#include "cli/explanation.h"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "cli/render.h"
#include "core/time.h"

using namespace tidewright;
using namespace tidewright::cli;
using namespace std::chrono_literals;

namespace {

const WallTime kNow = ParseTime("2026-03-16T08:15:00Z").value();

void Set(google::protobuf::Timestamp* out, WallTime time) {
  out->set_seconds(time.time_since_epoch() / 1s);
}

void Add(google::protobuf::RepeatedPtrField<pb::Reason>* to, const char* code, const char* text) {
  auto* reason = to->Add();
  reason->set_code(code);
  reason->set_text(text);
}

pb::PlanBasis Basis(int cheapest) {
  pb::PlanBasis basis;
  const double unserved[] = {310.4, 96.25, 2.125, 0, 0};
  for (int i = 0; i < 5; ++i) {
    auto* option = basis.add_options();
    option->set_shards(2 + i);
    option->set_billed(24.0 * (2 + i) + 6);
    option->set_unserved(unserved[i]);
    option->set_violation(unserved[i] / 2);
  }
  basis.set_cheapest(cheapest);
  basis.set_wanted(cheapest);
  basis.set_horizon_seconds(86400);
  basis.set_forecast_share(0.81);
  basis.set_analogues(12);
  basis.set_seen_seconds(9 * 86400);
  basis.set_risk_quantile(0.95);
  basis.set_observed(5407);
  basis.set_reactive_at(7650);
  basis.mutable_more()->set_factor(1.14);
  basis.mutable_more()->set_shards(5);
  basis.mutable_less()->set_factor(0.9);
  basis.mutable_less()->set_shards(3);
  auto* forecast = basis.add_forecasts();
  forecast->set_resource("requests");
  forecast->set_trust("good");
  forecast->set_recent_error(0.021);
  Set(forecast->mutable_made_from(), kNow - 5min);
  for (const double level : {0.8, 0.95}) {
    auto* held = forecast->add_held();
    held->set_level(level);
    held->set_ahead_seconds(3600);
    held->set_share(level - 0.01);
  }
  forecast->add_notes("repeats every 1d (correlation 1.00) and 7d (correlation 1.00)");
  forecast->add_notes("trust is good: its season is known and its quantiles held lately");
  return basis;
}

pb::Outlook Outlook(double usable, double shortfall, double cost) {
  pb::Outlook outlook;
  outlook.set_peak_demand(7360);
  outlook.set_usable_capacity(usable);
  outlook.set_shortfall_probability(shortfall);
  outlook.set_cost_per_hour(cost);
  return outlook;
}

void AddMove(pb::PlanBasis* basis, WallTime at, int from, int to) {
  auto* move = basis->add_moves();
  Set(move->mutable_at(), at);
  move->set_from(from);
  move->set_to(to);
}

pb::Plan ScaleOut() {
  pb::Plan plan;
  plan.set_kind("scale-out");
  plan.set_hash("3fa9c1d2e4000000000000000000000000000000000000000000000000000000");
  plan.set_from_shards(3);
  plan.set_to_shards(4);
  Set(plan.mutable_created(), kNow - 1min);
  Set(plan.mutable_expires(), kNow + 14min);
  Set(plan.mutable_crossing(), kNow + 76min);
  plan.set_binding("requests");
  plan.set_lead_time_seconds(42 * 60);
  plan.set_currency("USD");
  Add(plan.mutable_reasons(), "forecast_exceeds_capacity",
      "demand is forecast (p95) to reach 7,360 RU/s by 09:31, usable capacity of 3 shards is 6,300 "
      "RU/s, passed at 09:31; lead time 42m; over the next 1d 4 shards now is expected to cost 116 "
      "shard-hours less than 3 shards");
  *plan.mutable_basis() = Basis(4);
  AddMove(plan.mutable_basis(), kNow - 1min, 3, 4);
  AddMove(plan.mutable_basis(), kNow + 13h, 4, 3);
  AddMove(plan.mutable_basis(), kNow + 23h, 3, 4);
  *plan.mutable_without() = Outlook(6300, 0.284, 0.6);
  *plan.mutable_with() = Outlook(8400, 0.002, 0.8);
  return plan;
}

pb::Status StatusOf(const char* mode) {
  pb::Status status;
  status.set_cluster("demo");
  status.set_mode(mode);
  Set(status.mutable_now(), kNow);
  status.set_shards(3);
  return status;
}

pb::Recommendation RecommendationOf(const pb::Plan& plan, const char* state) {
  pb::Recommendation recommendation;
  recommendation.set_hash(plan.hash());
  recommendation.set_state(state);
  if (std::string(state) != "open") recommendation.set_decided_by("ada");
  *recommendation.mutable_plan() = plan;
  return recommendation;
}

std::string Folder() {
  return std::string(std::getenv("TIDEWRIGHT_SOURCE_DIR")) + "/tests/cli/golden/";
}

void CheckGolden(const std::string& name, const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) BOOST_TEST(DisplayWidth(line) <= 80u, line);
  const std::string path = Folder() + name;
  if (std::getenv("TIDEWRIGHT_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << text;
    return;
  }
  std::ifstream in(path);
  std::stringstream expected;
  expected << in.rdbuf();
  BOOST_TEST(text == expected.str(), name << " differs; it is now:\n" << text);
}

bool Says(const std::string& text, const std::string& words) {
  std::string flat;  // lines are wrapped anywhere
  std::istringstream in(text);
  for (std::string word; in >> word;) flat += word + " ";
  return flat.find(words) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(explanation)

BOOST_AUTO_TEST_CASE(an_open_recommendation_is_explained_with_the_command_that_does_it) {
  const auto recommendation = RecommendationOf(ScaleOut(), "open");
  const auto explained = Explain(StatusOf("approve"), &recommendation);
  BOOST_TEST(explained.command() == "tidectl recommendations approve 3fa9c1d2e4");
  BOOST_TEST(explained.hash() == recommendation.hash());
  BOOST_TEST(explained.plan().basis().options_size() == 5);
  CheckGolden("explain_scale_out.txt", ExplanationText(explained));
}

BOOST_AUTO_TEST_CASE(doing_nothing_is_explained_with_what_vetoed_and_when_it_ends) {
  pb::Status status = StatusOf("auto");
  pb::Plan plan = ScaleOut();
  plan.set_kind("none");
  plan.clear_hash();
  plan.set_from_shards(5);
  plan.set_to_shards(5);
  plan.clear_crossing();
  plan.clear_reasons();
  Add(plan.mutable_reasons(), "capacity_is_right",
      "demand is forecast (p95) to reach 7,360 RU/s by 09:31, usable capacity of 5 shards is "
      "10,500 "
      "RU/s; another shard takes 42m");
  Add(plan.mutable_rejections(), "cooldown",
      "scale-in to 4 shards: the last action ended at 08:02; scale_in_cooldown asks for 30m of "
      "rest after it");
  plan.mutable_basis()->clear_moves();
  AddMove(plan.mutable_basis(), kNow - 1min, 5, 4);
  AddMove(plan.mutable_basis(), kNow + 13h, 4, 3);
  *plan.mutable_without() = Outlook(10500, 0, 1.0);
  *status.mutable_plan() = plan;
  const auto explained = Explain(status, nullptr);
  BOOST_TEST(explained.command().empty());
  const std::string text = ExplanationText(explained);
  BOOST_TEST(Says(text, "Demand asks for 4 shards, and there are 5"), text);
  CheckGolden("explain_nothing_is_done.txt", text);
}

BOOST_AUTO_TEST_CASE(no_forecast_is_explained_with_what_is_missing) {
  pb::Status status = StatusOf("observe");
  status.add_problems("no forecast of requests: 1 value is too few, two are needed");
  pb::Plan* plan = status.mutable_plan();
  plan->set_kind("none");
  plan->set_from_shards(3);
  plan->set_to_shards(3);
  Set(plan->mutable_created(), kNow);
  Set(plan->mutable_expires(), kNow + 15min);
  plan->set_binding("requests");
  plan->set_lead_time_seconds(42 * 60);
  plan->set_currency("USD");
  Add(plan->mutable_reasons(), "no_forecast",
      "there is no forecast of requests: only what is observed can add shards");
  Add(plan->mutable_rejections(), "no_forecast",
      "scale-in: neither a forecast nor enough recent demand is known");
  plan->mutable_basis()->set_cheapest(3);
  plan->mutable_basis()->set_wanted(3);
  plan->mutable_basis()->set_observed(2000);
  plan->mutable_basis()->set_reactive_at(6300);
  *plan->mutable_without() = Outlook(6300, 0, 0.6);
  CheckGolden("explain_no_forecast.txt", ExplanationText(Explain(status, nullptr)));
}

BOOST_AUTO_TEST_CASE(every_state_says_whether_it_is_carried_out) {
  const auto said = [](const char* mode, const char* state, pb::Plan plan) {
    const auto recommendation = RecommendationOf(plan, state);
    return ExplanationText(Explain(StatusOf(mode), &recommendation));
  };
  BOOST_TEST(Says(said("auto", "open", ScaleOut()), "starts by itself"));
  BOOST_TEST(Says(said("observe", "open", ScaleOut()), "nothing is carried out"));
  BOOST_TEST(Says(said("approve", "approved", ScaleOut()), "approved by ada"));
  BOOST_TEST(Says(said("approve", "rejected", ScaleOut()), "rejected by ada"));
  BOOST_TEST(Says(said("auto", "executed", ScaleOut()), "It was carried out"));
  BOOST_TEST(Says(said("auto", "superseded", ScaleOut()), "superseded by a newer one"));
  pb::Status held = StatusOf("auto");
  Add(held.mutable_holds(), "stopped", "stopped by ada");
  const auto open = RecommendationOf(ScaleOut(), "open");
  const std::string text = ExplanationText(Explain(held, &open));
  BOOST_TEST(Says(text, "nothing starts by itself: - stopped by ada (stopped)"), text);
  pb::Plan old = ScaleOut();
  Set(old.mutable_expires(), kNow - 1min);
  BOOST_TEST(Says(said("approve", "open", old), "expired and cannot be carried out"));
}

BOOST_AUTO_TEST_CASE(a_plan_of_before_its_basis_was_kept_says_so) {
  pb::Plan plan = ScaleOut();
  plan.clear_basis();
  const auto recommendation = RecommendationOf(plan, "executed");
  const std::string text = ExplanationText(Explain(StatusOf("auto"), &recommendation));
  BOOST_TEST(Says(text, "made before its alternatives were kept"), text);
  BOOST_TEST(!Says(text, "p0"), text);
}

BOOST_AUTO_TEST_CASE(lines_break_at_spaces_and_long_words_stay_whole) {
  BOOST_TEST(Wrap("aa bb cc", "- ", 7) == "- aa bb\n  cc\n");
  BOOST_TEST(Wrap("aaaaaaaaaa b", "- ", 5) == "- aaaaaaaaaa\n  b\n");
  BOOST_TEST(Wrap("", "- ", 5) == "- \n");
}

BOOST_AUTO_TEST_SUITE_END()
