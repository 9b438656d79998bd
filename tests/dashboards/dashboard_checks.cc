#include "tests/dashboards/dashboard_checks.h"

#include <yaml-cpp/yaml.h>

#include <fstream>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace tidewright::dashboards {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::set<std::string> Matches(const std::string& text, const std::regex& pattern) {
  std::set<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), pattern), end; it != end; ++it) {
    found.insert(it->str(1));
  }
  return found;
}

}  // namespace

nlohmann::json LoadDashboard(const std::string& source_dir) {
  return nlohmann::json::parse(ReadFile(source_dir + "/dashboards/grafana/tidewright.json"));
}

std::vector<nlohmann::json> Panels(const nlohmann::json& dashboard) {
  std::vector<nlohmann::json> panels;
  for (const auto& panel : dashboard.at("panels")) {
    if (panel.at("type") != "row") panels.push_back(panel);
  }
  return panels;
}

std::vector<Query> PanelQueries(const nlohmann::json& dashboard) {
  std::vector<Query> queries;
  for (const auto& panel : Panels(dashboard)) {
    for (const auto& target : panel.at("targets")) {
      queries.push_back({"panel '" + panel.at("title").get<std::string>() + "', " +
                             target.at("refId").get<std::string>(),
                         target.at("expr")});
    }
  }
  return queries;
}

std::vector<Query> AnnotationQueries(const nlohmann::json& dashboard) {
  std::vector<Query> queries;
  for (const auto& annotation : dashboard.at("annotations").at("list")) {
    queries.push_back(
        {"annotation '" + annotation.at("name").get<std::string>() + "'", annotation.at("expr")});
  }
  return queries;
}

std::vector<Rule> LoadRules(const std::string& source_dir) {
  std::vector<Rule> rules;
  const auto file = YAML::LoadFile(source_dir + "/dashboards/prometheus/rules.yaml");
  for (const auto& group : file["groups"]) {
    for (const auto& node : group["rules"]) {
      Rule rule{.alert = node["alert"].as<std::string>(),
                .expr = node["expr"].as<std::string>(),
                .labels = {},
                .annotations = {}};
      for (const auto& [map, key] :
           {std::pair{&rule.labels, "labels"}, std::pair{&rule.annotations, "annotations"}}) {
        for (const auto& entry : node[key]) {
          (*map)[entry.first.as<std::string>()] = entry.second.as<std::string>();
        }
      }
      rules.push_back(std::move(rule));
    }
  }
  return rules;
}

std::set<std::string> MetricsIn(const std::string& expr) {
  // What stands in quotes is a label's value.
  static const std::regex quoted(R"("[^"]*")");
  static const std::regex name(R"(\b(tidewright_[a-z0-9_]+))");
  return Matches(std::regex_replace(expr, quoted, ""), name);
}

std::set<std::string> MetricsExposed(const std::string& exposition) {
  static const std::regex sample(R"((?:^|\n)([a-zA-Z_:][a-zA-Z0-9_:]*)[{ ])");
  return Matches(exposition, sample);
}

std::vector<std::string> MissingMetrics(const std::string& source_dir,
                                        const std::string& exposition,
                                        const std::set<std::string>& may_be_absent) {
  const auto dashboard = LoadDashboard(source_dir);
  auto queries = PanelQueries(dashboard);
  for (auto& query : AnnotationQueries(dashboard)) queries.push_back(std::move(query));
  for (auto& rule : LoadRules(source_dir)) queries.push_back({"rule " + rule.alert, rule.expr});
  const auto exposed = MetricsExposed(exposition);
  std::vector<std::string> missing;
  for (const auto& query : queries) {
    for (const auto& metric : MetricsIn(query.expr)) {
      if (exposed.contains(metric) || may_be_absent.contains(metric)) continue;
      missing.push_back(metric + ": " + query.where);
    }
  }
  return missing;
}

std::string Substitute(std::string expr) {
  static const std::vector<std::pair<std::string, std::string>> variables = {
      {"$__rate_interval", "1m"}, {"$__range", "1h"},        {"$job", ".+"},   {"$instance", ".+"},
      {"$cluster", ".+"},         {"$resource", "requests"}, {"$window", "1h"}};
  for (const auto& [name, value] : variables) {
    for (auto at = expr.find(name); at != std::string::npos; at = expr.find(name, at)) {
      expr.replace(at, name.size(), value);
    }
  }
  if (expr.find('$') != std::string::npos) {
    throw std::runtime_error("a variable without a value in " + expr);
  }
  return expr;
}

}  // namespace tidewright::dashboards
