#include "forecast/lanes.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <vector>

#include "core/random.h"
#include "forecast/path_quantiles.h"
#include "forecast/small_cholesky.h"

namespace tidewright {
namespace {

BOOST_AUTO_TEST_SUITE(lanes)

BOOST_AUTO_TEST_CASE(the_exponential_is_that_of_the_library_and_exact_at_zero) {
  BOOST_TEST(Exp(Splat(0))[0] == 1.0F);
  for (double x = -80; x < 80; x += 0.0371) {
    const auto argument = static_cast<float>(x);
    const double expected = std::exp(static_cast<double>(argument));
    BOOST_TEST(std::abs(Exp(Splat(argument))[2] / expected - 1) < 5e-7);
  }
  BOOST_TEST(std::isfinite(Exp(Splat(1e30F))[1]));
  BOOST_TEST(Exp(Splat(-1e30F))[3] >= 0.0F);
}

BOOST_AUTO_TEST_CASE(rows_of_any_length_are_changed_and_added_up_to_their_end_and_no_further) {
  for (int count = 0; count <= 17; ++count) {
    std::vector<float> values(20, 3.0F);
    const std::vector<float> others(20, 2.0F);
    Transform(
        values.data(), count, [](Floats v, Floats other) { return v * other; }, others.data());
    for (int i = 0; i < 20; ++i) BOOST_TEST(values[i] == (i < count ? 6.0F : 3.0F));
    BOOST_TEST(SumOf(values.data(), count) == 6.0F * static_cast<float>(count));
  }
}

BOOST_AUTO_TEST_CASE(the_ranks_asked_for_are_those_of_sorted_paths) {
  Random random(5);
  for (const int paths : {1, 2, 3, 37, 200}) {
    SamplePaths all{.paths = paths, .steps = 21, .values = {}};
    for (int i = 0; i < paths * all.steps; ++i) {
      all.values.push_back(static_cast<float>(random.Below(50)));  // with ties
    }
    const std::vector<int> ranks = RanksFor({0.5, 0.9, 0.99}, paths);
    ColumnSorter sorter(all, ranks);
    for (int step = 0; step < all.steps; ++step) {
      const int lane = step % ColumnSorter::kWidth;
      if (lane == 0) sorter.Sort(step);
      std::vector<float> column;
      for (int k = 0; k < paths; ++k) column.push_back(all.At(k, step));
      std::sort(column.begin(), column.end());
      for (const int rank : ranks) {
        BOOST_TEST(sorter.At(rank, lane) == column[static_cast<std::size_t>(rank)]);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(factors_side_by_side_solve_each_shifted_matrix) {
  SmallMatrix m{.size = 2, .values = {}};
  m.At(0, 0) = 4;
  m.At(1, 0) = 1;
  m.At(1, 1) = 3;
  const std::array<double, 2> shifts = {0, 2};
  const SmallCholesky<2> factors(m, shifts);
  const auto x = factors.Solve({1, 2});
  const auto trace = factors.InverseTrace();
  const auto near = boost::test_tools::tolerance(1e-12);
  for (std::size_t s = 0; s < shifts.size(); ++s) {
    const double a = 4 + shifts[s];
    const double d = 3 + shifts[s];
    const double determinant = a * d - 1;
    BOOST_TEST(x[0][s] == (d * 1 - 1 * 2) / determinant, near);
    BOOST_TEST(x[1][s] == (a * 2 - 1 * 1) / determinant, near);
    BOOST_TEST(trace[s] == (a + d) / determinant, near);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright
