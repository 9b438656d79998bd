#include "cli/render.h"

#include <boost/test/unit_test.hpp>
#include <cmath>

using namespace tidewright::cli;

BOOST_AUTO_TEST_SUITE(render)

BOOST_AUTO_TEST_CASE(tables_line_up_whatever_their_cells_hold) {
  const auto text = Table({{"NAME", "N"}, {"é", "7"}, {"long name", "1234"}});
  BOOST_TEST(text ==
             "NAME       N\n"
             "é             7\n"
             "long name  1234\n");
  BOOST_TEST(DisplayWidth("\033[31mré\033[0m") == 2u);
}

BOOST_AUTO_TEST_CASE(figures_are_short_and_carry_their_unit) {
  BOOST_TEST(Human(11234) == "11.2k");
  BOOST_TEST(Human(0.01234) == "0.0123");
  BOOST_TEST(HumanBytes(1536) == "1.5KiB");
  BOOST_TEST(HumanResource("cpu", 0.4211) == "0.421 cores");
  BOOST_TEST(HumanResource("requests", 2500) == "2500 RU/s");
}

BOOST_AUTO_TEST_CASE(a_chart_draws_history_then_forecast_and_leaves_gaps_empty) {
  ChartInput input;
  input.history = {1, 1, std::nan(""), 1};
  input.median = {2, 2, 2, 2};
  input.low = input.median;
  input.high = {3, 3, 3, 3};
  input.capacity = 4;
  input.now_label = "now";
  const auto text = Chart(Terminal{}, input, 17, 5);
  BOOST_TEST(text.find("•") != std::string::npos);
  BOOST_TEST(text.find("·") != std::string::npos);
  BOOST_TEST(text.find("░") != std::string::npos);
  BOOST_TEST(text.find("═") != std::string::npos);
  BOOST_TEST(text.find("now") != std::string::npos);
  BOOST_TEST(text.find('\033') == std::string::npos);  // no colour where none was asked for
  BOOST_TEST(Chart(Terminal{}, ChartInput{}, 40, 5).find("nothing") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
