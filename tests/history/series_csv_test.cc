#include "history/series_csv.h"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/random.h"
#include "history/csv_text.h"
#include "history/series_grid.h"
#include "tests/history/series_csv_check.h"

namespace tidewright {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

StatusOr<LongCsv> Long(const std::string& text) {
  std::istringstream in(text);
  return ReadLongCsv(in, {.name = "load.csv", .irregular_step = Duration(0)});
}

StatusOr<PanelCsv> Panel(const std::string& text) {
  std::istringstream in(text);
  return ReadPanelCsv(in, {.name = "panel.csv", .step = hours(1), .start = WallTime{}});
}

template <typename T>
std::string Refusal(const StatusOr<T>& result) {
  BOOST_REQUIRE(!result.ok());
  BOOST_TEST((result.status().code() == StatusCode::kInvalidArgument));
  return Message(result.status());
}

bool Holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

constexpr char kTwo[] = "2026-01-01 00:00:00,1\n2026-01-01 00:05:00,2\n";

BOOST_AUTO_TEST_SUITE(series_csv)

BOOST_AUTO_TEST_CASE(a_plain_file_is_read_without_a_word) {
  const std::vector<std::string> files = {
      kTwo,
      "timestamp,value\n" + std::string(kTwo),
      "\xEF\xBB\xBF"
      "ds,y\r\n\r\n2026-01-01T00:00:00Z,1\r\n2026-01-01T00:05:00Z,2",
      "\"2026-01-01 00:00\",\"1\"\n\"2026-01-01 00:05\" , 2.0\n",
      "1767225600,+1\n1767225900,2e0\n",
      "2026-01-01T02:00:00+02:00,1\n2025-12-31T19:05:00-0500,2\n"};
  for (const std::string& text : files) {
    const auto read = Long(text);
    BOOST_REQUIRE_MESSAGE(read.ok(), read.status());
    BOOST_TEST(read->repairs.empty(), Joined(read->repairs));
    BOOST_TEST(FormatTime(read->series.start) == "2026-01-01T00:00:00Z");
    BOOST_TEST(read->series.step.count() == Duration(minutes(5)).count());
    BOOST_TEST(read->series.values == (std::vector<double>{1, 2}),
               boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(a_hole_and_an_empty_value_are_gaps_not_zeros) {
  const auto read = Long("0,1\n60,2\n120,\n240,5\n300,NaN\n360,null\n420,8\n");
  BOOST_REQUIRE_MESSAGE(read.ok(), read.status());
  const auto& values = read->series.values;
  BOOST_REQUIRE(values.size() == 8u);
  for (const std::size_t gap : {2u, 3u, 5u, 6u}) BOOST_TEST(Series::IsGap(values[gap]));
  BOOST_TEST(values[4] == 5);
  BOOST_TEST(Holds(Joined(read->repairs), "4 of 8"));
  BOOST_TEST(Holds(Joined(read->repairs), "nan, null or the like: 2"));
}

BOOST_AUTO_TEST_CASE(order_and_repeated_times_are_repaired_and_told) {
  const auto read = Long("600,3\n0,1\n300,2\n300,4\n");
  BOOST_REQUIRE_MESSAGE(read.ok(), read.status());
  BOOST_TEST(read->series.values == (std::vector<double>{1, 3, 3}),
             boost::test_tools::per_element());
  BOOST_TEST(Holds(Joined(read->repairs), "earlier than the row before: 1; sorted"));
  BOOST_TEST(Holds(Joined(read->repairs), "time of another one: 1; their values are averaged"));
}

BOOST_AUTO_TEST_CASE(jittered_times_keep_one_row_a_step) {
  std::string text;
  Random random(7);
  for (int i = 0; i < 500; ++i) {
    text += fmt::format("{:.3f},{}\n", 1.7e9 + 15 * i + 2 * random.Uniform() - 1, i);
  }
  const auto read = Long(text);
  BOOST_REQUIRE_MESSAGE(read.ok(), read.status());
  BOOST_TEST(read->series.step.count() == Duration(seconds(15)).count());
  BOOST_REQUIRE(read->series.size() == 500u);
  for (std::size_t i = 0; i < 500; ++i) BOOST_TEST(read->series.values[i] == double(i));
  BOOST_TEST(Holds(Joined(read->repairs), "irregular"));
}

BOOST_AUTO_TEST_CASE(irregular_times_are_averaged_over_a_step_that_people_use) {
  std::string text;
  Random random(8);
  double at = 1.7e9;
  for (int i = 0; i < 2000; ++i) {
    at += 40 + 40 * random.Uniform();
    text += fmt::format("{:.3f},7\n", at);
  }
  const auto read = Long(text);
  BOOST_REQUIRE_MESSAGE(read.ok(), read.status());
  BOOST_TEST(read->series.step.count() == Duration(minutes(1)).count());
  for (const double value : read->series.values) BOOST_TEST((Series::IsGap(value) || value == 7));
}

BOOST_AUTO_TEST_CASE(a_step_survives_gaps_everywhere) {
  // Of four steps one is there: most differences are multiples of the step, few are the step.
  std::string text;
  Random random(9);
  for (int i = 0; i < 4000; ++i) {
    if (random.Below(4) == 0) text += fmt::format("{},{}\n", 300 * i, i);
  }
  const auto read = Long(text);
  BOOST_REQUIRE_MESSAGE(read.ok(), read.status());
  BOOST_TEST(read->series.step.count() == Duration(minutes(5)).count());
}

BOOST_AUTO_TEST_CASE(times_since_1970_in_finer_units_are_told_by_their_size) {
  for (const char* unit : {"000", "000000", "000000000"}) {
    const auto read = Long(fmt::format("1700000000{0},1\n1700000060{0},2\n", unit));
    BOOST_REQUIRE_MESSAGE(read.ok(), read.status());
    BOOST_TEST(FormatTime(read->series.start) == "2023-11-14T22:13:20Z");
    BOOST_TEST(read->repairs.size() == 1u);
  }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_refused_with_file_line_and_remedy) {
  const auto after = [](const std::string& line) { return Refusal(Long(kTwo + line + "\n")); };
  BOOST_TEST(after("2026-01-01 00:10:00,abc").rfind("load.csv:3: 'abc' is no number", 0) == 0u);
  BOOST_TEST(Holds(after("2026-01-01 00:10:00,-3"), "load.csv:3: a demand of '-3' cannot be"));
  BOOST_TEST(Holds(after("2026-01-01 00:10:00,inf"), "cannot be"));
  BOOST_TEST(Holds(after("2026-01-01 00:10:00,1e999"), "is no number"));
  BOOST_TEST(Holds(after("2026-02-30 00:10:00,3"), "is not a time"));
  BOOST_TEST(Holds(after("2026-01-01 00:10:00 somewhere,3"), "is not a time"));
  BOOST_TEST(Holds(after("2026-01-01 00:10:00"), "1 field "));
  BOOST_TEST(Holds(after("2026-01-01 00:10:00;3"), "has no comma"));
  BOOST_TEST(Holds(after("2026-01-01 00:10:00,3,4"), "3 fields"));
  BOOST_TEST(Holds(after("2026-01-01 00:10:00,\"3"), "quote"));
  BOOST_TEST(Holds(after(std::string("2026\0", 5)), "NUL"));
  BOOST_TEST(Holds(after(std::string(5000, 'x')), "load.csv:3: longer than 4096 bytes"));
  BOOST_TEST(Holds(Refusal(Long("H1,1,2,3,4,5\n")), "panel"));
  BOOST_TEST(Holds(Refusal(Long("")), "no rows"));
  BOOST_TEST(Holds(Refusal(Long("timestamp,value\n")), "no rows"));
  BOOST_TEST(Holds(Refusal(Long("0,1\n")), "two observations"));
  BOOST_TEST(Holds(Refusal(Long("0,1\n0,2\n")), "two different times"));
}

BOOST_AUTO_TEST_CASE(a_mistyped_year_is_found_before_it_eats_the_memory) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += fmt::format("{},1\n", 1700000000 + 60 * i);
  const auto refusal = Refusal(Long(text + "2123-11-14 22:13:20,1\n"));
  BOOST_TEST(Holds(refusal, "nothing between 2023-11-15T14:52:20Z and 2123-11-14T22:13:20Z"));
  BOOST_TEST(Holds(refusal, "mistyped"));
}

BOOST_AUTO_TEST_CASE(a_complete_series_is_refused_at_the_first_row_that_would_need_repair) {
  const auto complete = [](const std::string& text) {
    std::istringstream in(text);
    return ReadLongCsv(in, {.name = "load.csv", .irregular_step = Duration(0), .complete = true});
  };
  const std::string head = "timestamp,value\n0,1\n300,2\n600,3\n";
  BOOST_TEST(complete(head + "900,4\n").value().series.size() == 4);
  BOOST_TEST(Holds(Refusal(complete(head + "1200,4\n")), "load.csv:5: 1 step of 5m is missing"));
  BOOST_TEST(Holds(Refusal(complete(head + "600,4\n")), "load.csv:5: "));
  BOOST_TEST(Holds(Refusal(complete(head + "450,4\n")), "load.csv:5: "));
  BOOST_TEST(Holds(Refusal(complete(head + "1000,4\n")), "load.csv:5: "));
  BOOST_TEST(Holds(Refusal(complete(head + "900,\n")), "load.csv:5: no value at"));
  BOOST_TEST(Holds(Refusal(complete(head + "900,2e15\n")), "load.csv:5: a demand of 2e+15"));
  BOOST_TEST(Holds(Refusal(complete("0,1\n900,2\n1200,3\n1500,4\n")), "load.csv:2: 2 steps of 5m are missing"));
}

BOOST_AUTO_TEST_CASE(a_panel_keeps_order_ids_inner_gaps_and_ends) {
  for (const char* header : {"", "id,v1,v2,v3\n", "\"V1\",\"V2\",\"V3\"\n", "unique_id,1,2\n"}) {
    const auto read = Panel(header + std::string("B,1,2,3\n\"a, \"\"b\"\"\",,5,,6,,\nempty,,\n"));
    BOOST_REQUIRE_MESSAGE(read.ok(), read.status());
    BOOST_REQUIRE(read->series.size() == 3u);
    BOOST_TEST(read->series[0].id == "B");
    BOOST_TEST(read->series[1].id == "a, \"b\"");
    const auto& values = read->series[1].series.values;
    BOOST_REQUIRE(values.size() == 4u);
    BOOST_TEST((Series::IsGap(values[0]) && Series::IsGap(values[2])));
    BOOST_TEST((values[1] == 5 && values[3] == 6));
    BOOST_TEST(read->series[2].series.empty());
  }
}

BOOST_AUTO_TEST_CASE(a_panel_that_cannot_be_read_is_refused_with_line_and_series) {
  BOOST_TEST(
      Refusal(Panel("A,1,2\nB,1,x,3\n")) ==
      "panel.csv:2: value 2 of series 'B': 'x' is no number; write one with a decimal point, "
      "such as 1234.5, or nothing for a gap");
  BOOST_TEST(Holds(Refusal(Panel("A,1,2\nA,2,3\n")), "stands on line 1 already"));
  BOOST_TEST(Holds(Refusal(Panel("A,1,2\n,2,3\n")), "no id"));
  BOOST_TEST(Holds(Refusal(Panel("A,1,-2\n")), "cannot be"));
  BOOST_TEST(Holds(Refusal(Panel("A,1,x\n")), "is no number"));  // not taken for a header
  BOOST_TEST(Holds(Refusal(Panel(kTwo)), "no panel"));
  BOOST_TEST(Holds(Refusal(Panel("")), "no series"));
}

BOOST_AUTO_TEST_CASE(a_million_rows_are_read_as_they_are) {
  std::string text = "timestamp,value\n";
  for (int i = 0; i < 1'000'000; ++i) {
    text += std::to_string(1'600'000'000 + 60 * i);
    text += ",1\n";
  }
  const auto read = Long(text);
  BOOST_REQUIRE_MESSAGE(read.ok(), read.status());
  BOOST_TEST(read->series.size() == 1'000'000u);
  BOOST_TEST(read->repairs.empty());
}

BOOST_AUTO_TEST_CASE(promises_hold_for_mutated_files) {
  const char* source = std::getenv("TIDEWRIGHT_SOURCE_DIR");
  BOOST_REQUIRE(source != nullptr);
  std::vector<std::string> corpus;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(source) /
                                                               "tests" / "history" / "corpus")) {
    std::ifstream in(entry.path(), std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  std::sort(corpus.begin(), corpus.end());
  BOOST_REQUIRE(corpus.size() >= 5u);
  static const std::vector<std::string> kPieces = {",",
                                                   "\n",
                                                   "\r\n",
                                                   "\"",
                                                   "-",
                                                   "nan",
                                                   "inf",
                                                   "1e308",
                                                   "9999-12-31",
                                                   "0000-01-01",
                                                   "+14:00",
                                                   "1e-9",
                                                   "99999999999999999999",
                                                   "\xEF\xBB\xBF",
                                                   " ",
                                                   "T",
                                                   "Z",
                                                   std::string(1, '\0')};
  constexpr std::uint64_t kSeed = 20260101;
  Random random(kSeed);
  int accepted = 0;
  for (int round = 0; round < 4000; ++round) {
    std::string text = corpus[random.Below(corpus.size())];
    for (auto edits = random.Below(6); edits > 0; --edits) {
      const std::size_t at = random.Below(text.size() + 1);
      switch (random.Below(4)) {
        case 0:
          text.insert(at, kPieces[random.Below(kPieces.size())]);
          break;
        case 1:
          text.erase(at, random.Below(8));
          break;
        case 2:
          if (at < text.size()) text[at] = static_cast<char>(random.Below(256));
          break;
        default:
          text.insert(at, text.substr(random.Below(text.size() + 1), random.Below(64)));
      }
    }
    const std::string wrong = CheckSeriesCsv(text, &accepted);
    BOOST_REQUIRE_MESSAGE(wrong.empty(), wrong << " (seed " << kSeed << ", round " << round
                                               << "):\n"
                                               << text);
  }
  BOOST_TEST(accepted > 1000);  // else only refusals were looked at
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright
