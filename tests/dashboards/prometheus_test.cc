// Every query of the dashboard and every rule against a real Prometheus that scrapes a sample of
// what the controller exports.
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "io/http_server.h"
#include "tests/dashboards/dashboard_checks.h"
#include "tests/dashboards/prometheus_harness.h"

namespace tidewright::dashboards {
namespace {

using std::chrono::seconds;

std::string Source() { return std::getenv("TIDEWRIGHT_SOURCE_DIR"); }

std::string Sample() {
  std::ifstream file(Source() + "/tests/dashboards/sample_metrics.prom");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The sample with every counter and histogram grown by a tenth for each scrape, as in a controller
/// that is at work: without growth a rate is 0 and a quantile of it no number.
std::string Grown(const std::string& sample, int scrape) {
  std::stringstream in(sample);
  std::string out;
  std::string type;
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("# TYPE ", 0) == 0) type = line.substr(line.rfind(' ') + 1);
    const auto space = line.rfind(' ');
    if (line.rfind('#', 0) != 0 && (type == "counter" || type == "histogram")) {
      const double value = std::strtod(line.c_str() + space, nullptr);
      line = line.substr(0, space + 1) + fmt::format("{}", value * (1 + 0.1 * scrape));
    }
    out += line + '\n';
  }
  return out;
}

std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += "\n  " + line;
  return text;
}

struct Controller {
  Controller() {
    auto started = io::HttpServer::Start("127.0.0.1", 0, [this](const io::HttpRequest& request) {
      io::HttpResponse response;
      response.status = request.target == "/metrics" ? 200 : 404;
      response.body = Grown(Sample(), scrapes++);
      return response;
    });
    BOOST_REQUIRE_MESSAGE(started.ok(), started.status().ToString());
    server = *std::move(started);
  }
  [[nodiscard]] std::string Target() const { return "127.0.0.1:" + std::to_string(server->port()); }

  std::atomic<int> scrapes = 0;
  std::unique_ptr<io::HttpServer> server;
};

BOOST_AUTO_TEST_SUITE(prometheus)

BOOST_AUTO_TEST_CASE(every_panel_shows_data_and_every_rule_is_evaluated) {
  Controller controller;
  auto prometheus = Prometheus::Start(Source(), controller.Target());
  BOOST_REQUIRE_MESSAGE(prometheus.ok(), prometheus.status().ToString());
  const auto empty = (*prometheus)->PanelsWithoutData(Source(), seconds(60));
  BOOST_TEST(empty.empty(), "panels without data:" << Joined(empty));
  const auto failed = (*prometheus)->RulesNotEvaluated(Source(), seconds(60));
  BOOST_TEST(failed.empty(), "rules that were not evaluated:" << Joined(failed));
  for (const auto& query : AnnotationQueries(LoadDashboard(Source()))) {
    const auto data = (*prometheus)->Query(Substitute(query.expr));
    BOOST_REQUIRE_MESSAGE(data.ok(), query.where << ": " << data.status().ToString());
    BOOST_TEST(!data->at("result").empty(), query.where);
  }
}

BOOST_AUTO_TEST_CASE(a_metric_that_is_not_exported_is_found_missing) {
  BOOST_TEST(MissingMetrics(Source(), Sample()).empty(),
             Joined(MissingMetrics(Source(), Sample())));
  std::string without = Sample();
  for (auto at = without.find("\ntidewright_shards{"); at != std::string::npos;
       at = without.find("\ntidewright_shards{")) {
    without.erase(at + 1, std::string("tidewright_").size());
  }
  const auto missing = MissingMetrics(Source(), without);
  BOOST_REQUIRE(!missing.empty());
  for (const auto& line : missing) BOOST_TEST(line.rfind("tidewright_shards: ", 0) == 0u, line);
  BOOST_TEST(MissingMetrics(Source(), without, {"tidewright_shards"}).empty());
}

BOOST_AUTO_TEST_CASE(every_metric_of_the_sample_is_shown_or_alerted_on) {
  // What nobody looks at is either exported in vain or missing on the dashboard. The count of
  // cycles, build information, all but the buckets of a histogram, and the totals that a report
  // over a month adds up serve other queries.
  const std::set<std::string> elsewhere = {"tidewright_build_info",
                                           "tidewright_cycles_total",
                                           "tidewright_cycle_duration_seconds_count",
                                           "tidewright_cycle_duration_seconds_sum",
                                           "tidewright_compared_node_hours_total",
                                           "tidewright_policy_cost_total",
                                           "tidewright_policy_judged_seconds_total",
                                           "tidewright_policy_moves_total",
                                           "tidewright_policy_node_hours_total"};
  std::set<std::string> asked;
  for (const auto& query : PanelQueries(LoadDashboard(Source()))) {
    asked.merge(MetricsIn(query.expr));
  }
  for (const auto& rule : LoadRules(Source())) asked.merge(MetricsIn(rule.expr));
  for (const auto& metric : MetricsExposed(Sample())) {
    BOOST_TEST((asked.contains(metric) || elsewhere.contains(metric)), metric);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright::dashboards
