#include "server/metrics.h"

#include <boost/test/unit_test.hpp>

#include "tests/server/sample_view.h"

using namespace tidewright;

BOOST_AUTO_TEST_SUITE(metrics)

namespace {

bool Has(const std::string& text, const std::string& line) {
  return text.find(line) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_known_is_exported) {
  MetricsExporter exporter;
  exporter.ObserveCycle("cache", std::chrono::milliseconds(3));
  const auto text = exporter.Expose(SampleView());
  BOOST_TEST(Has(text, "tidewright_demand{cluster=\"cache\",resource=\"requests\"} 2400"), text);
  BOOST_TEST(Has(text, "tidewright_capacity{cluster=\"cache\",resource=\"requests\"} 6000"));
  BOOST_TEST(Has(text, "tidewright_usable_capacity{cluster=\"cache\",resource=\"requests\"} 4200"));
  BOOST_TEST(Has(text, "quantile=\"0.95\",window=\"30m\"} 3000"));
  BOOST_TEST(Has(text, "tidewright_recommended_shards{cluster=\"cache\"} 3"));
  BOOST_TEST(
      Has(text, "tidewright_actions_total{cluster=\"cache\",kind=\"scale-out\",state=\"done\"} 2"));
  BOOST_TEST(Has(text, "tidewright_cycle_duration_seconds_count{cluster=\"cache\"} 1"));
  BOOST_TEST(Has(text, "tidewright_mode{cluster=\"cache\",mode=\"approve\"} 1"));
}

BOOST_AUTO_TEST_CASE(savings_and_policies_in_shadow_are_exported_by_name) {
  const auto text = MetricsExporter().Expose(SampleView());
  for (const char* line :
       {"tidewright_node_hours_total{cluster=\"cache\"} 12.5",
        "tidewright_account_gap_seconds_total{cluster=\"cache\"} 600",
        "tidewright_compared_node_hours_total{cluster=\"cache\",against=\"reactive\","
        "estimated=\"true\"} 5",
        "tidewright_counterfactual_node_hours_total{cluster=\"cache\",against=\"static peak\","
        "estimated=\"false\"} 20",
        "tidewright_counterfactual_cost_total{cluster=\"cache\",against=\"static peak\","
        "estimated=\"false\",currency=\"USD\"} 2",
        "tidewright_policy_shards{cluster=\"cache\",policy=\"reactive\",estimated=\"true\"} 3",
        "tidewright_policy_short_seconds_total{cluster=\"cache\",policy=\"reactive\","
        "estimated=\"true\"} 420",
        "tidewright_policy_dark_seconds_total{cluster=\"cache\",policy=\"reactive\","
        "estimated=\"true\"} 600"}) {
    BOOST_TEST(Has(text, line), line);
  }
}

BOOST_AUTO_TEST_CASE(what_is_not_known_is_absent_and_never_zero) {
  ControllerView view = SampleView();
  view.load.total[Resource::kRequests].quality = Quality::kStale;
  view.topology.reset();
  view.demand[Resource::kRequests].reset();
  view.plan.reset();
  const auto text = MetricsExporter().Expose(view);
  for (const char* name : {"tidewright_demand{", "tidewright_capacity{", "tidewright_shards{",
                           "tidewright_forecast{", "tidewright_recommended_shards{"}) {
    BOOST_TEST(!Has(text, name), name);
  }
}

BOOST_AUTO_TEST_SUITE_END()
