// The conventions of monitoring mixins, and that rules, their tests, their runbooks and the
// controller's own alerts speak of the same things.
#include <yaml-cpp/yaml.h>

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>

#include "tests/dashboards/dashboard_checks.h"

namespace tidewright::dashboards {
namespace {

std::string Source() { return std::getenv("TIDEWRIGHT_SOURCE_DIR"); }

std::string ReadFile(const std::string& path) {
  std::ifstream file(Source() + "/" + path);
  BOOST_REQUIRE_MESSAGE(file.good(), path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

BOOST_AUTO_TEST_SUITE(rules_lint)

BOOST_AUTO_TEST_CASE(every_rule_has_severity_summary_description_and_a_runbook_that_exists) {
  const std::string runbook = ReadFile("docs/alerts.md");
  const auto rules = LoadRules(Source());
  BOOST_TEST(rules.size() == 10u);
  for (const auto& rule : rules) {
    BOOST_TEST_CONTEXT(rule.alert) {
      BOOST_TEST(std::regex_match(rule.alert, std::regex("Tidewright([A-Z][a-z]+)+")));
      const std::string severity = rule.labels.at("severity");
      BOOST_TEST((severity == "critical" || severity == "warning" || severity == "info"));
      BOOST_TEST(rule.annotations.at("summary").size() > 20u);
      BOOST_TEST(rule.annotations.at("description").size() > 40u);
      BOOST_TEST(rule.annotations.at("runbook_url") == "docs/alerts.md#" + Lower(rule.alert));
      BOOST_TEST(runbook.find("\n## " + rule.alert + "\n") != std::string::npos);
    }
  }
}

BOOST_AUTO_TEST_CASE(every_rule_is_seen_firing_and_not_firing_by_a_promtool_test) {
  const auto file = YAML::LoadFile(Source() + "/dashboards/prometheus/rules_test.yaml");
  std::map<std::string, std::set<bool>> seen;
  for (const auto& test : file["tests"]) {
    for (const auto& check : test["alert_rule_test"]) {
      seen[check["alertname"].as<std::string>()].insert(check["exp_alerts"].size() > 0);
    }
  }
  for (const auto& rule : LoadRules(Source()))
    BOOST_TEST(seen[rule.alert].size() == 2u, rule.alert);
}

BOOST_AUTO_TEST_CASE(the_controllers_own_alerts_have_a_rule_of_the_same_name_and_severity) {
  const std::string code = ReadFile("alerting/rules.cc");
  const std::regex made(R"re("(Tidewright\w+)",\s*(failed \? )?Severity::k(\w+))re");
  std::map<std::string, std::string> own;
  for (std::sregex_iterator it(code.begin(), code.end(), made), end; it != end; ++it) {
    own[it->str(1)] = Lower(it->str(3));
  }
  std::map<std::string, std::string> rules;
  for (const auto& rule : LoadRules(Source())) rules[rule.alert] = rule.labels.at("severity");
  rules.erase("TidewrightControllerDown");  // which a controller that is down cannot tell
  BOOST_TEST((own == rules));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright::dashboards
