// What documents show is what the daemon accepts.
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>
#include <vector>

#include "config/config.h"

using namespace tidewright;

namespace {

/// The blocks of a document between ```yaml and ```, with the line that each begins at.
struct Block {
  int line = 0;
  std::string text;
};
std::vector<Block> YamlOf(const std::string& document) {
  const char* source = std::getenv("TIDEWRIGHT_SOURCE_DIR");
  BOOST_REQUIRE(source != nullptr);
  std::ifstream file(std::string(source) + "/docs/" + document);
  BOOST_REQUIRE(file.good());
  std::vector<Block> blocks;
  bool inside = false;
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.rfind("```", 0) == 0) {
      if (!inside && line == "```yaml") blocks.push_back({number, ""});
      inside = line == "```yaml";
    } else if (inside) {
      blocks.back().text += line + "\n";
    }
  }
  return blocks;
}

std::vector<Policy> PoliciesOf(const std::string& document) {
  std::vector<Policy> policies;
  for (const Block& block : YamlOf(document)) {
    const auto policy =
        ParsePolicy(block.text, "docs/" + document + ":" + std::to_string(block.line));
    BOOST_TEST(policy.ok(), Message(policy.status()));
    policies.push_back(policy.ok() ? *policy : Policy{});
  }
  return policies;
}

WallTime At(const char* time) { return ParseTime(time).value(); }

}  // namespace

BOOST_AUTO_TEST_SUITE(documents)

BOOST_AUTO_TEST_CASE(the_guide_to_windows_shows_what_is_accepted_and_what_it_says_is_true) {
  const auto policies = PoliciesOf("windows.md");
  BOOST_REQUIRE(policies.size() == 5u);
  const auto& windows = policies[0].windows;
  BOOST_REQUIRE(windows.size() == 3u);
  BOOST_TEST((windows[0].rule == WindowRule::kNoScaleIn));
  BOOST_TEST(Covers(windows[0], At("2026-11-25T08:00:00Z")));   // a Wednesday
  BOOST_TEST(!Covers(windows[0], At("2026-11-28T12:00:00Z")));  // a Saturday
  BOOST_TEST((windows[1].rule == WindowRule::kMaintenance));
  BOOST_TEST(Covers(windows[2], At("2026-11-29T03:59:00Z")));  // begun on Saturday
  BOOST_TEST(!Covers(windows[2], At("2026-11-29T04:00:00Z")));
  BOOST_TEST(!Covers(windows[2], At("2026-11-28T03:00:00Z")));
  BOOST_TEST(Expired(windows[2], At("2027-04-01T00:00:00Z")));
  BOOST_TEST(policies[1].emergency_ignores_windows);
  BOOST_TEST(Covers(policies[2].windows[0], At("2026-12-24T12:00:00Z")));
  BOOST_TEST(!Covers(policies[2].windows[0], At("2027-01-02T06:00:00Z")));
  BOOST_TEST((policies[3].budget_per_month == Money::FromUnits(2800)));
  BOOST_TEST(policies[3].currency == "EUR");
}

BOOST_AUTO_TEST_CASE(the_guide_to_capacity_shows_what_is_accepted) {
  const auto blocks = YamlOf("capacity.md");
  BOOST_REQUIRE(!blocks.empty());
  for (const Block& block : blocks) {
    const auto config = ParseConfig("cluster: cache\ndata_dir: /var/lib/tidewright\n" + block.text,
                                    "docs/capacity.md:" + std::to_string(block.line));
    BOOST_TEST(config.ok(), Message(config.status()));
  }
  const auto first = ParseConfig("cluster: c\ndata_dir: /d\n" + blocks[0].text, "docs/capacity.md");
  BOOST_REQUIRE(first.ok());
  BOOST_TEST((first->policy.survive_loss == SurviveLoss::kZone));
  BOOST_TEST(first->redis.zones.size() == 3u);
}

BOOST_AUTO_TEST_CASE(the_guide_to_savings_shows_what_is_accepted) {
  const auto blocks = YamlOf("savings.md");
  BOOST_REQUIRE(blocks.size() == 1u);
  const auto config = ParseConfig(
      "cluster: cache\ndata_dir: /var/lib/tidewright\nredis:\n  seeds: ['127.0.0.1:6379']\n" +
          blocks[0].text,
      "docs/savings.md:" + std::to_string(blocks[0].line));
  BOOST_REQUIRE_MESSAGE(config.ok(), Message(config.status()));
  BOOST_TEST(config->shadow == (std::vector<std::string>{"reactive", "dynamodb"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
