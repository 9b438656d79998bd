#include "forecast/hierarchy.h"

#include <boost/test/unit_test.hpp>
#include <cstring>

#include "tests/forecast/worlds.h"

namespace tidewright {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using testing::kDay;

const WallTime kStart = testing::Regular({}).start;
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

WallTime At(int step) { return kStart + minutes(5) * step; }

/// Positive noise around `level`, `deviation` relative to it.
SamplePaths Noisy(int paths, int steps, double level, double deviation, std::uint64_t seed) {
  Random random(seed);
  SamplePaths out{.paths = paths, .steps = steps, .values = {}};
  for (int i = 0; i < paths * steps; ++i) {
    out.values.push_back(static_cast<float>(level * std::exp(deviation * random.Normal())));
  }
  return out;
}

void CheckSums(const SamplePaths& parent, const std::vector<SamplePaths*>& children) {
  for (std::size_t i = 0; i < parent.values.size(); ++i) {
    double sum = 0;
    for (const SamplePaths* child : children) {
      BOOST_REQUIRE((std::isfinite(child->values[i]) && child->values[i] >= 0));
      sum += child->values[i];
    }
    const double whole = parent.values[i];
    BOOST_REQUIRE_MESSAGE(std::abs(sum - whole) <= 1e-6 * whole, i << ": " << sum << " " << whole);
  }
}

double MeanOf(const SamplePaths& paths) {
  double sum = 0;
  for (const float v : paths.values) sum += v;
  return sum / static_cast<double>(paths.values.size());
}

/// A share that was `mean` of 1000 for `steps` steps.
ShareState Steady(double mean, int steps) {
  ShareState state;
  for (int i = 0; i < steps; ++i) UpdateShare(state, 1000 * mean, 1000, At(i));
  return state;
}

BOOST_AUTO_TEST_SUITE(hierarchy)

BOOST_AUTO_TEST_CASE(children_add_up_to_their_parent_on_every_path_and_step) {
  const SamplePaths parent = Noisy(50, 40, 1000, 0.3, 1);
  SamplePaths a = Noisy(50, 40, 400, 0.2, 2);
  SamplePaths b = Noisy(50, 40, 300, 1.5, 3);
  SamplePaths c = Noisy(50, 40, 0.001, 0.1, 4);
  SamplePaths rest = DrawRest(parent, {.mean = 0.3, .deviation = 0.1}, 5);
  const std::vector<SamplePaths*> children = {&a, &b, &c, &rest};
  BOOST_TEST(Reconcile(parent, children).ok());
  CheckSums(parent, children);
}

BOOST_AUTO_TEST_CASE(children_far_above_or_below_their_parent_still_add_up) {
  for (const double level : {1e-12, 1e-3, 1.0, 1e6, 1e12}) {
    const SamplePaths parent = Noisy(20, 10, 1000, 0.3, 6);
    SamplePaths a = Noisy(20, 10, level, 0.2, 7);
    SamplePaths b = Noisy(20, 10, level, 1.0, 8);
    const std::vector<SamplePaths*> children = {&a, &b};
    BOOST_TEST(Reconcile(parent, children).ok());
    CheckSums(parent, children);
  }
}

BOOST_AUTO_TEST_CASE(those_who_know_least_give_way_most) {
  const SamplePaths parent = Noisy(200, 10, 800, 0.01, 9);
  SamplePaths sure = Noisy(200, 10, 500, 0.02, 10);
  SamplePaths unsure = Noisy(200, 10, 500, 0.5, 11);
  BOOST_TEST(Reconcile(parent, std::vector<SamplePaths*>{&sure, &unsure}).ok());
  BOOST_TEST(MeanOf(sure) > 470);
  BOOST_TEST(MeanOf(unsure) < 330);
}

BOOST_AUTO_TEST_CASE(what_is_no_number_spoils_nothing) {
  SamplePaths parent = Noisy(10, 10, 1000, 0.1, 12);
  SamplePaths a = Noisy(10, 10, 600, 0.1, 13);
  SamplePaths b = Noisy(10, 10, 400, 0.1, 14);
  a.values[3] = kNaN;
  b.values[4] = -5;
  a.values[5] = b.values[5] = std::numeric_limits<float>::infinity();
  a.values[6] = b.values[6] = 0;
  const std::vector<SamplePaths*> children = {&a, &b};
  BOOST_TEST(Reconcile(parent, children).ok());
  CheckSums(parent, children);
  BOOST_TEST(b.values[6] == parent.values[6]);  // the last takes what nobody has
  parent.values[7] = kNaN;
  parent.values[8] = 0;
  const float before = a.values[7];
  BOOST_TEST(Reconcile(parent, children).ok());
  BOOST_TEST(a.values[7] == before);
  BOOST_TEST(a.values[8] + b.values[8] == 0);
  SamplePaths shorter = Noisy(10, 9, 1, 0.1, 15);
  BOOST_TEST((Reconcile(parent, std::vector<SamplePaths*>{&shorter}).code() ==
              StatusCode::kInvalidArgument));
  BOOST_TEST(Reconcile(parent, {}).ok());
}

BOOST_AUTO_TEST_CASE(a_hot_partitions_growth_is_not_averaged_away) {
  // A shard of which one partition grows from a tenth to two fifths within the last eight hours.
  Random random(16);
  std::vector<double> hot;
  std::vector<double> shard;
  ShareState rest;
  const int n = 7 * kDay;
  for (int i = 0; i < n; ++i) {
    const double growth = std::clamp((i - (n - 8 * 12)) / (8.0 * 12), 0.0, 1.0);
    const double others = testing::DailyShape(i) * (1 + 0.03 * random.Normal());
    hot.push_back((100 + 600 * growth) * (1 + 0.03 * random.Normal()));
    shard.push_back(hot.back() + others);
    UpdateShare(rest, others, shard.back(), At(i), hours(3));
  }
  ForecastRequest request;
  request.keep_paths = true;
  request.horizon = 24;
  auto of_shard = MakeForecast(testing::StateOf(shard), request);
  auto of_hot = MakeForecast(testing::StateOf(hot), request);
  BOOST_REQUIRE((of_shard.ok() && of_hot.ok()));
  SamplePaths rest_paths = DrawRest(of_shard->paths, ShareAt(rest, At(n)), 1);
  const std::vector<SamplePaths*> children = {&of_hot->paths, &rest_paths};
  BOOST_TEST(Reconcile(of_shard->paths, children).ok());
  CheckSums(of_shard->paths, children);
  ReadOff(of_hot->paths, request, *of_hot);
  BOOST_TEST(of_hot->quantiles[0][6] > 0.85 * 700);
  BOOST_TEST(of_hot->quantiles[0][6] < 1.15 * 700);
}

BOOST_AUTO_TEST_CASE(a_share_is_the_ratio_over_the_last_days) {
  ShareState state;
  Random random(17);
  for (int i = 0; i < 3 * kDay; ++i) {
    const double whole = testing::DailyShape(i);
    UpdateShare(state, 0.02 * whole * (1 + 0.3 * random.Normal()), whole, At(i));
  }
  const Share share = ShareAt(state, At(3 * kDay));
  BOOST_TEST(share.mean == 0.02, boost::test_tools::tolerance(0.05));
  BOOST_TEST(share.deviation == 0.006, boost::test_tools::tolerance(0.15));
}

BOOST_AUTO_TEST_CASE(missing_samples_do_not_lower_a_share) {
  ShareState state = Steady(0.1, kDay);
  const ShareState before = state;
  for (const double bad : {std::nan(""), -1.0, 1e300, HUGE_VAL}) {
    UpdateShare(state, bad, 1000, At(kDay));
    UpdateShare(state, 100, bad, At(kDay));
  }
  UpdateShare(state, 100, 0, At(kDay));
  UpdateShare(state, 900, 1000, At(kDay - 1));  // told already
  BOOST_TEST((state == before));
  BOOST_TEST(ShareAt(state, At(2 * kDay - 10)).mean == 0.1, boost::test_tools::tolerance(1e-5));
  UpdateShare(state, 100, 1000, At(5 * kDay));  // three days later
  BOOST_TEST(ShareAt(state, At(5 * kDay)).mean == 0.1, boost::test_tools::tolerance(1e-5));
}

BOOST_AUTO_TEST_CASE(a_vanished_partitions_share_decays) {
  ShareState state = Steady(0.1, 4 * kDay);
  for (int i = 4 * kDay; i < 5 * kDay; ++i) UpdateShare(state, 0, 1000, At(i));
  // e^-1, from a state that four days had filled to 1 − e^-4.
  BOOST_TEST(ShareAt(state, At(5 * kDay)).mean == 0.0361, boost::test_tools::tolerance(0.02));
  // Not heard of any more: full for a day, then less by the day.
  const ShareState silent = Steady(0.1, kDay);
  BOOST_TEST(ShareAt(silent, At(3 * kDay)).mean == 0.1 * std::exp(-1),
             boost::test_tools::tolerance(0.02));
  BOOST_TEST(ShareAt(silent, At(30 * kDay)).mean < 1e-9);
}

BOOST_AUTO_TEST_CASE(a_new_partition_has_a_share_at_once_and_much_doubt) {
  BOOST_TEST(ShareAt({}, At(0)).mean == 0);
  const Share fresh = ShareAt(Steady(0.1, 1), At(0));
  BOOST_TEST(fresh.mean == 0.1, boost::test_tools::tolerance(1e-5));
  BOOST_TEST(fresh.deviation > 0.03);
  BOOST_TEST(ShareAt(Steady(0.1, kDay), At(kDay)).deviation < 0.005);
}

BOOST_AUTO_TEST_CASE(shares_add_up_on_every_path_and_keep_their_means) {
  const std::vector<Share> shares = {{.mean = 0.5, .deviation = 0.05},
                                     {.mean = 0.3, .deviation = 0.2},
                                     {.mean = 0, .deviation = 0},
                                     {.mean = 0.4, .deviation = 0}};  // they need not sum to 1
  const std::vector<std::uint64_t> ids = {7, 8, 9, 10};
  const SharePaths drawn = DrawShares(shares, ids, 400, 1);
  std::vector<double> means(4, 0.0);
  for (int k = 0; k < 400; ++k) {
    double sum = 0;
    for (int i = 0; i < 4; ++i) {
      sum += drawn.At(i, k);
      means[static_cast<std::size_t>(i)] += drawn.At(i, k) / 400;
    }
    BOOST_TEST(sum == 1.0, boost::test_tools::tolerance(1e-6));
  }
  BOOST_TEST(means[0] == 0.5 / 1.2, boost::test_tools::tolerance(0.06));
  BOOST_TEST(means[2] == 0.0);
  // By id, not by place.
  const SharePaths again =
      DrawShares(std::vector<Share>{shares[1]}, std::vector<std::uint64_t>{8}, 400, 1);
  BOOST_TEST(again.At(0, 5) == 1.0F);
  const SharePaths none =
      DrawShares(std::vector<Share>{{}, {}}, std::vector<std::uint64_t>{1, 2}, 10, 1);
  BOOST_TEST(none.At(1, 5) == 0.0F);
}

BOOST_AUTO_TEST_CASE(the_rests_children_add_up_to_it_and_their_maxima_agree_with_their_paths) {
  const SamplePaths rest = Noisy(100, 24, 500, 0.3, 18);
  const std::vector<Share> shares = {{.mean = 0.5, .deviation = 0.1},
                                     {.mean = 0.2, .deviation = 0.1},
                                     {.mean = 0.1, .deviation = 0.1}};
  const std::vector<std::uint64_t> ids = {1, 2, 3};
  const SharePaths drawn = DrawShares(shares, ids, 100, 3);
  std::vector<SamplePaths> children;
  for (int i = 0; i < 3; ++i) children.push_back(ChildPaths(rest, drawn, i));
  CheckSums(rest, {&children[0], &children[1], &children[2]});
  ForecastRequest request;
  request.windows = {hours(1)};
  Forecast read;
  ReadOff(children[1], request, read);
  const auto quick = ChildMaximum(PathMaxima(rest, 12), drawn, 1, request.levels);
  for (std::size_t l = 0; l < request.levels.size(); ++l) {
    BOOST_TEST(quick[l] == read.maxima[0].quantiles[l], boost::test_tools::tolerance(1e-6));
  }
}

BOOST_AUTO_TEST_CASE(reading_off_anew_says_what_the_forecast_said) {
  ForecastRequest request;
  request.keep_paths = true;
  request.windows = {hours(1), hours(4)};
  const auto f = MakeForecast(testing::StateOf(testing::DailyLoad(7, 0.1, 19)), request);
  BOOST_REQUIRE(f.ok());
  Forecast again;
  ReadOff(f->paths, request, again);
  BOOST_TEST(again.mean == f->mean);
  for (std::size_t l = 0; l < request.levels.size(); ++l) {
    for (int h = 0; h < request.horizon; ++h) {
      BOOST_TEST(again.quantiles[l][h] == f->quantiles[l][h], boost::test_tools::tolerance(1e-6));
    }
  }
  BOOST_TEST(again.maxima[1].quantiles == f->maxima[1].quantiles);
}

BOOST_AUTO_TEST_CASE(a_full_forecast_goes_to_the_hottest_and_stays_where_it_is_for_a_while) {
  std::vector<double> demand = {10, 50, std::nan(""), 40, 0, 30, -1};
  std::vector<std::uint8_t> full(demand.size(), 0);
  const auto choose = [&](std::size_t budget) { return ChooseFull(demand, full, budget); };
  BOOST_TEST((choose(2) == std::vector<std::size_t>{1, 3}));
  BOOST_TEST((choose(100) == std::vector<std::size_t>{0, 1, 3, 5}));
  BOOST_TEST(choose(0).empty());
  full[1] = full[3] = 1;
  demand[5] = 49;  // not a quarter more than 40
  BOOST_TEST((choose(2) == std::vector<std::size_t>{1, 3}));
  demand[5] = 51;
  BOOST_TEST((choose(2) == std::vector<std::size_t>{1, 5}));
  demand[1] = 0;  // gone: keeps nothing
  BOOST_TEST((choose(2) == std::vector<std::size_t>{3, 5}));
}

BOOST_AUTO_TEST_CASE(shares_survive_their_bytes_and_old_bytes_stay_readable) {
  PartitionShares shares;
  shares[Resource::kRequests] = {.child = 1.5F,
                                 .whole = 30.0F,
                                 .error_squares = 0.25F,
                                 .whole_squares = 900.0F,
                                 .weight = 2.0F,
                                 .minute = 29000000};
  shares[Resource::kNetwork].child = 7.0F;
  const std::string bytes = EncodeShares(shares);
  BOOST_TEST(bytes.size() == kShareBytes);
  std::string hex;
  for (const char c : bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  const std::string zeros(48, '0');
  const std::string golden =
      "01"
      "0000c03f0000f0410000803e00006144000000404081ba01" +
      zeros + zeros + "0000e040" + std::string(40, '0');
  BOOST_TEST(hex == golden);
  const auto read = DecodeShares(bytes);
  BOOST_REQUIRE_MESSAGE(read.ok(), Message(read.status()));
  BOOST_TEST((*read == shares));
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_shares_are_refused) {
  const std::string good = EncodeShares({});
  std::string negative = good;
  negative[4] = static_cast<char>(0x80);
  negative[3] = static_cast<char>(0x80);
  std::string infinite = good;
  infinite[4] = 0x7f;
  infinite[3] = static_cast<char>(0x80);
  for (const std::string& bad : {std::string(), std::string("\x02") + good.substr(1),
                                 good.substr(1), good + "x", negative, infinite}) {
    BOOST_TEST((DecodeShares(bad).status().code() == StatusCode::kDataLoss));
  }
}

BOOST_AUTO_TEST_CASE(four_resources_of_a_partition_rest_in_less_than_a_hundred_bytes) {
  BOOST_TEST(sizeof(PartitionShares) < 100u);
  BOOST_TEST(kShareBytes < 100u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright
