// What the owner of the bill reads. Golden text: TIDEWRIGHT_UPDATE_GOLDEN=1 writes it anew, to be
// read as a diff.
#include "cli/savings_text.h"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

using namespace tidewright::cli;

namespace {

void Against(pb::Status& status, const char* name, bool estimated, double hours, double used,
             double otherwise) {
  auto* saving = status.mutable_savings()->add_against();
  saving->set_against(name);
  saving->set_estimated(estimated);
  saving->set_compared_seconds(hours * 3600);
  saving->set_node_hours(used);
  saving->set_cost(used * 0.25);
  saving->set_otherwise_node_hours(otherwise);
  saving->set_otherwise_cost(otherwise * 0.25);
  saving->set_saved_cost((otherwise - used) * 0.25);
}

pb::Status Sample() {
  pb::Status status;
  status.set_cluster("cache");
  status.set_currency("EUR");
  status.set_price_per_node_hour(0.25);
  auto* savings = status.mutable_savings();
  savings->set_node_hours(400);
  savings->set_cost(100);
  savings->set_recorded_seconds(50 * 3600);
  savings->set_missing_seconds(5400);
  Against(status, "as provisioned", false, 50, 400, 500);
  Against(status, "static peak", false, 50, 400, 600);
  Against(status, "reactive", true, 40, 320, 300);
  for (const bool estimated : {false, true}) {
    auto* policy = status.add_policies();
    policy->set_policy(estimated ? "reactive" : "tidewright");
    policy->set_estimated(estimated);
    policy->set_shards(4);
    policy->set_moves_to(estimated ? 5 : 0);
    policy->set_judged_seconds(40 * 3600);
    policy->set_dark_seconds(estimated ? 0 : 300);
    policy->set_short_seconds(estimated ? 4500 : 0);
    policy->set_episodes(estimated ? 6 : 0);
    policy->set_demand_shard_hours(120);
    policy->set_unserved_shard_hours(estimated ? 1.5 : 0);
    policy->set_node_hours(estimated ? 300 : 320);
    policy->set_cost(estimated ? 75 : 80);
    policy->set_moves(estimated ? 21 : 3);
  }
  return status;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(savings_text)

BOOST_AUTO_TEST_CASE(it_says_what_was_saved_what_was_lost_and_what_is_not_known) {
  const std::string path =
      std::string(std::getenv("TIDEWRIGHT_SOURCE_DIR")) + "/tests/cli/golden/savings.txt";
  const std::string text = SavingsText(Sample());
  if (std::getenv("TIDEWRIGHT_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
  std::ifstream file(path);
  std::stringstream golden;
  golden << file.rdbuf();
  BOOST_TEST(text == golden.str());
}

BOOST_AUTO_TEST_CASE(before_anything_is_recorded_it_says_so) {
  BOOST_TEST(SavingsText({}) == "nothing is recorded yet\n");
}

BOOST_AUTO_TEST_SUITE_END()
