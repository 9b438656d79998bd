#include "history/fold.h"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "core/random.h"
#include "history/history.h"
#include "tests/storage_support.h"

using namespace tidewright;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using tidewright::testing::TempFolder;

namespace {

const WallTime kT0 = ParseTime("2026-03-01T00:00:00Z").value();
const SeriesKey kKey = {
    .cluster = "c", .scope = Scope::kCluster, .id = "", .resource = Resource::kRequests};

struct World {
  TempFolder folder;
  std::unique_ptr<History> history = History::Open(folder / "history.db").value();
  /// Looks at the tables behind the history's back.
  std::unique_ptr<io::SqliteDatabase> database =
      io::SqliteDatabase::Open(folder / "history.db", HistorySchema()).value();

  std::int64_t Count(const std::string& what) {
    return database->QueryInt("SELECT count(*) FROM " + what).value();
  }
  void AppendMinutes(int from, int to, double value = 5, unsigned flags = 0) {
    std::vector<HistoryPoint> points;
    for (int m = from; m < to; ++m) points.push_back({kKey, kT0 + minutes(m), value, flags});
    BOOST_REQUIRE(history->Append(points).ok());
  }
  void Import(WallTime start, std::size_t size, double value = 5) {
    const Series series = {.start = start,
                           .step = minutes(1),
                           .values = std::vector<double>(size, value),
                           .flags = {}};
    BOOST_REQUIRE(history->Import({{.key = kKey, .series = series}}).ok());
  }
  Series Read(WallTime from, WallTime to) { return history->Read(kKey, from, to).value(); }
  void Fold(WallTime now) {
    const Status status = history->Fold(now);
    BOOST_REQUIRE_MESSAGE(status.ok(), Message(status));
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(ended_blocks_become_chunks_and_read_the_same) {
  World world;
  Random random(5);
  std::vector<HistoryPoint> points;
  for (int m = 0; m < 300; ++m) {
    if (m % 13 == 5) continue;
    points.push_back({kKey, kT0 + minutes(m), std::round(1e4 * random.Uniform()),
                      m % 50 == 0 ? static_cast<unsigned>(kThrottled) : 0u});
  }
  BOOST_TEST(world.history->Append(points).ok());
  const Series before = world.Read(kT0 - hours(1), kT0 + hours(6));
  world.Fold(kT0 + minutes(300));
  BOOST_TEST(world.Count("chunk") == 2);
  BOOST_TEST(world.Count("recent") == 60 - 4);  // minutes 240…299 are still open
  const Series after = world.Read(kT0 - hours(1), kT0 + hours(6));
  BOOST_TEST((after.flags == before.flags));
  BOOST_REQUIRE(after.size() == before.size());
  for (std::size_t i = 0; i < after.size(); ++i) {
    BOOST_TEST((after.values[i] == before.values[i] ||
                (Series::IsGap(after.values[i]) && Series::IsGap(before.values[i]))));
  }
}

BOOST_AUTO_TEST_CASE(late_values_are_merged_into_their_chunk) {
  World world;
  world.AppendMinutes(0, 100);
  world.Fold(kT0 + hours(3));
  world.AppendMinutes(90, 110, 7);
  BOOST_TEST(world.Read(kT0 + minutes(95), kT0 + minutes(96)).values[0] == 7.0);
  world.Fold(kT0 + hours(3));
  BOOST_TEST(world.Count("recent") == 0);
  BOOST_TEST(world.Count("chunk") == 1);
  const Series series = world.Read(kT0, kT0 + hours(2));
  for (std::size_t m = 0; m < 110; ++m) BOOST_TEST(series.values[m] == (m < 90 ? 5.0 : 7.0));
  BOOST_TEST(series.Observed() == 110u);
}

BOOST_AUTO_TEST_CASE(minutes_become_five_minute_and_hourly_means_and_then_go) {
  World world;
  const int whole_days = 420;
  Series series = {.start = kT0, .step = minutes(1), .values = {}, .flags = {}};
  for (int m = 0; m < whole_days * 1440; ++m) series.values.push_back(m % 60);
  BOOST_REQUIRE(world.history->Import({{.key = kKey, .series = series}}).ok());
  const WallTime now = kT0 + days(whole_days);
  world.Fold(now);

  const Series newest = world.Read(now - days(15), now);
  BOOST_TEST(newest.Observed() == 15u * 1440u);
  for (std::size_t i = 0; i < newest.size(); ++i) {
    BOOST_REQUIRE(newest.values[i] == static_cast<double>(i % 60));
  }
  // Means of 0…4, 5…9, … stand in each of their minutes.
  const Series middle = world.Read(now - days(90), now - days(16));
  BOOST_TEST(middle.Observed() == middle.size());
  for (std::size_t i = 0; i < middle.size(); ++i) {
    BOOST_REQUIRE(middle.values[i] == static_cast<double>(i % 60 / 5 * 5 + 2));
  }
  const Series old = world.Read(now - days(400), now - days(96));
  BOOST_TEST(old.Observed() == old.size());
  for (double value : old.values) BOOST_REQUIRE(value == 29.5);
  BOOST_TEST(world.Read(kT0, now - days(406)).Observed() == 0u);
  BOOST_TEST(world.history->Size().value() < 1'000'000);
}

BOOST_AUTO_TEST_CASE(flags_survive_coarsening) {
  World world;
  world.AppendMinutes(0, 600);
  world.AppendMinutes(33, 34, 50, kSaturated);
  world.Fold(kT0 + days(17));
  const Series series = world.Read(kT0, kT0 + hours(1));
  BOOST_TEST(series.values[31] == 14.0);
  BOOST_REQUIRE(series.flags.size() == 60u);
  for (std::size_t m = 0; m < 60; ++m) {
    BOOST_TEST(series.flags[m] == (m >= 30 && m < 35 ? kSaturated : 0u));
  }
}

BOOST_AUTO_TEST_CASE(a_series_that_is_past_its_retention_is_forgotten) {
  World world;
  world.Import(kT0, 1440);
  world.Fold(kT0 + days(399));
  BOOST_TEST(world.history->List().value().size() == 1u);
  world.Fold(kT0 + days(410));
  BOOST_TEST(world.history->List().value().empty());
  BOOST_TEST(world.Count("chunk") == 0);
  // And may come back.
  world.AppendMinutes(0, 3);
  BOOST_TEST(world.Read(kT0, kT0 + minutes(3)).Observed() == 3u);
}

BOOST_AUTO_TEST_CASE(a_year_of_appending_and_folding_stays_bounded) {
  World world;
  Random random(9);
  std::int64_t in_autumn = 0;
  for (int day = 0; day < 800; ++day) {
    Series series = {.start = kT0 + days(day), .step = minutes(10), .values = {}, .flags = {}};
    for (int i = 0; i < 144; ++i) series.values.push_back(1000 * random.Uniform());
    BOOST_REQUIRE(world.history->Import({{.key = kKey, .series = series}}).ok());
    if (day % 5 == 0) world.Fold(kT0 + days(day));
    if (day == 500) in_autumn = world.history->Size().value();
  }
  BOOST_TEST(world.history->Size().value() <= in_autumn * 1.1);
}

BOOST_AUTO_TEST_CASE(the_extent_encloses_what_is_stored) {
  World world;
  const TimeRange none = world.history->Extent(kKey).value();
  BOOST_TEST((none.from == none.to));
  world.AppendMinutes(10, 20);
  TimeRange extent = world.history->Extent(kKey).value();
  BOOST_TEST((extent.from <= kT0 + minutes(10) && extent.to >= kT0 + minutes(20)));
  world.Import(kT0 - days(100), 200);
  world.Fold(kT0);
  extent = world.history->Extent(kKey).value();
  BOOST_TEST((extent.from <= kT0 - days(100) && extent.from > kT0 - days(106)));
  BOOST_TEST((extent.to >= kT0 + minutes(20)));
}
