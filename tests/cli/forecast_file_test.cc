// `tidectl forecast --input` as people run it: the real program, files in, files out.
#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/random.h"
#include "tests/cli/cli_folder.h"

namespace tidewright {
namespace {


struct Folder : testing::CliFolder {
  static io::RunResult Forecast(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "forecast");
    return Run(arguments);
  }

  /// What it wrote to --output-file, having ended well.
  std::string Result(std::vector<std::string> arguments, int exit_code = 0) const {
    const std::string name = "result";
    arguments.insert(arguments.end(), {"--output-file", At(name)});
    const auto run = Forecast(arguments);
    BOOST_TEST(run.exit_code == exit_code, run.output);
    return Read(name);
  }
};

double Load(int hour, double level, Random& random) {
  return level * (1.5 + std::sin(hour * 2 * M_PI / 24) + 0.1 * random.Uniform());
}

/// Ten days of hours.
std::string Panel(int series) {
  std::string text = "id,v1,v2\n";
  Random random(3);
  for (int s = 0; s < series; ++s) {
    text += fmt::format("tenant{}", s);
    for (int hour = 0; hour < 240; ++hour)
      text += fmt::format(",{:.3f}", Load(hour, s + 1, random));
    text += "\n";
  }
  return text;
}

std::string Long() {
  std::string text = "timestamp,value\n";
  Random random(4);
  for (int hour = 0; hour < 240; ++hour) {
    text += fmt::format("{},{:.3f}\n", 1767225600 + 3600 * hour, Load(hour, 100, random));
  }
  return text;
}

std::vector<std::vector<std::string>> Rows(const std::string& csv) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream in(csv);
  for (std::string line; std::getline(in, line);) {
    std::istringstream fields(line + ",");
    rows.emplace_back();
    for (std::string field; std::getline(fields, field, ',');) rows.back().push_back(field);
  }
  return rows;
}

bool Holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(forecast_file, Folder)

