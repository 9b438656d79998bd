// A folder in which a test runs the real tidectl on files.
#pragma once

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "core/clock.h"
#include "io/subprocess.h"
#include "tests/storage_support.h"

namespace tidewright::testing {

struct CliFolder {
  std::string Write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((path / name).parent_path());
    std::ofstream(path / name, std::ios::binary) << text;
    return At(name);
  }
  [[nodiscard]] std::string At(const std::string& name) const { return (path / name).string(); }
  [[nodiscard]] std::string Read(const std::string& name) const {
    std::ifstream in(path / name, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }
  [[nodiscard]] std::size_t Files() const {
    using Entries = std::filesystem::directory_iterator;
    return static_cast<std::size_t>(std::distance(Entries(path), Entries()));
  }
  /// Runs tidectl with these arguments; `output` is stdout and stderr together.
  static io::RunResult Run(const std::vector<std::string>& arguments) {
    const char* programs = std::getenv("TIDEWRIGHT_BIN_DIR");
    BOOST_REQUIRE(programs != nullptr);
    std::vector<std::string> command = {std::string(programs) + "/tidectl"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    RealClock clock;
    auto run = io::Run(command, std::chrono::seconds(90), clock);
    BOOST_REQUIRE_MESSAGE(run.ok(), run.status());
    return *run;
  }

  TempFolder folder;
  std::filesystem::path path = folder.path();
};

}  // namespace tidewright::testing
