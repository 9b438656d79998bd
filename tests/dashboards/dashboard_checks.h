// Reads the dashboard and the rules as Grafana and Prometheus do, so that tests can ask whether a
// program exports what they show. Used on a sample here and on a real controller end to end.
// For tests: a file that is missing or malformed throws.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace tidewright::dashboards {

/// One PromQL expression and where it stands: "panel 'Lead time', A", "rule TidewrightDataStale".
struct Query {
  std::string where;
  std::string expr;
};

[[nodiscard]] nlohmann::json LoadDashboard(const std::string& source_dir);
/// Everything that is drawn; rows are no panels.
[[nodiscard]] std::vector<nlohmann::json> Panels(const nlohmann::json& dashboard);
[[nodiscard]] std::vector<Query> PanelQueries(const nlohmann::json& dashboard);
[[nodiscard]] std::vector<Query> AnnotationQueries(const nlohmann::json& dashboard);

struct Rule {
  std::string alert;
  std::string expr;
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
};
[[nodiscard]] std::vector<Rule> LoadRules(const std::string& source_dir);

/// Names of ours that an expression asks for: tidewright_….
[[nodiscard]] std::set<std::string> MetricsIn(const std::string& expr);
/// Names with at least one sample in a text exposition.
[[nodiscard]] std::set<std::string> MetricsExposed(const std::string& exposition);
/// "metric: where it is asked for" for each one of panels, annotations and rules that the
/// exposition lacks. A controller that is well, has forecast once and is asked while an alert fires
/// lacks none; name in `may_be_absent` what need not be there yet, such as
/// tidewright_alerts_firing.
[[nodiscard]] std::vector<std::string> MissingMetrics(
    const std::string& source_dir, const std::string& exposition,
    const std::set<std::string>& may_be_absent = {});

/// The expression with Grafana's variables replaced: everything chosen (".+"), `resource` requests,
/// `window` 1h, $__rate_interval 1m, $__range 1h.
[[nodiscard]] std::string Substitute(std::string expr);

}  // namespace tidewright::dashboards
