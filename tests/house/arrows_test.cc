// The rules of the house that a compiler does not check (HACKING.md has the map).
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

const std::vector<std::string> kRooms = {
    "core",     "io",       "config", "history", "journal",    "collector", "forecast", "planner",
    "actuator", "alerting", "stores", "server",  "controller", "cli",       "replay",   "bench"};

/// Who may include what. "room" is all of it, "room/file.h" is one value's header alone.
const std::map<std::string, std::set<std::string>> kMayInclude = {
    {"core", {}},
    {"io", {"core"}},
    {"config", {"core", "planner/policy.h", "planner/baselines/baselines.h"}},
    {"collector", {"core"}},
    {"forecast", {"core"}},
    {"planner", {"core", "collector/load_snapshot.h", "forecast/forecast.h"}},
    {"actuator", {"core", "planner/plan.h"}},
    {"actuator/provisioners", {"core", "io", "actuator/provisioner.h"}},
    {"history", {"core", "io", "collector/load_snapshot.h"}},
    {"journal",
     {"core", "io", "api", "planner/plan.h", "actuator/action.h", "actuator/action_log.h",
      "actuator/leadership.h",
      "actuator/state_machine.h"}},
    {"alerting",
     {"core", "io", "collector/load_snapshot.h", "forecast/forecast.h", "planner/plan.h",
      "actuator/action.h"}},
    {"stores",
     {"core", "io", "collector/load_source.h", "actuator/store_actuator.h", "actuator/action.h",
      "actuator/leadership.h", "actuator/provisioner.h", "planner/plan.h"}},
    {"server",
     {"core", "io", "api", "actuator/action.h", "actuator/executor.h", "alerting/alert.h",
      "collector/load_snapshot.h", "forecast/forecast.h", "journal/journal.h",
      "journal/stop_file.h", "planner/plan.h", "planner/policy.h", "planner/savings.h",
      "planner/tally.h"}},
    {"controller",
     {"core", "io", "config", "history", "journal", "collector", "forecast", "planner", "actuator",
      "alerting", "stores", "server"}},
    {"cli",
     {"core", "api", "history", "journal/audit.h", "journal/stop_file.h", "forecast/forecast.h",
      "forecast/forecaster.h", "forecast/evaluation.h", "config/config.h", "replay/trial.h",
      "replay/trace_class.h", "planner/baselines/baselines.h", "stores/redis/capability.h"}},
    {"replay", {"core", "config", "forecast", "planner", "history"}},
    {"bench",
     {"core", "io", "config", "collector", "forecast", "planner", "actuator", "stores", "history",
      "journal"}},
};

fs::path Source() {
  const char* path = std::getenv("TIDEWRIGHT_SOURCE_DIR");
  BOOST_REQUIRE_MESSAGE(path != nullptr, "TIDEWRIGHT_SOURCE_DIR is not set");
  return path;
}

std::vector<fs::path> SourceFiles() {
  std::vector<fs::path> files;
  for (const auto& room : kRooms) {
    if (!fs::exists(Source() / room)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(Source() / room)) {
      const auto extension = entry.path().extension();
      if (extension == ".h" || extension == ".cc") {
        files.push_back(fs::relative(entry.path(), Source()));
      }
    }
  }
  return files;
}

std::vector<std::string> Lines(const fs::path& file) {
  std::ifstream in(Source() / file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string RoomOf(const std::string& path) { return path.substr(0, path.find('/')); }

/// The rules that hold for a file: those of its folder if it has some of its own, else its room's.
const std::set<std::string>& RulesFor(const fs::path& file) {
  const auto own = kMayInclude.find(file.parent_path().string());
  return own != kMayInclude.end() ? own->second : kMayInclude.at(RoomOf(file.string()));
}

/// "room/file.h" of an include of ours, else empty. "tidewright/…" is generated: the room api.
std::string OurInclude(const std::string& line) {
  static const std::regex kInclude(R"re(^\s*#\s*include\s*["<]([^">]+)[">])re");
  std::smatch match;
  if (!std::regex_search(line, match, kInclude)) return "";
  const std::string path = match[1];
  if (path.rfind("tidewright/", 0) == 0) return "api/" + path;
  const bool ours = std::find(kRooms.begin(), kRooms.end(), RoomOf(path)) != kRooms.end();
  return ours && path.find('/') != std::string::npos ? path : "";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(house)

BOOST_AUTO_TEST_CASE(rooms_include_only_what_the_map_allows) {
  int includes = 0;
  for (const auto& file : SourceFiles()) {
    const std::string room = RoomOf(file.string());
    for (const auto& line : Lines(file)) {
      const std::string path = OurInclude(line);
      if (path.empty()) continue;
      ++includes;
      const std::string target = RoomOf(path);
      const auto& rules = RulesFor(file);
      const bool allowed = target == room || rules.count(target) > 0 || rules.count(path) > 0;
      BOOST_TEST(allowed, file.string() << " must not include " << path);
    }
  }
  BOOST_TEST(includes > 100);  // else nothing was looked at
}

BOOST_AUTO_TEST_CASE(nobody_but_core_clock_reads_a_clock_or_sleeps) {
  const std::regex reads(
      R"(_clock::now\s*\(|clock_gettime|gettimeofday|\btime\s*\(\s*(NULL|nullptr|0)?\s*\)|sleep_for|sleep_until|\bu?sleep\s*\(|nanosleep|localtime)");
  int files = 0;
  for (const auto& file : SourceFiles()) {
    if (file == fs::path("core/clock.cc")) continue;
    ++files;
    int number = 0;
    for (const auto& line : Lines(file)) {
      ++number;
      const std::string code = line.substr(0, line.find("//"));
      BOOST_TEST(!std::regex_search(code, reads),
                 file.string() << ":" << number << " reads a clock: " << line);
    }
  }
  BOOST_TEST(files > 30);
  BOOST_TEST(std::regex_search(std::string("std::chrono::steady_clock::now()"), reads));
}

BOOST_AUTO_TEST_CASE(detached_threads_do_not_exist) {
  for (const auto& file : SourceFiles()) {
    for (const auto& line : Lines(file)) {
      BOOST_TEST(line.find(".detach()") == std::string::npos, file.string() << ": " << line);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
