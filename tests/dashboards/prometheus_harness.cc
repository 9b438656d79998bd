#include "tests/dashboards/prometheus_harness.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "io/http_client.h"
#include "tests/dashboards/dashboard_checks.h"

namespace tidewright::dashboards {
namespace {

namespace fs = std::filesystem;

constexpr Duration kPoll = std::chrono::milliseconds(100);
constexpr Duration kReady = std::chrono::seconds(60);

void Replace(std::string& text, const std::string& what, const std::string& with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

/// The configuration that we ship, with this target, quicker, and no Alertmanager to be heard by.
std::string Configuration(const std::string& source_dir, const std::string& target) {
  std::ifstream file(source_dir + "/dashboards/prometheus/prometheus.yaml");
  std::stringstream text;
  text << file.rdbuf();
  std::string config = text.str();
  Replace(config, "127.0.0.1:7091", target);
  Replace(config, "15s", "200ms");
  return config.substr(0, config.find("alerting:"));
}

bool ShowsAValue(const nlohmann::json& data) {
  for (const auto& series : data.at("result")) {
    const auto points =
        series.contains("values") ? series["values"] : nlohmann::json::array({series.at("value")});
    for (const auto& point : points) {
      const auto text = point.at(1).get<std::string>();
      if (std::isfinite(std::strtod(text.c_str(), nullptr))) return true;
    }
  }
  return false;
}

}  // namespace

StatusOr<std::unique_ptr<Prometheus>> Prometheus::Start(const std::string& source_dir,
                                                        const std::string& target) {
  std::string directory = (fs::temp_directory_path() / "tidewright-prom-XXXXXX").string();
  if (mkdtemp(directory.data()) == nullptr) {
    return Error(StatusCode::kResourceExhausted, "no temporary folder");
  }
  std::unique_ptr<Prometheus> self(new Prometheus(directory));
  std::ofstream(directory + "/prometheus.yaml") << Configuration(source_dir, target);
  fs::copy_file(source_dir + "/dashboards/prometheus/rules.yaml", directory + "/rules.yaml");
  TW_ASSIGN_OR_RETURN(const int port, io::FreePort());
  self->url_ = "http://127.0.0.1:" + std::to_string(port);
  TW_ASSIGN_OR_RETURN(
      auto process,
      io::Subprocess::Spawn(
          {.command = {"prometheus", "--config.file=prometheus.yaml", "--storage.tsdb.path=data",
                       "--web.listen-address=127.0.0.1:" + std::to_string(port)},
           .working_directory = directory,
           .output_file = directory + "/log",
           .own_session = false}));
  self->process_ = process;
  const MonoTime deadline = self->clock_.Monotonic() + kReady;
  while (self->clock_.Monotonic() < deadline && !self->process_->Poll()) {
    const auto reply = io::CallHttp({.url = self->url_ + "/-/ready"});
    if (reply.ok() && reply->ok()) return self;
    self->clock_.WaitFor(kPoll, {});
  }
  std::ifstream log(directory + "/log");
  std::stringstream text;
  text << log.rdbuf();
  return Error(StatusCode::kUnavailable, "prometheus did not start: {}", text.str());
}

Prometheus::~Prometheus() {
  if (process_) process_->Stop(std::chrono::seconds(5), clock_);
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

StatusOr<nlohmann::json> Prometheus::Get(const std::string& path) {
  TW_ASSIGN_OR_RETURN(const auto reply, io::CallHttp({.url = url_ + "/api/v1/" + path}));
  auto answer = nlohmann::json::parse(reply.body, nullptr, /*allow_exceptions=*/false);
  if (answer.is_discarded() || answer.value("status", "") != "success") {
    return Error(StatusCode::kInvalidArgument, "{}: {}", reply.status, reply.body);
  }
  return answer["data"];
}

StatusOr<nlohmann::json> Prometheus::Query(const std::string& expr) {
  return Get("query?query=" + io::UrlEncode(expr));
}

StatusOr<nlohmann::json> Prometheus::QueryRange(const std::string& expr) {
  const WallTime now = clock_.Wall();
  return Get(fmt::format("query_range?query={}&start={}&end={}&step=1", io::UrlEncode(expr),
                         FormatTime(now - std::chrono::minutes(1)), FormatTime(now)));
}

std::vector<std::string> Prometheus::PanelsWithoutData(const std::string& source_dir,
                                                       Duration timeout) {
  struct Open {
    dashboards::Query query;
    bool instant;
  };
  std::vector<Open> open;
  for (const auto& panel : Panels(LoadDashboard(source_dir))) {
    for (const auto& target : panel.at("targets")) {
      open.push_back(
          {{panel.at("title").get<std::string>() + ", " + target.at("refId").get<std::string>(),
            Substitute(target.at("expr"))},
           target.value("instant", false)});
    }
  }
  if (open.empty()) return {"the dashboard has no panels"};
  const MonoTime deadline = clock_.Monotonic() + timeout;
  while (true) {
    std::vector<std::string> reasons;
    std::erase_if(open, [&](const Open& o) {
      const auto data = o.instant ? Query(o.query.expr) : QueryRange(o.query.expr);
      if (data.ok() && ShowsAValue(*data)) return true;
      reasons.push_back(o.query.where + ": " + (data.ok() ? "no data" : Message(data.status())) +
                        ": " + o.query.expr);
      return false;
    });
    if (open.empty() || clock_.Monotonic() >= deadline) return reasons;
    clock_.WaitFor(kPoll, {});
  }
}

std::vector<std::string> Prometheus::RulesNotEvaluated(const std::string& source_dir,
                                                       Duration timeout) {
  const auto rules = LoadRules(source_dir);
  if (rules.empty()) return {"there are no rules"};
  const MonoTime deadline = clock_.Monotonic() + timeout;
  while (true) {
    std::map<std::string, std::string> health;
    const auto data = Get("rules");
    if (data.ok()) {
      for (const auto& group : data->at("groups")) {
        for (const auto& rule : group.at("rules")) {
          health[rule.at("name")] =
              rule.at("health").get<std::string>() + " " + rule.value("lastError", "");
        }
      }
    }
    std::vector<std::string> left;
    for (const auto& rule : rules) {
      if (health[rule.alert] != "ok ") left.push_back(rule.alert + ": " + health[rule.alert]);
    }
    if (left.empty() || clock_.Monotonic() >= deadline) return left;
    clock_.WaitFor(kPoll, {});
  }
}

}  // namespace tidewright::dashboards
