#include "history/history.h"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <thread>

#include "core/random.h"
#include "history/chunk.h"
#include "history/tables.h"
#include "io/sqlite.h"
#include "tests/storage_support.h"

using namespace tidewright;
using std::chrono::minutes;
using tidewright::testing::Child;
using tidewright::testing::TempFolder;

namespace {

const WallTime kT0 = ParseTime("2026-03-01T00:00:00Z").value();
const SeriesKey kKey = {
    .cluster = "c", .scope = Scope::kCluster, .id = "", .resource = Resource::kRequests};

std::unique_ptr<History> OpenHistory(const TempFolder& folder) {
  auto history = History::Open(folder / "history.db");
  BOOST_REQUIRE_MESSAGE(history.ok(), Message(history.status()));
  return *std::move(history);
}

HistoryPoint Point(int minute, double value, unsigned flags = 0) {
  return {.key = kKey, .at = kT0 + minutes(minute), .value = value, .flags = flags};
}

std::vector<double> Values(const History& history, int from, int to) {
  const auto series = history.Read(kKey, kT0 + minutes(from), kT0 + minutes(to));
  BOOST_REQUIRE_MESSAGE(series.ok(), Message(series.status()));
  return series->values;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_a_forecaster_learned_is_kept_and_replaced) {
  const TempFolder folder;
  auto history = OpenHistory(folder);
  BOOST_TEST(history->ReadState(kKey).value().empty());
  const std::string bytes("a\0b", 3);
  BOOST_TEST(history->KeepStates({{kKey, "first"}}).ok());
  BOOST_TEST(history->KeepStates({{kKey, bytes}}).ok());
  history = OpenHistory(folder);
  BOOST_TEST(history->ReadState(kKey).value() == bytes);
  BOOST_TEST(history->ReadState({"other", Scope::kCluster, "", Resource::kCpu}).value().empty());
}

BOOST_AUTO_TEST_CASE(what_was_appended_is_read_back_and_the_rest_are_gaps) {
  const TempFolder folder;
  auto history = OpenHistory(folder);
  BOOST_TEST(history->Append({Point(0, 1), Point(1, 0), Point(3, 4.25, kSaturated)}).ok());
  const Series series = history->Read(kKey, kT0 - minutes(1), kT0 + minutes(5)).value();
  BOOST_TEST((series.start == kT0 - minutes(1)));
  BOOST_TEST((series.step == History::kStep));
  BOOST_REQUIRE(series.size() == 6u);
  BOOST_TEST(Series::IsGap(series.values[0]));
  BOOST_TEST(series.values[1] == 1.0);
  BOOST_TEST(series.values[2] == 0.0);  // a true zero is no gap
  BOOST_TEST(Series::IsGap(series.values[3]));
  BOOST_TEST(series.values[4] == 4.25);
  BOOST_TEST((series.flags == std::vector<unsigned>{0, 0, 0, 0, kSaturated, 0}));
  BOOST_TEST(history->Read({"other", Scope::kCluster, "", Resource::kCpu}, kT0, kT0 + minutes(5))
                 .value()
                 .empty());
}

BOOST_AUTO_TEST_CASE(a_value_replaces_that_of_the_same_step) {
  const TempFolder folder;
  auto history = OpenHistory(folder);
  BOOST_TEST(history->Append({Point(0, 1), Point(1, 2)}).ok());
  HistoryPoint late = Point(0, 7);
  late.at += std::chrono::seconds(59);
  BOOST_TEST(history->Append({late}).ok());
  BOOST_TEST((Values(*history, 0, 2) == std::vector<double>{7, 2}));
}

BOOST_AUTO_TEST_CASE(one_bad_value_refuses_the_whole_append) {
  const TempFolder folder;
  auto history = OpenHistory(folder);
  for (double bad : {Series::kGap, std::numeric_limits<double>::infinity()}) {
    const Status refused = history->Append({Point(0, 1), Point(1, bad)});
    BOOST_TEST((refused.code() == StatusCode::kInvalidArgument));
  }
  HistoryPoint ancient = Point(0, 1);
  ancient.at = WallTime{} - minutes(1);
  BOOST_TEST((history->Append({Point(0, 1), ancient}).code() == StatusCode::kInvalidArgument));
  BOOST_TEST(history->List().value().empty());
}

BOOST_AUTO_TEST_CASE(series_are_kept_apart_and_listed) {
  const TempFolder folder;
  auto history = OpenHistory(folder);
  const SeriesKey shard = {
      .cluster = "c", .scope = Scope::kShard, .id = "07c3", .resource = Resource::kCpu};
  BOOST_TEST(history->Append({{.key = shard, .at = kT0, .value = 0.5}, Point(0, 9)}).ok());
  BOOST_TEST((history->List().value() == std::vector<SeriesKey>{kKey, shard}));
  BOOST_TEST((Values(*history, 0, 1) == std::vector<double>{9}));
  BOOST_TEST(history->Read(shard, kT0, kT0 + minutes(1)).value().values[0] == 0.5);
}

BOOST_AUTO_TEST_CASE(imported_stretches_fill_coarse_steps_and_win_over_what_was_there) {
  const TempFolder folder;
  auto history = OpenHistory(folder);
  BOOST_TEST(history->Append({Point(0, 1), Point(7, 1), Point(11, 1)}).ok());
  const HistorySeries stretch = {
      .key = kKey,
      .series = {.start = kT0, .step = minutes(5), .values = {10, 20, Series::kGap}, .flags = {}}};
  BOOST_TEST(history->Import({stretch}).ok());
  const auto values = Values(*history, 0, 15);
  for (int m = 0; m < 10; ++m) BOOST_TEST(values[static_cast<std::size_t>(m)] == (m < 5 ? 10 : 20));
  BOOST_TEST(Series::IsGap(values[10]));
  BOOST_TEST(values[11] == 1.0);
  BOOST_TEST(history->Append({Point(3, 5)}).ok());
  BOOST_TEST(Values(*history, 3, 4)[0] == 5.0);
}

BOOST_AUTO_TEST_CASE(an_import_is_all_or_nothing) {
  const TempFolder folder;
  auto history = OpenHistory(folder);
  const HistorySeries good = {
      .key = kKey, .series = {.start = kT0, .step = minutes(1), .values = {1, 2}, .flags = {}}};
  HistorySeries bad = good;
  bad.series.step = std::chrono::seconds(90);
  BOOST_TEST((history->Import({good, bad}).code() == StatusCode::kInvalidArgument));
  BOOST_TEST(history->List().value().empty());
}

BOOST_AUTO_TEST_CASE(a_range_without_end_is_refused) {
  const TempFolder folder;
  auto history = OpenHistory(folder);
  BOOST_TEST(
      (history->Read(kKey, WallTime{}, kT0).status().code() == StatusCode::kInvalidArgument));
  BOOST_TEST(history->Read(kKey, kT0, kT0).value().empty());
  BOOST_TEST(history->Read(kKey, kT0, kT0 - minutes(5)).value().empty());
}

BOOST_AUTO_TEST_CASE(everything_acknowledged_survives_a_kill) {
  const TempFolder folder;
  Child child([&](const Child::Say& say) {
    auto history = History::Open(folder / "history.db");
    if (!history.ok()) _exit(2);
    for (int m = 0;; ++m) {
      if (!(*history)->Append({Point(m, m)}).ok()) _exit(3);
      if (m % 150 == 149 && !(*history)->Fold(kT0 + minutes(m)).ok()) _exit(4);
      say(std::to_string(m));
    }
  });
  int acknowledged = -1;
  while (acknowledged < 400) acknowledged = std::stoi(child.Line());
  child.Kill();
  for (std::string line = child.Line(); !line.empty(); line = child.Line()) {
    acknowledged = std::stoi(line);
  }
  auto history = OpenHistory(folder);
  const auto values = Values(*history, 0, acknowledged + 1);
  for (std::size_t m = 0; m < values.size(); ++m) BOOST_TEST(values[m] == static_cast<double>(m));
}

BOOST_AUTO_TEST_CASE(two_processes_may_have_the_file_open) {
  const TempFolder folder;
  auto daemon = OpenHistory(folder);
  auto tool = OpenHistory(folder);
  std::atomic<int> failures = 0;
  std::thread importing([&] {
    for (int round = 0; round < 20; ++round) {
      const HistorySeries stretch = {.key = kKey,
                                     .series = {.start = kT0 - minutes(1000 * (round + 1)),
                                                .step = minutes(1),
                                                .values = std::vector<double>(1000, 3.0),
                                                .flags = {}}};
      if (!tool->Import({stretch}).ok()) ++failures;
    }
  });
  for (int m = 0; m < 100; ++m) BOOST_TEST(daemon->Append({Point(m, 1)}).ok());
  importing.join();
  BOOST_TEST(failures == 0);
  const auto values = Values(*daemon, -20'000, 100);
  for (std::size_t i = 0; i < values.size(); ++i) BOOST_TEST(values[i] == (i < 20'000 ? 3.0 : 1.0));
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_an_error_and_leaves_what_was_acknowledged) {
  const TempFolder folder;
  Child child([&](const Child::Say& say) {
    tidewright::testing::LimitDisk(folder.path(), 600'000);
    auto history = History::Open(folder / "history.db");
    if (!history.ok()) _exit(2);
    Random random(3);
    Status status;
    int minute = 0;
    for (; status.ok() && minute < 100'000; ++minute) {
      std::vector<HistoryPoint> points;
      for (int s = 0; s < 40; ++s) {
        points.push_back(Point(minute, random.Uniform()));
        points.back().key.id = std::to_string(s);
      }
      status = (*history)->Append(points);
      if (status.ok() && minute % 60 == 0) status = (*history)->Fold(kT0 + minutes(minute));
    }
    say(CodeName(status.code()));
    SeriesKey key = kKey;
    key.id = "39";
    const auto series = (*history)->Read(key, kT0, kT0 + minutes(minute - 1));
    say(series.ok() && minute > 10 && static_cast<int>(series->Observed()) == minute - 1
            ? "all there"
            : "lost");
  });
  BOOST_TEST(child.Line() == "resource exhausted");
  BOOST_TEST(child.Line() == "all there");
  BOOST_TEST(child.Wait() == 0);
}

BOOST_AUTO_TEST_CASE(a_damaged_chunk_is_data_loss_and_never_a_load) {
  const TempFolder folder;
  {
    auto history = OpenHistory(folder);
    const HistorySeries stretch = {.key = kKey,
                                   .series = {.start = kT0,
                                              .step = minutes(1),
                                              .values = std::vector<double>(500, 8.0),
                                              .flags = {}}};
    BOOST_TEST(history->Import({stretch}).ok());
    auto database = io::SqliteDatabase::Open(folder / "history.db", HistorySchema()).value();
    auto update = database->Prepare("UPDATE chunk SET data=?1 WHERE first=?2").value();
    const std::string half = EncodeChunk({.values = {1, 2, 3}, .flags = {0, 0, 0}}).substr(0, 8);
    BOOST_TEST(update.Run(io::SqliteBlob{half}, ToMinute(kT0)).ok());
  }
  auto history = OpenHistory(folder);
  const auto damaged = history->Read(kKey, kT0, kT0 + minutes(500));
  BOOST_TEST((damaged.status().code() == StatusCode::kDataLoss));
  BOOST_TEST(Message(damaged.status()).find(folder / "history.db") != std::string::npos,
             Message(damaged.status()));
  BOOST_TEST(history->Append({Point(1000, 1)}).ok());
}
