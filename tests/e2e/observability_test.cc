// What people look at shows what a running controller tells.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdlib>

#include "io/http_client.h"
#include "tests/dashboards/dashboard_checks.h"
#include "tests/dashboards/prometheus_harness.h"
#include "tests/e2e/world.h"

using namespace tidewright;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(observability, e2e::World)

BOOST_AUTO_TEST_CASE(every_panel_and_rule_finds_its_metrics_in_a_running_controller) {
  const char* source = std::getenv("TIDEWRIGHT_SOURCE_DIR");
  BOOST_REQUIRE(source != nullptr);
  std::filesystem::create_directories(daemon->data_dir());
  ImportQuietHistory();
  // Short steps: policies in shadow are compared once one of them has ended.
  Configure(e2e::Policy(4, "  step: 1m\n  horizon: 4h\n"));
  BOOST_REQUIRE(daemon->Start().ok());
  BOOST_REQUIRE_MESSAGE(AwaitShards(4, 120s), daemon->log());
  BOOST_REQUIRE_MESSAGE(daemon->Await(240s,
                                      [](const nlohmann::json& status) {
                                        const auto against = e2e::At(status, "/savings/against");
                                        return std::any_of(
                                            against.begin(), against.end(), [](const auto& one) {
                                              return one.value("estimated", false) &&
                                                     one.value("compared_seconds", 0.0) > 0;
                                            });
                                      }),
                        daemon->log());
  const std::string target = "127.0.0.1:" + std::to_string(daemon->metrics_port());

  io::HttpCall call;
  call.url = "http://" + target + "/metrics";
  const auto exposition = io::CallHttp(call);
  BOOST_REQUIRE_MESSAGE(exposition.ok(), exposition.status());
  for (const auto& missing :
       dashboards::MissingMetrics(source, exposition->body, {"tidewright_alerts_firing"})) {
    BOOST_ERROR("not exported: " << missing);
  }
  auto prometheus = dashboards::Prometheus::Start(source, target);
  BOOST_REQUIRE_MESSAGE(prometheus.ok(), prometheus.status());
  for (const auto& panel : (*prometheus)->PanelsWithoutData(source, 40s)) {
    BOOST_TEST(panel.find("tidewright_alerts_firing") != std::string::npos, "no data: " << panel);
  }
  for (const auto& rule : (*prometheus)->RulesNotEvaluated(source, 40s)) {
    BOOST_ERROR("not evaluated: " << rule);
  }
  BOOST_TEST(daemon->Stop() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