BOOST_AUTO_TEST_CASE(a_panel_becomes_rows_in_its_order_whatever_the_number_of_jobs) {
  const auto file = Write("panel.csv", Panel(40));
  const std::vector<std::string> arguments = {"--input",   file, "--panel",  "--step", "1h",
                                              "--horizon", "6",  "--output", "csv",    "--jobs"};
  auto one = arguments, three = arguments;
  one.push_back("1");
  three.push_back("3");
  const std::string text = Result(one);
  BOOST_TEST((text == Result(three)));
  const auto rows = Rows(text);
  BOOST_REQUIRE(rows.size() == 1u + 40 * 6);
  BOOST_TEST(text.substr(0, text.find('\n')) == "id,step,timestamp,mean,q50,q80,q90,q95,q99");
  for (std::size_t i = 1; i < rows.size(); ++i) {
    BOOST_REQUIRE(rows[i].size() == 9u);
    BOOST_TEST(rows[i][0] == fmt::format("tenant{}", (i - 1) / 6));
    BOOST_TEST(rows[i][1] == std::to_string((i - 1) % 6 + 1));
    BOOST_TEST(rows[i][2].empty());
    double below = 0;
    for (std::size_t c = 4; c < 9; ++c) {
      BOOST_TEST(std::stod(rows[i][c]) >= below);
      below = std::stod(rows[i][c]);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_long_file_has_times_and_the_quantiles_that_were_asked_for) {
  const auto file = Write("load.csv", Long());
  const auto rows = Rows(
      Result({"--input", file, "--horizon", "90m", "--quantiles", "0.995,0.5", "--output", "csv"}));
  BOOST_REQUIRE(rows.size() == 3u);  // 90 minutes are two hours
  BOOST_TEST(
      rows[0] == (std::vector<std::string>{"id", "step", "timestamp", "mean", "q50", "q99.5"}),
      boost::test_tools::per_element());
  BOOST_TEST(rows[1][0] == "load");
  BOOST_TEST(rows[1][2] == "2026-01-11T00:00:00Z");
  BOOST_TEST(rows[2][2] == "2026-01-11T01:00:00Z");
  const auto started = Rows(Result({"--input", Write("panel.csv", Panel(1)), "--panel", "--step",
                                    "1h", "--start", "2026-01-01", "--output", "csv"}));
  BOOST_TEST(started[1][2] == "2026-01-11T00:00:00Z");
}

BOOST_AUTO_TEST_CASE(a_long_file_is_drawn_where_nothing_else_is_asked_for) {
  const auto file = Write("load.csv", Long());
  const auto run = Forecast({"--input", file, "--horizon", "24h", "--explain"});
  BOOST_TEST(run.exit_code == 0);
  for (const char* part : {"░", "MAXIMUM OVER", "next 4h", "next 1d", "trust", "note: ",
                           "240 steps of 1h from 2026-01-01 00:00 to 2026-01-11 00:00, 0 gaps"}) {
    BOOST_TEST(Holds(run.output, part), run.output);
  }
}

BOOST_AUTO_TEST_CASE(json_tells_notes_trust_and_maxima) {
  const auto file = Write("panel.csv", Panel(2) + "short,1\n");
  const auto answer = nlohmann::json::parse(
      Result({"--input", file, "--panel", "--step", "1h", "--horizon", "24", "--output", "json"},
             1),
      nullptr, false);
  BOOST_REQUIRE(answer.is_array());
  BOOST_REQUIRE(answer.size() == 3u);
  const auto& first = answer[0];
  BOOST_TEST(first.value("id", "") == "tenant0");
  BOOST_TEST(first["mean"].size() == 24u);
  BOOST_TEST(first["quantiles"]["q99"].size() == 24u);
  BOOST_TEST(first["maxima"].back()["window_seconds"] == 86400);
  BOOST_TEST(first["maxima"].back()["quantiles"].contains("q95"));
  BOOST_TEST(!first["notes"].empty());
  BOOST_TEST(first.contains("trust"));
  BOOST_TEST(first["start"].is_null());
  BOOST_TEST(Holds(answer[2].value("error", ""), "two observations"), answer[2].dump());
}

BOOST_AUTO_TEST_CASE(a_series_that_cannot_be_forecast_is_named_and_the_others_are_written) {
  const auto file = Write("panel.csv", "lonely,1\n" + Panel(1).substr(9) + "empty,,\n");
  const auto run =
      Forecast({"--input", file, "--panel", "--step", "1h", "--horizon", "2", "--output", "csv"});
  BOOST_TEST(run.exit_code == 1);
  BOOST_TEST(Holds(run.output, "tidectl: lonely: "), run.output);
  BOOST_TEST(Holds(run.output, "tidectl: empty: "), run.output);
  BOOST_TEST(Holds(run.output, "2 of 3 series"), run.output);
  BOOST_TEST(Holds(run.output, "tenant0,2,"), run.output);
}

BOOST_AUTO_TEST_CASE(unreadable_input_is_wrong_usage_and_leaves_no_file_behind) {
  const auto file = Write("bad.csv", "timestamp,value\n2026-01-01,1\n2026-01-02,many\n");
  const auto target = (path / "out.csv").string();
  const auto run = Forecast({"--input", file, "--output", "csv", "--output-file", target});
  BOOST_TEST(run.exit_code == 2);
  BOOST_TEST(Holds(run.output, "bad.csv:3: 'many' is no number"), run.output);
  BOOST_TEST(Files() == 1);
  BOOST_TEST(Forecast({"--input", (path / "none.csv").string()}).exit_code == 2);
  BOOST_TEST(Forecast({"--input", file, "--panel"}).exit_code == 2);
}

BOOST_AUTO_TEST_CASE(repairs_are_told_on_stderr) {
  const auto file = Write("messy.csv", "600,3\n0,1\n300,2\n300,4\n");
  const auto run = Forecast({"--input", file, "--horizon", "1", "--output", "csv"});
  BOOST_TEST(run.exit_code == 0);
  BOOST_TEST(Holds(run.output, "messy.csv: rows earlier than the row before: 1; sorted by time"),
             run.output);
}

BOOST_AUTO_TEST_CASE(stdin_is_a_file_too) {
  const auto file = Write("load.csv", Long());
  const char* folder = std::getenv("TIDEWRIGHT_BIN_DIR");
  BOOST_REQUIRE(folder != nullptr);
  RealClock clock;
  const auto run =
      io::Run({"sh", "-c",
               fmt::format("cat {} | {}/tidectl forecast --input - --horizon 1 --output csv", file,
                           folder)},
              std::chrono::seconds(60), clock);
  BOOST_REQUIRE_MESSAGE(run.ok(), run.status());
  BOOST_TEST(run->exit_code == 0);
  BOOST_TEST(Holds(run->output, "\nstdin,1,2026-01-11T00:00:00Z,"), run->output);
}

BOOST_AUTO_TEST_CASE(scenarios_are_written_where_they_are_asked_for) {
  const auto file = Write("load.csv", Long());
  const auto target = (path / "paths.csv").string();
  BOOST_TEST(!Result({"--input", file, "--horizon", "3", "--paths", "50", "--paths-output", target,
                      "--output", "csv"})
                  .empty());
  const auto rows = Rows(Read("paths.csv"));
  BOOST_REQUIRE(rows.size() == 1u + 50 * 3);
  BOOST_TEST(rows.back() == (std::vector<std::string>{"load", "50", "3", "2026-01-11T02:00:00Z",
                                                      rows.back()[4]}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_calendar_is_in_the_forecast_and_told) {
  const auto file = Write("load.csv", Long());  // 2026-01-01 to 10
  const auto events = Write("events.csv", "sale,2026-01-11 20:00,2h,3\n");
  const std::vector<std::string> arguments = {"--input", file, "--output", "csv"};
  auto with_events = arguments;
  with_events.insert(with_events.end(), {"--events", events});
  const auto plain = Rows(Result(arguments));
  const auto planned = Rows(Result(with_events));
  for (std::size_t i = 1; i < plain.size(); ++i) {
    const double ratio = std::stod(planned[i][4]) / std::stod(plain[i][4]);
    const bool inside =
        plain[i][2] == "2026-01-11T20:00:00Z" || plain[i][2] == "2026-01-11T21:00:00Z";
    BOOST_TEST(std::abs(ratio - (inside ? 3 : 1)) < 0.35, plain[i][2] << " " << ratio);
  }
  with_events.push_back("--explain");
  BOOST_TEST(Holds(Forecast(with_events).output, "event 'sale' 2026-01-11 20:00–22:00: ×3.00"));
  const auto bad = Write("bad.csv", "sale,2026-01-11,2h,0\n");
  const auto refused = Forecast({"--input", file, "--events", bad});
  BOOST_TEST(refused.exit_code == 2);
  BOOST_TEST(Holds(refused.output, "bad.csv:1: event 'sale' multiplies demand by 0"));
  const auto undated = Write("panel.csv", Panel(1));
  BOOST_TEST(
      Forecast({"--input", undated, "--panel", "--step", "1h", "--events", events}).exit_code == 2);
}

BOOST_AUTO_TEST_CASE(an_evaluation_compares_with_seasonal_naive) {
  const auto file = Write("panel.csv", Panel(3));
  const std::vector<std::string> arguments = {"--input",   file, "--panel",    "--step",    "1h",
                                              "--horizon", "12", "--evaluate", "--origins", "4"};
  const auto table = Forecast(arguments);
  BOOST_TEST(table.exit_code == 0);
  for (const char* part : {"3 series, 12 forecasts", "1d (detected)", "MASE, mean", "sMAPE",
                           "weighted quantile loss", "at or under q95", "milliseconds"}) {
    BOOST_TEST(Holds(table.output, part), table.output);
  }
  auto as_csv = arguments;
  as_csv.insert(as_csv.end(), {"--output", "csv", "--quantiles", "0.9"});
  const auto rows = Rows(Result(as_csv));
  BOOST_REQUIRE(rows.size() == 4u);
  BOOST_TEST(rows[0][7] == "coverage_q90");
  BOOST_TEST(std::stod(rows[1][4]) > 0);
  auto as_json = arguments;
  as_json.insert(as_json.end(), {"--output", "json"});
  const auto answer = nlohmann::json::parse(Result(as_json), nullptr, false);
  BOOST_REQUIRE(answer.size() == 3u);
  BOOST_TEST(answer[1]["origins"] == 4);
  BOOST_TEST(answer[1]["naive_period"] == 24);
  BOOST_TEST(answer[1]["forecast"]["coverage"].contains("q99"));
  auto too_far = arguments;
  too_far[6] = "239";
  BOOST_TEST(Forecast(too_far).exit_code == 1);
}

BOOST_AUTO_TEST_CASE(without_a_file_the_controller_is_asked) {
  const auto run = Forecast({"--address", "127.0.0.1:1"});
  BOOST_TEST(run.exit_code == 3);
  BOOST_TEST(Forecast({"--panel"}).exit_code == 2);
  BOOST_TEST(Forecast({"--input", "-", "--resource", "cpu"}).exit_code == 2);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidewright
