// `tidectl replay` as people run it: the real program, files in, files out.
#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/random.h"
#include "core/time.h"
#include "tests/cli/cli_folder.h"

namespace tidewright {
namespace {

namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;

struct Folder : testing::CliFolder {
  static io::RunResult Replay(Arguments arguments) {
    arguments.insert(arguments.begin(), "replay");
    return Run(arguments);
  }
  /// That it refuses: exit code 2, a message that holds `part`, and no file that was not there.
  void Refuses(const Arguments& arguments, const std::string& part) const {
    const std::size_t before = Files();
    const auto run = Replay(arguments);
    BOOST_TEST(run.exit_code == 2, run.output);
    BOOST_TEST(run.output.find(part) != std::string::npos, part << " is not in: " << run.output);
    BOOST_TEST(Files() == before);
  }
};

std::string Trace(int days, std::uint64_t seed = 1, int minutes = 60) {
  std::string text = "timestamp,value\n";
  Random random(seed);
  const int per_day = 1440 / minutes;
  for (int t = 0; t < days * per_day; ++t) {
    const double daily = 1.5 + std::sin(2 * M_PI * t / per_day);
    text += fmt::format("{},{:.3f}\n", 1767225600 + 60 * minutes * t,
                        100 * daily * (1 + 0.05 * random.Normal()));
  }
  return text;
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(replay_command, Folder)

BOOST_AUTO_TEST_CASE(baselines_and_optima_are_compared_in_a_table_and_in_json) {
  const auto trace = Write("load.csv", Trace(16));
  const auto run = Replay({"--trace", trace, "--policy", "none", "--baselines", "--optimum",
                           "--summary", At("summary.json")});
  BOOST_REQUIRE_MESSAGE(run.exit_code == 0, run.output);
  BOOST_TEST(run.output.find("class: periodic") != std::string::npos, run.output);
  const auto summary = nlohmann::json::parse(Read("summary.json"));
  const auto& results = summary["pooled"][0]["results"];
  BOOST_TEST(results.size() == 11);  // eight, one in hindsight, two optima
  for (const auto& line : results) {
    BOOST_TEST(run.output.find(line["policy"].get<std::string>()) != std::string::npos);
    BOOST_TEST(line["objective_over_optimum"].get<double>() >= 1 - 1e-9);
  }
  const auto& one = summary["traces"][0];
  BOOST_TEST(one["name"] == "load");
  BOOST_TEST(one["judged_steps"] == 9 * 24);
  BOOST_TEST(one["results"].size() == 11);
}

BOOST_AUTO_TEST_CASE(a_quota_is_replayed_instead_of_shards) {
  const auto trace = Write("load.csv", Trace(16));
  const auto policy = Write("policy.yaml",
                            "policy:\n  quota: {floor: 10, step: 2, max_decreases_per_day: 2, "
                            "extra_decrease_after: 0s}\n");
  const auto run =
      Replay({"--quota", "--trace", trace, "--policy", policy, "--baselines", "--optimum",
              "--summary", At("summary.json"), "--decisions", At("decisions.csv")});
  BOOST_REQUIRE_MESSAGE(run.exit_code == 0, run.output);
  BOOST_TEST(run.output.find("2 decreases a day") != std::string::npos, run.output);
  BOOST_TEST(run.output.find("UNIT-HOURS") != std::string::npos, run.output);
  const auto summary = nlohmann::json::parse(Read("summary.json"));
  BOOST_TEST(summary["settings"]["max_decreases_per_day"] == 2);
  const auto& results = summary["traces"][0]["results"];
  BOOST_TEST(results.size() == 8);  // ours, ours without a budget, four baselines, two optima
  for (const auto& line : results) {
    BOOST_TEST(line["objective_over_optimum"].get<double>() >= 1 - 1e-9);
    BOOST_TEST(line["unit_hours"].get<double>() > 0);
  }
  BOOST_TEST(Lines(Read("decisions.csv")).front() == "timestamp,target_quota");
}

BOOST_AUTO_TEST_CASE(what_a_quota_cannot_mean_is_refused) {
  const auto trace = Write("load.csv", Trace(16));
  const auto policy = Write("auto.yaml", "policy:\n  quota:\n    mode: auto\n");
  Refuses({"--quota", "--trace", trace, "--policy", policy}, "recommended and never applied");
  Refuses({"--quota", "--trace", trace, "--html", At("a.html")}, "draws shards, not quotas");
  Refuses({"--quota", "--trace", trace, "--fault", "moves=0.1"}, "a quota has no moves");
  Refuses({"--quota", "--trace", trace, "--max-nodes", "9"}, "policy.quota.ceiling");
}

BOOST_AUTO_TEST_CASE(the_number_of_jobs_changes_no_byte) {
  Write("traces/a.csv", Trace(15, 1));
  Write("traces/b.csv", Trace(15, 2));
  const auto policy = Write("policy.yaml", "policy: {min_shards: 1, max_shards: 64}\n");
  for (const char* jobs : {"1", "2"}) {
    const std::string name = jobs;
    const auto run = Replay({"--trace",     At("traces"),
                             "--policy",    policy,
                             "--baselines", "--optimum",
                             "--jobs",      name,
                             "--summary",   At(name + ".json"),
                             "--html",      At(name + ".html"),
                             "--decisions", At("decisions" + name),
                             "--fault",     "metrics=0.05",
                             "--fault",     "moves=0.2",
                             "--fault",     "forecast=random"});
    BOOST_REQUIRE_MESSAGE(run.exit_code == 0, run.output);
  }
  auto one = nlohmann::json::parse(Read("1.json")), two = nlohmann::json::parse(Read("2.json"));
  BOOST_TEST(one["run"]["jobs"] == 1);
  one.erase("run");
  two.erase("run");
  BOOST_TEST(one == two);
  BOOST_TEST(Read("1.html") == Read("2.html"));
  for (const char* name : {"a.csv", "b.csv"}) {
    BOOST_TEST(Read("decisions1/" + std::string(name)) == Read("decisions2/" + std::string(name)));
  }
}

BOOST_AUTO_TEST_CASE(decisions_name_each_step_at_whose_end_one_was_taken) {
  const auto trace = Write("load.csv", Trace(15));
  const auto policy = Write("policy.yaml", "policy: {min_shards: 2, max_shards: 9}\n");
  const auto run =
      Replay({"--trace", trace, "--policy", policy, "--decisions", At("decisions.csv")});
  BOOST_REQUIRE_MESSAGE(run.exit_code == 0, run.output);
  const auto lines = Lines(Read("decisions.csv"));
  BOOST_REQUIRE(lines.size() > 20);
  BOOST_TEST(lines.front() == "timestamp,target_nodes");
  // Judged from day 7; the first answer is given at the end of the step before it.
  BOOST_TEST(lines[1].substr(0, 21) == "2026-01-07T23:00:00Z,");
  std::string before;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto comma = lines[i].find(',');
    const int nodes = std::stoi(lines[i].substr(comma + 1));
    BOOST_TEST((nodes >= 2 && nodes <= 9));
    BOOST_TEST(before < lines[i].substr(0, comma));
    before = lines[i].substr(0, comma);
  }
}

BOOST_AUTO_TEST_CASE(a_sweep_runs_the_policy_once_a_value) {
  const auto trace = Write("load.csv", Trace(15));
  const auto policy = Write("policy.yaml", "policy: {min_shards: 1, max_shards: 64}\n");
  // On a busy machine progress is told on stderr, which `output` holds too.
  const auto run = Replay({"--trace", trace, "--policy", policy, "--sweep", "max_shards=3,64",
                           "--summary", At("summary.json")});
  BOOST_REQUIRE_MESSAGE(run.exit_code == 0, run.output);
  const auto results = nlohmann::json::parse(Read("summary.json"))["pooled"][0]["results"];
  BOOST_REQUIRE(results.size() == 2);
  BOOST_TEST(results[0]["policy"] == "max_shards=3");
  BOOST_TEST(results[1]["policy"] == "max_shards=64");
  BOOST_TEST(results[1]["node_hours"].get<double>() > results[0]["node_hours"].get<double>());
  Refuses({"--trace", trace, "--policy", policy, "--sweep", "min_shards=0"},
          "--sweep: policy.min_shards");
  Refuses({"--trace", trace, "--policy", policy, "--sweep", "min_shard=1"}, "min_shards");
  Refuses({"--trace", trace, "--policy", policy, "--sweep", "min_shards"}, "--sweep");
}

BOOST_AUTO_TEST_CASE(the_page_refers_to_nothing_outside_itself) {
  const auto trace = Write("<script>.csv", Trace(15));
  const auto run = Replay({"--trace", trace, "--policy", "none", "--baselines", "--optimum",
                           "--html", At("page.html")});
  BOOST_REQUIRE_MESSAGE(run.exit_code == 0, run.output);
  const std::string page = Read("page.html");
  BOOST_TEST(page.size() > 10'000);
  for (const char* reference : {"http://", "https://", " src=", "href=", "@import", "url(", "//cdn",
                                "fetch(", "XMLHttpRequest"}) {
    BOOST_TEST(page.find(reference) == std::string::npos, reference);
  }
  // The trace's name cannot end the data.
  BOOST_TEST(page.find("Replay of <script>") == std::string::npos);
  BOOST_TEST(page.find("Replay of \\u003cscript>") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(bad_traces_are_refused_with_file_and_line) {
  const std::string good = Trace(3);
  const auto refused = [&](const std::string& text, const std::string& part) {
    Refuses({"--trace", Write("bad.csv", text), "--baselines", "--decisions", At("d.csv"),
             "--summary", At("s.json"), "--html", At("h.html")},
            part);
    fs::remove(path / "bad.csv");
  };
  const auto with = [&](std::size_t line, const std::string& text) {
    auto lines = Lines(good);
    lines[line - 1] = text;
    std::string out;
    for (const auto& l : lines) out += l + "\n";
    return out;
  };
  const auto time = [](int hour) { return std::to_string(1767225600 + 3600 * hour); };
  refused("", "bad.csv: no rows");
  refused("timestamp,value\n", "bad.csv: no rows");
  refused(with(10, time(8) + ",-4"), "bad.csv:10: ");
  refused(with(10, time(8) + ","), "bad.csv:10: no value");
  refused(with(10, time(8) + ",nan"), "bad.csv:10: ");
  refused(with(10, time(8) + ",many"), "bad.csv:10: 'many' is no number");
  refused(with(10, time(8) + ",1e400"), "bad.csv:10: ");
  refused(with(10, time(8) + ",1e300"), "bad.csv:10: ");
  refused(with(10, time(7) + ",4"), "bad.csv:10: 2026-01-01T07:00:00Z stands on the row before");
  refused(with(10, time(3) + ",4"), "bad.csv:10: 2026-01-01T03:00:00Z is earlier");
  refused(with(10, time(20) + ",4"), "bad.csv:10: 12 steps of 1h are missing");
  refused(with(10, "yesterday,4"), "bad.csv:10: 'yesterday' is not a time");
  refused(with(10, time(8)), "bad.csv:10: ");
  refused("1767225600,1\n1767229200,2\n1767232800,3\n", "3 steps is too short");
  std::string zero;
  for (int i = 0; i < 50; ++i) zero += time(i) + ",0\n";
  refused(zero, "demand is 0 throughout");
  Refuses({"--trace", At("nowhere.csv"), "--policy", "none", "--baselines"}, "cannot be read");
  fs::create_directory(path / "empty");
  Refuses({"--trace", At("empty"), "--policy", "none", "--baselines"}, "neither INDEX.tsv nor");
}

BOOST_AUTO_TEST_CASE(bad_policies_are_refused_with_file_and_line) {
  const auto trace = Write("load.csv", Trace(3));
  const auto refused = [&](const std::string& yaml, const std::string& part) {
    Refuses({"--trace", trace, "--policy", Write("policy.yaml", yaml)}, part);
  };
  refused("policy:\n  min_shards: none\n", "policy.yaml:2: policy.min_shards");
  refused("policy:\n  min_shard: 3\n", "policy.yaml:2: ");
  refused("policy:\n  min_shards: 9\n  max_shards: 3\n", "policy.yaml:3: ");
  refused("polices: {}\n", "policy.yaml:1: ");
  refused("", "policy.yaml:1: ");
  refused("policy: [\n", "policy.yaml:");
  Refuses({"--trace", trace, "--policy", At("nowhere.yaml")}, "nowhere.yaml: cannot be opened");
}

BOOST_AUTO_TEST_CASE(wrong_usage_is_said_before_any_work) {
  const auto trace = Write("load.csv", Trace(3));
  Refuses({}, "--trace FILE or --from-history");
  Refuses({"--trace", trace, "--from-history"}, "--trace FILE or --from-history");
  Refuses({"--trace", trace, "--policy", "none"}, "nobody to replay");
  Refuses({"--trace", trace, "--policy", "none", "--baselines", "--decisions", At("d.csv")},
          "--decisions");
  Refuses({"--trace", trace, "--fault", "weather=bad"}, "--fault");
  Refuses({"--trace", trace, "--full-migration-time", "4"}, "--full-migration-time");
  Refuses({"--trace", trace, "--penalty", "-1"}, "--penalty");
  Refuses({"--trace", trace, "--policy", "none", "--baselines", "--html", At("no/folder.html")},
          "is no folder");
  Refuses({"--from-history", "--data-dir", At("data")}, "--cluster");
  Refuses({"--from-history", "--data-dir", At("data"), "--cluster", "c"},
          "history.db is not there");
}

BOOST_AUTO_TEST_CASE(what_the_daemon_recorded_can_be_replayed) {
  fs::create_directory(path / "data");
  const auto trace = Write("load.csv", Trace(15, 1, 5));
  const auto import = Run({"history", "import", "--data-dir", At("data"), "--cluster", "cache",
                           "--resource", "requests", trace});
  BOOST_REQUIRE_MESSAGE(import.exit_code == 0, import.output);
  const Arguments from_history = {"--from-history", "--data-dir", At("data"),  "--cluster",
                                  "cache",          "--policy",   "none",      "--baselines",
                                  "--optimum",      "--summary",  At("h.json")};
  const auto run = Replay(from_history);
  BOOST_REQUIRE_MESSAGE(run.exit_code == 0, run.output);
  const auto summary = nlohmann::json::parse(Read("h.json"));
  BOOST_TEST(summary["traces"][0]["name"] == "cache");
  BOOST_TEST(summary["traces"][0]["step_seconds"] == 300);
  BOOST_TEST(summary["traces"][0]["judged_steps"].get<int>() >= 8 * 288 - 1);
}

BOOST_AUTO_TEST_CASE(an_index_says_which_files_a_folder_has) {
  Write("traces/b.csv", Trace(3, 1));
  Write("traces/a.csv", Trace(3, 2));
  Write("traces/notes.csv", "not,a,trace\n");
  Write("traces/INDEX.tsv", "file\tclass\nb.csv\tx\na.csv\ty\n");
  const auto run =
      Replay({"--trace", At("traces"), "--policy", "none", "--baselines", "--output", "json"});
  BOOST_REQUIRE_MESSAGE(run.exit_code == 0, run.output);
  const auto traces = nlohmann::json::parse(run.output)["traces"];
  BOOST_REQUIRE(traces.size() == 2);
  BOOST_TEST(traces[0]["name"] == "b");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidewright
