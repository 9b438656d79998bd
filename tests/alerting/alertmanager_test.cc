// Against a real Alertmanager.
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "alerting/alert_sink.h"
#include "io/http_client.h"
#include "io/subprocess.h"

namespace tidewright {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

class Alertmanager {
 public:
  Alertmanager() {
    std::string name = (std::filesystem::temp_directory_path() / "tidewright-am-XXXXXX").string();
    BOOST_REQUIRE(mkdtemp(name.data()) != nullptr);
    directory_ = name;
    std::ofstream(directory_ / "config.yml")
        << "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n";
    const auto port = io::FreePort();
    BOOST_REQUIRE(port.ok());
    port_ = *port;
    Start();
  }
  ~Alertmanager() {
    Stop();
    std::filesystem::remove_all(directory_);
  }

  void Start() {
    auto process = io::Subprocess::Spawn(
        {.command = {"prometheus-alertmanager", "--config.file=config.yml", "--storage.path=data",
                     "--web.listen-address=127.0.0.1:" + std::to_string(port_),
                     "--cluster.listen-address="},
         .working_directory = directory_.string(),
         .output_file = (directory_ / "log").string(),
         .own_session = false});
    BOOST_REQUIRE_MESSAGE(process.ok(), process.status().ToString());
    process_.emplace(*std::move(process));
    Await("Alertmanager is ready", [this] {
      const auto reply = io::CallHttp({.url = Url() + "/-/ready"});
      return reply.ok() && reply->ok();
    });
  }
  void Stop() {
    if (process_) process_->Stop(seconds(5), clock_);
    process_.reset();
  }

  /// Polls until it is so; fails the test after a minute.
  void Await(const std::string& what, const std::function<bool()>& condition) {
    const MonoTime deadline = clock_.Monotonic() + seconds(60);
    while (!condition()) {
      BOOST_REQUIRE_MESSAGE(clock_.Monotonic() < deadline, "waited in vain until " << what);
      clock_.WaitFor(milliseconds(20), {});
    }
  }

  [[nodiscard]] json ActiveAlerts() const {
    const auto reply = io::CallHttp({.url = Url() + "/api/v2/alerts"});
    BOOST_REQUIRE(reply.ok() && reply->ok());
    return json::parse(reply->body);
  }
  [[nodiscard]] std::string Url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  RealClock clock_;
  std::filesystem::path directory_;
  int port_ = 0;
  std::optional<io::Subprocess> process_;
};

Alert WillBeShort() {
  return {.name = "TidewrightCapacityWillBeShort",
          .severity = Severity::kWarning,
          .labels = {{"cluster", "cache"}},
          .annotations = {{"summary", "cache: requests pass usable capacity"},
                          {"command", "tidectl recommendations approve 0123456789"}},
          .since = {}};
}

BOOST_AUTO_TEST_SUITE(alertmanager)

BOOST_AUTO_TEST_CASE(an_alert_appears_with_its_annotations_and_is_resolved) {
  Alertmanager server;
  RealClock clock;
  const auto sink = MakeAlertmanagerSink(server.Url(), seconds(60), clock);
  BOOST_REQUIRE(sink->Push({WillBeShort()}, clock.Monotonic()).ok());
  server.Await("the alert is there", [&] { return server.ActiveAlerts().size() == 1; });
  const json alert = server.ActiveAlerts()[0];
  BOOST_TEST(alert["status"]["state"] == "active");
  BOOST_TEST(alert["labels"]["alertname"] == "TidewrightCapacityWillBeShort");
  BOOST_TEST(alert["labels"]["cluster"] == "cache");
  BOOST_TEST(alert["labels"]["severity"] == "warning");
  BOOST_TEST(alert["annotations"]["command"] == "tidectl recommendations approve 0123456789");
  BOOST_REQUIRE(sink->Push({}, clock.Monotonic()).ok());
  server.Await("the alert is gone", [&] { return server.ActiveAlerts().empty(); });
}

BOOST_AUTO_TEST_CASE(an_alertmanager_that_is_down_is_an_error_and_hears_everything_later) {
  Alertmanager server;
  RealClock clock;
  const auto sink = MakeAlertmanagerSink(server.Url(), seconds(60), clock);
  server.Stop();
  const Status down = sink->Push({WillBeShort()}, clock.Monotonic());
  BOOST_TEST((down.code() == StatusCode::kUnavailable));
  BOOST_TEST(Message(down).find(server.Url()) != std::string::npos);
  server.Start();
  BOOST_TEST(sink->Push({WillBeShort()}, clock.Monotonic()).ok());
  server.Await("the alert is there", [&] { return server.ActiveAlerts().size() == 1; });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright
