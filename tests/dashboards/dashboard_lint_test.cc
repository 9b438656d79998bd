// The rules of grafana/dashboard-linter that apply to a Prometheus dashboard, and some more.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <regex>

#include "tests/dashboards/dashboard_checks.h"

namespace tidewright::dashboards {
namespace {

using nlohmann::json;

const json& Dashboard() {
  static const json dashboard = LoadDashboard(std::getenv("TIDEWRIGHT_SOURCE_DIR"));
  return dashboard;
}

const json* Variable(const std::string& name) {
  for (const auto& variable : Dashboard().at("templating").at("list")) {
    if (variable.at("name") == name) return &variable;
  }
  return nullptr;
}

std::vector<std::string> All(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  std::vector<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), regex), end; it != end; ++it) {
    found.push_back(it->str(0));
  }
  return found;
}

const std::string kDatasource = "${datasource}";

BOOST_AUTO_TEST_SUITE(dashboard_lint)

BOOST_AUTO_TEST_CASE(it_is_one_dashboard_with_an_identity_that_nobody_edits_in_place) {
  BOOST_TEST(Dashboard().at("uid") == "tidewright");
  BOOST_TEST(Dashboard().at("title") == "Tidewright");
  BOOST_TEST(Dashboard().at("editable") == false);
  BOOST_TEST(!Dashboard().contains("id"));  // of one Grafana's database
  BOOST_TEST(Panels(Dashboard()).size() >= 20u);
}

BOOST_AUTO_TEST_CASE(the_data_source_is_a_variable) {
  const json* variable = Variable("datasource");
  BOOST_REQUIRE(variable != nullptr);
  BOOST_TEST(variable->at("type") == "datasource");
  BOOST_TEST(variable->at("query") == "prometheus");
  BOOST_TEST(variable->at("label") == "Data source");
}

BOOST_AUTO_TEST_CASE(job_and_instance_are_variables_of_which_several_can_be_chosen) {
  for (const auto& [name, label] : {std::pair{"job", "Job"}, std::pair{"instance", "Instance"}}) {
    const json* variable = Variable(name);
    BOOST_REQUIRE(variable != nullptr);
    BOOST_TEST(variable->at("type") == "query");
    BOOST_TEST(variable->at("label") == label);
    BOOST_TEST(variable->at("multi") == true);
    BOOST_TEST(variable->at("includeAll") == true);
    BOOST_TEST(variable->at("allValue") == ".+");
  }
}

BOOST_AUTO_TEST_CASE(variables_are_asked_again_when_the_time_changes_and_use_only_earlier_ones) {
  std::vector<std::string> earlier;
  for (const auto& variable : Dashboard().at("templating").at("list")) {
    const std::string name = variable.at("name");
    if (variable.at("type") == "query") {
      BOOST_TEST(variable.at("refresh") == 2, name);
      BOOST_TEST(variable.at("datasource").at("uid") == kDatasource, name);
      const std::string query = variable.at("query");
      BOOST_TEST(std::regex_match(
                     query, std::regex(R"(label_values\(tidewright_[a-z_]+(\{.*\})?, [a-z]+\))")),
                 query);
      for (const auto& used : All(query, R"(\$[a-z]+)")) {
        BOOST_TEST((std::find(earlier.begin(), earlier.end(), used) != earlier.end()),
                   name << " uses " << used);
      }
    }
    earlier.push_back("$" + name);
  }
}

BOOST_AUTO_TEST_CASE(every_panel_has_title_description_data_source_unit_and_targets) {
  const std::set<std::string> units = {"none", "short", "percentunit", "s", "Bps", "cps"};
  for (const auto& panel : Panels(Dashboard())) {
    const std::string title = panel.at("title");
    BOOST_TEST_CONTEXT("panel " << title) {
      BOOST_TEST(!title.empty());
      BOOST_TEST(panel.at("description").get<std::string>().size() > 20u);
      BOOST_TEST(panel.at("datasource").at("uid") == kDatasource);
      BOOST_TEST(panel.at("datasource").at("type") == "prometheus");
      BOOST_TEST(units.contains(panel.at("fieldConfig").at("defaults").at("unit")));
      BOOST_TEST(!panel.at("targets").empty());
      std::set<std::string> references;
      for (const auto& target : panel.at("targets")) {
        BOOST_TEST(references.insert(target.at("refId")).second);
        BOOST_TEST(!target.at("legendFormat").get<std::string>().empty());
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(overrides_name_a_legend_that_exists) {
  for (const auto& panel : Panels(Dashboard())) {
    for (const auto& override : panel.at("fieldConfig").at("overrides")) {
      const std::string name = override.at("matcher").at("options");
      const bool by_name = override.at("matcher").at("id") == "byName";
      bool found = false;
      for (const auto& target : panel.at("targets")) {
        const std::string legend = target.at("legendFormat");
        found = found || (by_name ? legend == name : std::regex_match(legend, std::regex(name)));
      }
      BOOST_TEST(found, panel.at("title") << ": " << name);
    }
  }
}

BOOST_AUTO_TEST_CASE(every_selector_is_of_the_chosen_job_instance_and_cluster) {
  const std::string chosen = R"({job=~"$job",instance=~"$instance",cluster=~"$cluster")";
  auto queries = PanelQueries(Dashboard());
  for (auto& query : AnnotationQueries(Dashboard())) queries.push_back(query);
  for (const auto& query : queries) {
    std::size_t selectors = 0;
    for (auto at = query.expr.find("tidewright_"); at != std::string::npos;
         at = query.expr.find("tidewright_", at + 1)) {
      ++selectors;
      const auto brace = query.expr.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789", at);
      BOOST_TEST(query.expr.compare(brace, chosen.size(), chosen) == 0,
                 query.where << ": " << query.expr);
    }
    BOOST_TEST(selectors > 0u, query.where);
  }
}

BOOST_AUTO_TEST_CASE(counters_are_read_as_rates_over_grafanas_own_interval) {
  for (const auto& query : PanelQueries(Dashboard())) {
    const auto counters = All(query.expr, R"(tidewright_[a-z_]+_(total|bucket|sum|count)\{)");
    const auto rates = All(
        query.expr,
        R"(\b(rate\(tidewright_[a-z_]+\{[^}]*\}\[\$__rate_interval\]|increase\(tidewright_[a-z_]+\{[^}]*\}\[\$__(rate_interval|range)\])\))");
    BOOST_TEST(counters.size() == rates.size(), query.where << ": " << query.expr);
    BOOST_TEST(All(query.expr, R"(\[)").size() == rates.size(), query.where << ": " << query.expr);
  }
}

BOOST_AUTO_TEST_CASE(panels_have_their_own_place_and_number) {
  std::set<int> ids;
  std::map<std::pair<int, int>, std::string> cells;
  for (const auto& panel : Dashboard().at("panels")) {
    BOOST_TEST(ids.insert(panel.at("id").get<int>()).second);
    const auto& place = panel.at("gridPos");
    BOOST_TEST(place.at("x").get<int>() + place.at("w").get<int>() <= 24);
    for (int x = 0; x < place.at("w"); ++x) {
      for (int y = 0; y < place.at("h"); ++y) {
        const auto cell = std::pair{place.at("x").get<int>() + x, place.at("y").get<int>() + y};
        const auto [it, free] = cells.emplace(cell, panel.at("title"));
        BOOST_TEST(free, panel.at("title") << " covers " << it->second);
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright::dashboards
