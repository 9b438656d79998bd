#include <boost/test/unit_test.hpp>

#include "bench/loadgen/demo_daemon.h"
#include "bench/loadgen/demo_ledger.h"
#include "bench/loadgen/demo_replay.h"
#include "bench/loadgen/demo_view.h"

using namespace tidewright;
using namespace std::chrono_literals;
using namespace demo;

namespace {

const WallTime kStart = *ParseTime("2026-03-16");

/// Demand that rises by 100 RU/s an hour from 0; three shards of 100 RU/s each until 02:00, then
/// four.
Ledger RisingDay() {
  Ledger ledger(100, 0.7, 2, 5);
  for (int minute = 0; minute <= 6 * 60; ++minute) {
    const int shards = minute < 120 ? 3 : 4;
    ledger.Add({kStart + minute * 1min, minute * 100.0 / 60, shards, shards * 100.0, 2 * shards});
  }
  return ledger;
}

ActionSummary ScaleOut(int from, int to, WallTime created, WallTime ended) {
  ActionSummary action;
  action.id = "a-0001";
  action.kind = "scale-out";
  action.state = "done";
  action.from_shards = from;
  action.to_shards = to;
  action.created = created;
  action.ended = ended;
  action.slots = 4096;
  action.bytes = 2e6;
  return action;
}

Frame SomeFrame() {
  Frame frame;
  frame.day_start = kStart;
  frame.day_end = kStart + 24h;
  frame.now = kStart + 6h;
  frame.speed = 144;
  frame.demand = 600;
  frame.shards = 4;
  frame.nodes = 8;
  frame.mode = "auto";
  return frame;
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(demo_account)

BOOST_AUTO_TEST_CASE(a_scale_out_in_time_is_told_by_how_much) {
  const auto day = RisingDay().Sum({ScaleOut(3, 4, kStart + 100min, kStart + 2h)});
  BOOST_REQUIRE(day.scale_outs.size() == 1u);
  BOOST_REQUIRE(day.scale_outs[0].reached);
  BOOST_TEST((*day.scale_outs[0].reached == kStart + 3h));
  BOOST_TEST((day.scale_outs[0].Lead() == 1h));
  const auto text = SummaryText(day, {}, {}, 144);
  BOOST_TEST(Contains(text, "3 -> 4 shards complete at 02:00, 60 min before demand reached"), text);
}

BOOST_AUTO_TEST_CASE(a_scale_out_that_came_too_late_says_so) {
  const auto day = RisingDay().Sum({ScaleOut(3, 4, kStart + 2h, kStart + 190min)});
  BOOST_TEST((day.scale_outs.at(0).Lead() == -10min));
  BOOST_TEST(Contains(SummaryText(day, {}, {}, 144), "10 min after demand reached"));
}

BOOST_AUTO_TEST_CASE(demand_that_stays_below_is_told_as_a_share) {
  const auto day = RisingDay().Sum({ScaleOut(8, 9, kStart + 2h, kStart + 190min)});
  BOOST_TEST(!day.scale_outs.at(0).reached.has_value());
  BOOST_TEST(day.scale_outs.at(0).highest == 0.75, boost::test_tools::tolerance(1e-9));
  // Nor is a rise looked at that came after the cluster had shrunk again.
  ActionSummary shrink = ScaleOut(4, 3, kStart + 150min, kStart + 160min);
  shrink.kind = "scale-in";
  const auto two = RisingDay().Sum({shrink, ScaleOut(3, 4, kStart + 1h, kStart + 2h)});
  BOOST_TEST(!two.scale_outs.at(0).reached.has_value());
  BOOST_TEST(two.scale_ins == 1);
}

BOOST_AUTO_TEST_CASE(node_hours_and_shortage_are_integrals_over_the_day) {
  const auto day = RisingDay().Sum({});
  BOOST_TEST(day.node_hours == 2 * 6 + 4 * 8, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(day.static_node_hours == 6 * 10, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(day.peak_shards == 4);
  // Above 400 RU/s from 04:00 (exclusively) to 06:00.
  BOOST_TEST((day.under_provisioned == 119min));
  BOOST_TEST((day.above_target > day.under_provisioned));
}

BOOST_AUTO_TEST_CASE(what_is_not_done_is_not_counted_as_done) {
  auto failed = ScaleOut(3, 4, kStart + 1h, kStart + 2h);
  failed.state = "failed";
  auto open = ScaleOut(3, 4, kStart + 3h, kStart + 4h);
  open.ended.reset();
  const auto day = RisingDay().Sum({failed, open});
  BOOST_TEST(day.scale_outs.empty());
  BOOST_TEST(day.unfinished == 2);
  BOOST_TEST(day.slots_moved == 2 * 4096);
}

BOOST_AUTO_TEST_CASE(the_last_line_of_the_summary_is_the_verdict) {
  loadgen::Verification verified;
  verified.writes_acknowledged = 1234567;
  verified.lost = 2;
  verified.undone = 1;
  verified.findings = {"user:1: read answered nil where 7 was acknowledged"};
  loadgen::LoadCounters counters;
  counters.errors = {{"MOVED", 12}, {"timeout", 1}};
  const auto text = SummaryText(RisingDay().Sum({}), verified, counters, 144);
  BOOST_TEST(Contains(text, "1,234,567 acknowledged"), text);
  BOOST_TEST(Contains(text, "MOVED 12, timeout 1"), text);
  BOOST_TEST(Contains(text, "user:1"), text);
  BOOST_TEST(text.substr(text.rfind('\n', text.size() - 2) + 1) == "lost 2, undone 1\n");
}

BOOST_AUTO_TEST_CASE(the_picture_shows_demand_capacity_and_what_is_foreseen) {
  const auto ledger = RisingDay();
  Band band{kStart + 6h, 1h, std::vector<double>(18, 500), std::vector<double>(18, 700)};
  const auto frame = SomeFrame();
  const Screen screen{false, false, 100, 40};
  const auto lines = Picture(ledger, band, frame, screen);
  std::string all;
  for (const auto& line : lines) all += line + "\n";
  for (const char* part : {"█", "─", "░", "·", "00:00", "20:00"})
    BOOST_TEST(Contains(all, part), all);
  const auto view = Render(ledger, band, frame, screen);
  BOOST_TEST(!Contains(view, "\x1b["));
  BOOST_TEST(Contains(Render(ledger, band, frame, {true, true, 100, 40}), "\x1b["));
  BOOST_TEST(Contains(PlainLine(frame), "06:00  demand"));
}

BOOST_AUTO_TEST_CASE(the_picture_fits_small_screens_and_an_empty_day) {
  const Ledger empty(100, 0.7, 2, 3);
  for (const int columns : {1, 30, 80, 400}) {
    BOOST_TEST(!Picture(empty, {}, SomeFrame(), {true, false, columns, 5}).empty());
    BOOST_TEST(!Render(empty, {}, SomeFrame(), {true, true, columns, 5}).empty());
  }
}

BOOST_AUTO_TEST_CASE(answers_of_tidectl_are_read_tolerantly) {
  const auto action = ParseAction(nlohmann::json::parse(
      R"({"id":"a-0001","kind":"scale-out","state":"done","from_shards":3,"to_shards":4,
          "created":"2026-03-16T06:00:00Z","ended":"2026-03-16T07:12:30.250Z",
          "partitions_moved":4096,"bytes_moved":"1234","emergency":true})"));
  BOOST_TEST(action.bytes == 1234);
  BOOST_TEST(action.emergency);
  BOOST_TEST((*action.ended == *ParseTime("2026-03-16T07:12:30.25Z")));
  const auto open = ParseAction(nlohmann::json::parse(R"({"id":7,"created":null})"));
  BOOST_TEST(!open.ended.has_value());
  BOOST_TEST(open.id.empty());
  const auto band = ParseForecast(nlohmann::json::parse(
      R"({"start":"2026-03-16T06:00:00Z","step_seconds":300,"quantiles":[
          {"level":0.5,"values":[1,2]},{"level":0.95,"values":[3,"NaN"]}]})"));
  BOOST_TEST((band.step == 5min));
  BOOST_TEST(band.median == std::vector<double>({1, 2}), boost::test_tools::per_element());
  BOOST_TEST(band.high.size() == 2u);
  BOOST_TEST(ParseForecast(nlohmann::json::array()).median.empty());
}

BOOST_AUTO_TEST_CASE(the_configuration_names_capacity_only_when_it_is_known) {
  DaemonSettings settings;
  settings.seed_ports = {7001, 7002};
  settings.clock.speed = 144;
  settings.clock.wall = kStart;
  const Paths paths{"/bin", "/tmp/x"};
  BOOST_TEST(!Contains(Configuration(settings, paths, 1, 2), "shard_capacity"));
  settings.shard_capacity = 4321;
  const auto text = Configuration(settings, paths, 1, 2);
  BOOST_TEST(Contains(text, "requests: 4321"), text);
  BOOST_TEST(Contains(text, "\"127.0.0.1:7001\", \"127.0.0.1:7002\""), text);
  BOOST_TEST(Contains(text, "wall_origin: \"2026-03-16T00:00:00Z\""), text);
}

BOOST_AUTO_TEST_SUITE_END()
