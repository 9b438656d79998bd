#include "alerting/alert_sink.h"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "tests/fakes/canned_http.h"

namespace tidewright {
namespace {

using fakes::CannedHttp;
using nlohmann::json;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration kResend = minutes(1);
const WallTime kStart = WallTime(hours(500'000));

Alert MakeAlert(const std::string& name) {
  return {.name = name,
          .severity = Severity::kWarning,
          .labels = {{"cluster", "cache"}},
          .annotations = {{"summary", "something grew"}},
          .since = kStart};
}

/// A sink, its clock and an Alertmanager that answers `status`.
struct World {
  Status Push(const std::vector<Alert>& firing) { return sink->Push(firing, clock.Monotonic()); }
  [[nodiscard]] json Sent(std::size_t index) const {
    const auto requests = server.Requests();
    BOOST_REQUIRE(index < requests.size());
    return json::parse(requests[index].body());
  }
  [[nodiscard]] std::size_t Pushes() const { return server.Requests().size(); }

  std::atomic<int> status = 200;
  CannedHttp server{[this](const auto&) { return CannedHttp::Reply(status, "{}"); }};
  SimulatedClock clock{kStart};
  std::unique_ptr<AlertSink> sink = MakeAlertmanagerSink(server.Url() + "/", kResend, clock);
};

BOOST_AUTO_TEST_SUITE(alertmanager_sink)

BOOST_AUTO_TEST_CASE(an_alert_is_posted_with_identity_annotations_and_real_times) {
  World world;
  BOOST_TEST(world.Push({MakeAlert("TidewrightDataStale")}).ok());
  BOOST_TEST(world.server.Requests().at(0).target() == "/api/v2/alerts");
  const json expected = {{{"labels",
                           {{"alertname", "TidewrightDataStale"},
                            {"cluster", "cache"},
                            {"severity", "warning"},
                            {"source", "controller"}}},
                          {"annotations", {{"summary", "something grew"}}},
                          {"startsAt", FormatTime(kStart)},
                          {"endsAt", FormatTime(kStart + 4 * kResend)}}};
  BOOST_TEST(world.Sent(0) == expected);
}

BOOST_AUTO_TEST_CASE(nothing_is_posted_while_nothing_fires) {
  World world;
  BOOST_TEST(world.Push({}).ok());
  BOOST_TEST(world.Pushes() == 0u);
}

BOOST_AUTO_TEST_CASE(an_unchanged_alert_is_sent_again_only_every_resend_and_keeps_its_start) {
  World world;
  const std::vector<Alert> firing = {MakeAlert("A")};
  BOOST_TEST(world.Push(firing).ok());
  world.clock.Advance(kResend - seconds(1));
  BOOST_TEST(world.Push(firing).ok());
  BOOST_TEST(world.Pushes() == 1u);
  world.clock.Advance(seconds(1));
  BOOST_TEST(world.Push(firing).ok());
  BOOST_REQUIRE(world.Pushes() == 2u);
  BOOST_TEST(world.Sent(1)[0]["startsAt"] == FormatTime(kStart));
  BOOST_TEST(world.Sent(1)[0]["endsAt"] == FormatTime(kStart + 5 * kResend));
}

BOOST_AUTO_TEST_CASE(a_changed_annotation_and_a_new_alert_are_sent_at_once) {
  World world;
  Alert first = MakeAlert("A");
  BOOST_TEST(world.Push({first}).ok());
  first.annotations["summary"] = "something grew more";
  BOOST_TEST(world.Push({first}).ok());
  BOOST_TEST(world.Sent(1)[0]["annotations"]["summary"] == "something grew more");
  BOOST_TEST(world.Push({first, MakeAlert("B")}).ok());
  BOOST_TEST(world.Sent(2).size() == 2u);
}

BOOST_AUTO_TEST_CASE(an_alert_that_stopped_is_ended_once) {
  World world;
  BOOST_TEST(world.Push({MakeAlert("A"), MakeAlert("B")}).ok());
  world.clock.Advance(seconds(20));
  BOOST_TEST(world.Push({MakeAlert("B")}).ok());
  BOOST_TEST(world.Sent(1)[0]["labels"]["alertname"] == "A");
  BOOST_TEST(world.Sent(1)[0]["endsAt"] == FormatTime(kStart + seconds(20)));
  world.clock.Advance(kResend);
  BOOST_TEST(world.Push({MakeAlert("B")}).ok());
  BOOST_TEST(world.Sent(2).size() == 1u);
}

BOOST_AUTO_TEST_CASE(what_was_not_heard_is_an_error_and_said_again_with_its_own_times) {
  World world;
  BOOST_TEST(world.Push({MakeAlert("A")}).ok());
  world.status = 503;
  world.clock.Advance(seconds(20));
  const Status refused = world.Push({});
  BOOST_TEST((refused.code() == StatusCode::kUnavailable));
  BOOST_TEST(Message(refused).find("503") != std::string::npos);
  world.status = 200;
  world.clock.Advance(seconds(10));
  BOOST_TEST(world.Push({}).ok());
  BOOST_TEST(world.Sent(2)[0]["endsAt"] == FormatTime(kStart + seconds(20)));
  BOOST_TEST(world.Push({}).ok());
  BOOST_TEST(world.Pushes() == 3u);
}

BOOST_AUTO_TEST_CASE(an_end_that_was_not_heard_for_longer_than_the_alert_lives_is_dropped) {
  World world;
  BOOST_TEST(world.Push({MakeAlert("A")}).ok());
  world.status = 503;
  BOOST_TEST(!world.Push({}).ok());
  world.clock.Advance(4 * kResend);
  world.status = 200;
  BOOST_TEST(world.Push({}).ok());
  BOOST_TEST(world.Pushes() == 2u);
}

BOOST_AUTO_TEST_CASE(times_are_real_while_the_wall_clock_runs_fast) {
  RealClock real;
  const WallTime far = kStart + hours(24 * 365 * 10);
  ScaledClock scaled({.wall = far, .monotonic = real.Monotonic(), .speed = 144});
  CannedHttp server([](const auto&) { return CannedHttp::Reply(200, ""); });
  const auto sink = MakeAlertmanagerSink(server.Url(), kResend, scaled);
  const WallTime before = std::chrono::floor<seconds>(real.Wall());
  BOOST_TEST(sink->Push({MakeAlert("A")}, scaled.Monotonic()).ok());
  const WallTime after = real.Wall();
  const json sent = json::parse(server.Requests().at(0).body());
  const auto starts = ParseTime(sent[0]["startsAt"].get<std::string>());
  BOOST_REQUIRE(starts.ok());
  BOOST_TEST((before <= *starts && *starts <= after));
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_text_do_not_stop_an_alert) {
  World world;
  Alert alert = MakeAlert("A");
  alert.annotations["error"] = "\xff\xfe broken";
  BOOST_TEST(world.Push({alert}).ok());
  BOOST_TEST(world.Sent(0).size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright
