#include "history/csv.h"

#include <boost/test/unit_test.hpp>
#include <sstream>

#include "tests/storage_support.h"

using namespace tidewright;
using std::chrono::minutes;
using tidewright::testing::TempFolder;

namespace {

const WallTime kT0 = ParseTime("2026-03-01T00:00:00Z").value();
const SeriesKey kKey = {
    .cluster = "c", .scope = Scope::kCluster, .id = "", .resource = Resource::kRequests};

struct World {
  TempFolder folder;
  std::unique_ptr<History> history = History::Open(folder / "history.db").value();

  StatusOr<CsvReport> Import(const std::string& text,
                             const std::optional<SeriesKey>& key = std::nullopt) {
    std::istringstream in(text);
    return ImportCsv(in, "c", key, *history);
  }
  /// The message of a refusal; nothing may have been written.
  std::string Refusal(const std::string& text, const std::optional<SeriesKey>& key = kKey) {
    const auto report = Import(text, key);
    BOOST_TEST((report.status().code() == StatusCode::kInvalidArgument));
    BOOST_TEST(history->List().value().empty());
    return Message(report.status());
  }
  std::vector<double> Values(const SeriesKey& key, int count) {
    return history->Read(key, kT0, kT0 + minutes(count)).value().values;
  }
  std::string Export() {
    std::ostringstream out;
    BOOST_TEST(ExportCsv(*history, "c", WallTime{}, kT0 + std::chrono::days(9000), out).ok());
    return out.str();
  }
};

bool StartsWith(const std::string& text, const std::string& start) {
  return text.compare(0, start.size(), start) == 0;
}

}  // namespace

BOOST_AUTO_TEST_CASE(both_forms_are_read) {
  World world;
  const auto one =
      world.Import("timestamp,value\n2026-03-01T00:00:00Z,1.5\n2026-03-01T00:01:00Z,0\n", kKey);
  BOOST_REQUIRE_MESSAGE(one.ok(), Message(one.status()));
  BOOST_TEST(one->rows == 2);
  BOOST_TEST(one->series == 1);
  BOOST_TEST((one->first == kT0 && one->last == kT0 + minutes(1) && one->step == minutes(1)));
  BOOST_TEST((world.Values(kKey, 2) == std::vector<double>{1.5, 0}));

  const auto many = world.Import(
      "timestamp,scope,id,resource,value\n"
      "2026-03-01T00:00:00Z,shard,07c3,cpu,0.25\n"
      "2026-03-01T00:00:00Z,tenant,\"a,\"\"b\"\"\",memory,1048576\n"
      "2026-03-01T00:00:00Z,cluster,,network,7,saturated|moving\n");
  BOOST_REQUIRE_MESSAGE(many.ok(), Message(many.status()));
  BOOST_TEST(many->series == 3);
  BOOST_TEST(world.Values({"c", Scope::kShard, "07c3", Resource::kCpu}, 1)[0] == 0.25);
  BOOST_TEST(world.Values({"c", Scope::kTenant, "a,\"b\"", Resource::kMemory}, 1)[0] == 1048576.0);
  const Series flagged =
      world.history->Read({"c", Scope::kCluster, "", Resource::kNetwork}, kT0, kT0 + minutes(1))
          .value();
  BOOST_TEST(flagged.flags.at(0) == (kSaturated | kMoving));
}

BOOST_AUTO_TEST_CASE(spreadsheets_habits_are_tolerated) {
  World world;
  const auto report = world.Import(
      "\xEF\xBB\xBFTimestamp, Value\r\n\r\n\"2026-03-01T00:02:00Z\", 3 \r\n1772323200,1\r\n   \r\n"
      "2026-03-01 00:01,2",
      kKey);
  BOOST_REQUIRE_MESSAGE(report.ok(), Message(report.status()));
  BOOST_TEST((world.Values(kKey, 3) == std::vector<double>{1, 2, 3}));
}

BOOST_AUTO_TEST_CASE(the_header_may_be_missing) {
  World world;
  BOOST_TEST(world.Import("2026-03-01T00:00:00Z,4\n", kKey).ok());
  BOOST_TEST(world.Import("2026-03-01T00:00:00Z,cluster,,cpu,5\n").ok());
  BOOST_TEST(world.Values(kKey, 1)[0] == 4.0);
}

