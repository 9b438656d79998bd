#include "forecast/partition_shares.h"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numeric>

#include "forecast/forecaster.h"
#include "tests/forecast/worlds.h"

namespace tidewright {
namespace {

constexpr int kPartitions = 40;
const WallTime kNow = testing::Regular({0}).start;

// Partition p has 1 + p % 4 parts of what all have, give or take.
ShareMemory Learned() {
  ShareMemory memory;
  Random random(1);
  for (int minute = 0; minute < 300; ++minute) {
    std::vector<double> shares;
    for (int p = 0; p < kPartitions; ++p) {
      shares.push_back((1 + p % 4) * (1 + 0.2 * random.Uniform()));
    }
    const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
    for (double& s : shares) s /= sum;
    memory.Update(Resource::kRequests, shares, 1000, kNow + std::chrono::minutes(minute - 300));
  }
  return memory;
}

Forecast Whole() {
  ForecastRequest request;
  request.keep_paths = true;
  request.horizon = 48;
  request.windows = {std::chrono::hours(1)};
  return MakeForecast(testing::StateOf(testing::DailyLoad(3, 0.1, 1)), request).value();
}

BOOST_AUTO_TEST_SUITE(partition_shares)

BOOST_AUTO_TEST_CASE(forecasts_of_all_partitions_add_up_to_the_whole) {
  const Forecast whole = Whole();
  const auto shares = Learned().Shares(Resource::kRequests, kNow);
  std::vector<double> sum(whole.mean.size(), 0.0);
  for (int p = 0; p < kPartitions; ++p) {
    const Forecast part = ForecastPart(whole, shares, std::vector<int>{p}).value();
    for (std::size_t h = 0; h < sum.size(); ++h) {
      sum[h] += part.mean[h];
      BOOST_TEST(part.quantiles[0][h] <= part.quantiles[4][h]);
    }
    // Its share of demand, within its noise.
    BOOST_TEST(std::abs(part.mean[0] / whole.mean[0] / ((1 + p % 4) / 100.0) - 1) < 0.1);
    BOOST_TEST(part.maxima.size() == 1u);
  }
  for (std::size_t h = 0; h < sum.size(); ++h) {
    BOOST_TEST(std::abs(sum[h] / whole.mean[h] - 1) < 1e-4, "step " << h);
  }
}

BOOST_AUTO_TEST_CASE(a_shards_forecast_is_the_sum_of_its_partitions) {
  const Forecast whole = Whole();
  const auto shares = Learned().Shares(Resource::kRequests, kNow);
  const Forecast shard = ForecastPart(whole, shares, std::vector<int>{3, 4, 5}).value();
  double sum = 0;
  for (const int p : {3, 4, 5}) sum += ForecastPart(whole, shares, std::vector<int>{p})->mean[7];
  BOOST_TEST(std::abs(shard.mean[7] / sum - 1) < 1e-4);
}

BOOST_AUTO_TEST_CASE(shares_survive_being_kept) {
  const ShareMemory memory = Learned();
  const std::string bytes = memory.Encode();
  BOOST_TEST(bytes.size() == 6u + 24u * kPartitions);  // of the one resource that is known
  const auto back = ShareMemory::Decode(bytes);
  BOOST_REQUIRE(back.ok());
  BOOST_TEST(back->Encode() == bytes);
  BOOST_TEST(back->Means(Resource::kRequests, kNow) == memory.Means(Resource::kRequests, kNow),
             boost::test_tools::per_element());
  for (std::size_t cut = 0; cut < bytes.size(); cut += 13) {
    const auto broken = ShareMemory::Decode(bytes.substr(0, cut));
    BOOST_TEST((broken.status().code() == StatusCode::kDataLoss));
  }
  std::string later = bytes;
  later[0] = 9;
  BOOST_TEST((ShareMemory::Decode(later).status().code() == StatusCode::kDataLoss));
}

BOOST_AUTO_TEST_CASE(what_moves_between_partitions_is_followed_within_hours) {
  ShareMemory memory = Learned();
  for (int minute = 0; minute < 360; ++minute) {
    std::vector<double> shares(kPartitions, 0.5 / (kPartitions - 1));
    shares[7] = 0.5;
    memory.Update(Resource::kRequests, shares, 1000, kNow + std::chrono::minutes(minute));
  }
  const auto means = memory.Means(Resource::kRequests, kNow + std::chrono::hours(6));
  BOOST_TEST(means[7] > 0.45);
  BOOST_TEST(std::abs(std::accumulate(means.begin(), means.end(), 0.0) - 1) < 1e-9);
}

BOOST_AUTO_TEST_CASE(without_shares_or_for_no_partition_there_is_an_error_and_no_number) {
  const Forecast whole = Whole();
  const std::vector<int> first = {0};
  BOOST_TEST((ForecastPart(whole, {}, first).status().code() == StatusCode::kFailedPrecondition));
  const auto shares = Learned().Shares(Resource::kRequests, kNow);
  const std::vector<int> beyond = {kPartitions};
  BOOST_TEST((ForecastPart(whole, shares, beyond).status().code() == StatusCode::kInvalidArgument));
  BOOST_TEST(Learned().Shares(Resource::kCpu, kNow).empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright
