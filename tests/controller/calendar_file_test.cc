#include "controller/calendar_file.h"

#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace tidewright;

namespace {

namespace fs = std::filesystem;

struct Folder {
  Folder() {
    std::string name = (fs::temp_directory_path() / "tidewright-calendar-XXXXXX").string();
    BOOST_REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  std::string Write(const std::string& text) const {
    std::ofstream(path / "calendar.csv") << text;
    return (path / "calendar.csv").string();
  }
  fs::path path;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(calendar_file, Folder)

BOOST_AUTO_TEST_CASE(a_changed_file_is_in_force_and_a_bad_one_leaves_the_old_in_force) {
  CalendarFile file(Write("sale,2026-11-27,2h,2\n"));
  BOOST_TEST((file.calendar() == nullptr));
  BOOST_TEST(*file.Refresh());
  BOOST_TEST(!*file.Refresh());
  const auto path = Write("sale,2026-11-27,2h,0\n");
  const auto bad = file.Refresh();
  BOOST_TEST((bad.status().code() == StatusCode::kInvalidArgument));
  BOOST_TEST(Message(bad.status()).find("calendar.csv:1: ") != std::string::npos);
  BOOST_TEST(file.calendar()->events.front().value == 2);
  fs::remove(path);
  BOOST_TEST(!file.Refresh().ok());
  BOOST_TEST(file.calendar()->events.size() == 1u);
  Write("sale,2026-11-27,2h,3\n");
  BOOST_TEST(*file.Refresh());
  BOOST_TEST(file.calendar()->events.front().value == 3);
}

BOOST_AUTO_TEST_CASE(without_a_file_there_is_no_calendar) {
  CalendarFile file("");
  BOOST_TEST(!*file.Refresh());
  BOOST_TEST((file.calendar() == nullptr));
}

BOOST_AUTO_TEST_CASE(the_example_is_in_order) {
  const char* source = std::getenv("TIDEWRIGHT_SOURCE_DIR");
  BOOST_REQUIRE(source != nullptr);
  CalendarFile file(std::string(source) + "/deploy/calendar.example.csv");
  const auto read = file.Refresh();
  BOOST_REQUIRE_MESSAGE(read.ok(), Message(read.status()));
  BOOST_TEST(file.calendar()->events.size() == 7u);
}

BOOST_AUTO_TEST_SUITE_END()