BOOST_AUTO_TEST_CASE(coarse_rows_stand_for_all_their_minutes_and_fine_ones_are_averaged) {
  World world;
  // Five minutes, one row missing, one late by three seconds.
  auto report = world.Import(
      "2026-03-01T00:00:00Z,1\n2026-03-01T00:05:00Z,2\n2026-03-01T00:15:03Z,4\n2026-03-01T00:20:"
      "00Z,5\n",
      kKey);
  BOOST_REQUIRE_MESSAGE(report.ok(), Message(report.status()));
  BOOST_TEST((report->step == minutes(5)));
  const auto values = world.Values(kKey, 25);
  for (std::size_t m = 0; m < 25; ++m) {
    if (m / 5 == 2) {
      BOOST_TEST(Series::IsGap(values[m]));
    } else {
      BOOST_TEST(values[m] == static_cast<double>(m / 5 + 1));
    }
  }
  report = world.Import(
      "1772323200,cluster,,cpu,1\n1772323215,cluster,,cpu,2\n1772323230,cluster,,cpu,6\n");
  BOOST_REQUIRE(report.ok());
  BOOST_TEST((report->step == minutes(1)));
  BOOST_TEST(world.Values({"c", Scope::kCluster, "", Resource::kCpu}, 1)[0] == 3.0);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_refused_with_line_and_remedy) {
  World world;
  const std::string head = "timestamp,value\n2026-03-01T00:00:00Z,1\n";
  const std::string good = "2026-03-01T00:00:00Z,shard,x,cpu,1\n";
  const std::string at = "2026-03-01T00:01:00Z,";
  struct Case {
    std::string text, start, remedy;
  };
  const std::vector<Case> cases = {
      {head + at + "nan\n", "line 3: ", "leave the line out"},
      {head + at + "inf\n", "line 3: ", "leave the line out"},
      {head + at + "-0.5\n", "line 3: ", "write 0 or more"},
      {head + at + "\n", "line 3: ", "write one with a decimal point"},
      {head + at + "1e999\n", "line 3: ", "is no number"},
      {head + at + "12abc\n", "line 3: ", "is no number"},
      {head + at + "\"3\n", "line 3: ", "close it"},
      {head + "yesterday,1\n", "line 3: ", "write 2026-11-22T04:30:00Z"},
      {head + "1772323200000,1\n", "line 3: ", "seconds since 1970"},
      {head + "-5,1\n", "line 3: ", "before 1970"},
      {head + "\n\n" + at + "1,2\n", "line 5: ", "3 fields"},
      {head + "2026-03-01T00:00:00Z,2\n", "line 3: ", "stands on line 2 already"},
      {"2026-03-02T00:00:00Z,1\n2026-03-01T00:00:00Z,1\n",
       "c/cluster/requests: ", "an hour at least"},
      {"time;value\n", "line 1: ", "write timestamp,value"},
      {"time,value\n", "line 1: ", "is not a time"},
      {good + at + "node,x,cpu,1\n", "line 2: ", "write cluster, shard, partition or tenant"},
      {good + at + "shard,,cpu,1\n", "line 2: ", "needs an id"},
      {good + at + "cluster,x,cpu,1\n", "line 2: ", "leave it empty"},
      {good + at + "shard,x,disk,1\n", "line 2: ", "write requests, cpu, memory or network"},
      {good + at + "shard,x,cpu,1,hot\n", "line 2: ", "is no flag"},
      {good + at + "1\n", "line 2: ", "write timestamp,scope,id,resource,value"},
      {"", "no values", "write lines of"},
      {"timestamp,value\n", "no values", "write lines of"},
  };
  for (const Case& c : cases) {
    BOOST_TEST_CONTEXT(c.text) {
      const std::string message = world.Refusal(c.text);
      BOOST_TEST(StartsWith(message, c.start), message);
      BOOST_TEST(message.find(c.remedy) != std::string::npos, message);
    }
  }
  BOOST_TEST(world.Refusal(head, std::nullopt).find("do not say which series") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_mistyped_year_does_not_eat_the_memory) {
  World world;
  std::string text;
  for (int m = 0; m < 50; ++m) text += std::to_string(1772323200 + 60 * m) + ",1\n";
  const std::string message = world.Refusal(text + "9026-03-01T00:00:00Z,1\n");
  BOOST_TEST(StartsWith(message, "line 51: "), message);
}

BOOST_AUTO_TEST_CASE(what_was_exported_is_imported_as_the_same) {
  World world;
  BOOST_REQUIRE(world
                    .Import("2026-03-01T00:00:00Z,cluster,,requests,123.4567\n"
                            "2026-03-01T00:01:00Z,cluster,,requests,0,throttled\n"
                            "2026-03-01T00:07:00Z,cluster,,requests,0.001\n"
                            "2026-03-01T00:08:00Z,cluster,,requests,2e7\n"
                            "2026-06-01T00:00:00Z,cluster,,requests,8\n"
                            "2026-03-01T00:00:00Z,tenant,\"x,y\",memory,1e9\n")
                    .ok());
  const std::string text = world.Export();
  BOOST_TEST(StartsWith(text,
                        "timestamp,scope,id,resource,value,flags\n"
                        "2026-03-01T00:00:00Z,cluster,,requests,123.4567,\n"
                        "2026-03-01T00:01:00Z,cluster,,requests,0,throttled\n"),
             text);
  World other;
  BOOST_TEST(other.Import(text).ok());
  BOOST_TEST(other.Export() == text);
}

BOOST_AUTO_TEST_CASE(only_the_range_and_the_cluster_asked_for_are_exported) {
  World world;
  BOOST_REQUIRE(world.Import("1772323200,1\n1772323260,2\n1772323320,3\n", kKey).ok());
  HistoryPoint other = {.key = kKey, .at = kT0, .value = 9};
  other.key.cluster = "other";
  BOOST_TEST(world.history->Append({other}).ok());
  std::ostringstream out;
  const auto report = ExportCsv(*world.history, "c", kT0 + minutes(1), kT0 + minutes(2), out);
  BOOST_REQUIRE(report.ok());
  BOOST_TEST(report->rows == 1);
  BOOST_TEST(report->series == 1);
  BOOST_TEST((report->first == kT0 + minutes(1) && report->last == kT0 + minutes(1)));
  out.setstate(std::ios::badbit);
  const auto failed = ExportCsv(*world.history, "c", kT0, kT0 + minutes(2), out);
  BOOST_TEST((failed.status().code() == StatusCode::kUnavailable));
}
