#include "collector/partition_table.h"

#include <boost/test/unit_test.hpp>

#include "tests/collector/samples.h"

using namespace tidewright;
namespace tt = boost::test_tools;

namespace {

using Fractions = PerResource<std::optional<double>>;

Fractions All(double value) {
  Fractions fractions;
  for (const Resource r : kAllResources) fractions[r] = value;
  return fractions;
}

PartitionSample Keys(int partition, double keys) {
  PartitionSample sample;
  sample.partition = partition;
  sample.keys = keys;
  return sample;
}

PartitionSample Counters(int partition, double keys, double cpu, double bytes) {
  auto sample = Keys(partition, keys);
  sample.cpu_seconds = cpu;
  sample.network_bytes = bytes;
  return sample;
}

double SumOf(const std::vector<PartitionShare>& shares, Resource r) {
  double sum = 0;
  for (const auto& share : shares) sum += share.share[r];
  return sum;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(partition_table)

BOOST_AUTO_TEST_CASE(shares_are_zero_while_nothing_is_known) {
  PartitionTable table(4);
  BOOST_TEST(SumOf(Shares(table), Resource::kRequests) == 0);
  Fold(table, "a", {Keys(0, 10), Keys(1, 20)}, {}, At(0));
  BOOST_TEST(SumOf(Shares(table), Resource::kRequests) == 0);
  BOOST_TEST(Shares(table)[1].keys == 20);
}

BOOST_AUTO_TEST_CASE(the_first_master_that_tells_does_not_seem_to_bear_everything) {
  PartitionTable table;
  Fold(table, "a", {Keys(0, 10), Keys(1, 20)}, All(0.5), At(0));
  BOOST_TEST(SumOf(Shares(table, 4), Resource::kRequests) == 0);
  Fold(table, "b", {Keys(2, 10), Keys(3, 20)}, All(0.5), At(0));
  BOOST_TEST(SumOf(Shares(table, 4), Resource::kRequests) == 1, tt::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(without_counters_a_nodes_load_is_divided_by_keys) {
  PartitionTable table(4);
  Fold(table, "a", {Keys(0, 10), Keys(1, 30)}, All(0.8), At(0));
  Fold(table, "b", {Keys(2, 500), Keys(3, 500)}, All(0.2), At(0));
  const auto shares = Shares(table);
  for (const Resource r : kAllResources) {
    BOOST_TEST(shares[0].share[r] == 0.2, tt::tolerance(1e-9));
    BOOST_TEST(shares[1].share[r] == 0.6, tt::tolerance(1e-9));
    BOOST_TEST(shares[2].share[r] == 0.1, tt::tolerance(1e-9));
    BOOST_TEST(SumOf(shares, r) == 1, tt::tolerance(1e-9));
  }
}

BOOST_AUTO_TEST_CASE(a_nodes_load_on_no_keys_is_divided_evenly) {
  PartitionTable table(2);
  Fold(table, "a", {Keys(0, 0), Keys(1, 0)}, All(1), At(0));
  BOOST_TEST(Shares(table)[0].share[Resource::kRequests] == 0.5);
}

BOOST_AUTO_TEST_CASE(memory_is_divided_by_what_the_store_tells_of_it) {
  PartitionTable table(2);
  auto small = Keys(0, 10);
  auto large = Keys(1, 10);
  small.memory_bytes = 100;
  large.memory_bytes = 300;
  Fold(table, "a", {small, large}, All(1), At(0));
  BOOST_TEST(Shares(table)[1].share[Resource::kMemory] == 0.75);
  BOOST_TEST(Shares(table)[1].share[Resource::kRequests] == 0.5);
  BOOST_TEST(Shares(table)[1].memory_bytes == 300);
}

BOOST_AUTO_TEST_CASE(counters_win_over_keys_as_soon_as_they_have_rates) {
  PartitionTable table(2);
  const std::vector<PartitionSample> first = {Counters(0, 10, 5, 1000), Counters(1, 10, 1, 9000)};
  BOOST_TEST(AwaitsRates(table, first));
  Fold(table, "a", first, All(1), At(0));
  BOOST_TEST(AwaitsRates(table, first));
  BOOST_TEST(Shares(table)[0].share[Resource::kCpu] == 0.5);
  Fold(table, "a", {Counters(0, 10, 8, 1100), Counters(1, 10, 2, 9300)}, All(1), At(60));
  BOOST_TEST(!AwaitsRates(table, first));
  const auto shares = Shares(table);
  BOOST_TEST(shares[0].share[Resource::kCpu] == 0.75);
  BOOST_TEST(shares[0].share[Resource::kRequests] == 0.75);
  BOOST_TEST(shares[0].share[Resource::kNetwork] == 0.25);
}

BOOST_AUTO_TEST_CASE(counters_that_restarted_or_have_another_teller_make_no_rate) {
  PartitionTable table(2);
  Fold(table, "a", {Counters(0, 10, 5, 0), Counters(1, 30, 5, 0)}, All(1), At(0));
  Fold(table, "a", {Counters(0, 10, 6, 0), Counters(1, 30, 1, 0)}, All(1), At(60));
  BOOST_TEST(Shares(table)[1].share[Resource::kCpu] == 0.75);  // by keys
  Fold(table, "b", {Counters(0, 10, 900, 0), Counters(1, 30, 901, 0)}, All(1), At(120));
  BOOST_TEST(Shares(table)[1].share[Resource::kCpu] == 0.75);
}

BOOST_AUTO_TEST_CASE(what_was_measured_of_a_partition_outlives_its_change_of_owner) {
  PartitionTable table(3);
  Fold(table, "a", {Counters(0, 10, 0, 0), Counters(1, 10, 0, 0)}, All(0.8), At(0));
  Fold(table, "b", {Counters(2, 10, 0, 0)}, All(0.2), At(0));
  Fold(table, "a", {Counters(0, 10, 7, 0), Counters(1, 10, 1, 0)}, All(0.8), At(60));
  Fold(table, "b", {Counters(2, 10, 2, 0)}, All(0.2), At(60));
  BOOST_TEST(Shares(table)[0].share[Resource::kCpu] == 0.7, tt::tolerance(1e-9));
  // Partition 0 moved to b, where its counter begins anew. By keys it would be half of b's load.
  Fold(table, "a", {Counters(1, 10, 2, 0)}, All(0.1), At(120));
  Fold(table, "b", {Counters(0, 10, 1, 0), Counters(2, 10, 4, 0)}, All(0.9), At(120));
  BOOST_TEST(Shares(table)[0].share[Resource::kCpu] == 0.7, tt::tolerance(1e-9));
  BOOST_TEST(Shares(table)[2].share[Resource::kCpu] == 0.2, tt::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(a_guess_moves_half_way_and_a_measurement_at_once) {
  PartitionTable table(2);
  Fold(table, "a", {Keys(0, 10)}, All(0.5), At(0));
  Fold(table, "b", {Keys(1, 10)}, All(0.5), At(0));
  Fold(table, "a", {Keys(0, 10)}, All(0.7), At(60));
  Fold(table, "b", {Keys(1, 10)}, All(0.3), At(60));
  BOOST_TEST(Shares(table)[0].share[Resource::kRequests] == 0.6, tt::tolerance(1e-9));
  BOOST_TEST(Shares(table)[0].share[Resource::kMemory] == 0.7, tt::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(a_share_goes_with_its_partition) {
  PartitionTable table(3);
  Fold(table, "a", {Keys(0, 10), Keys(1, 30)}, All(0.8), At(0));
  Fold(table, "b", {Keys(2, 10)}, All(0.2), At(0));
  // Partition 1 moved to b, whose rates do not cover it yet: no fraction.
  Fold(table, "b", {Keys(1, 31), Keys(2, 10)}, {}, At(10));
  BOOST_TEST(Shares(table)[1].share[Resource::kRequests] == 0.6, tt::tolerance(1e-9));
  BOOST_TEST(Shares(table)[1].keys == 31);
  // Later they do.
  Fold(table, "a", {Keys(0, 10)}, All(0.2), At(100));
  Fold(table, "b", {Keys(1, 30), Keys(2, 10)}, All(0.8), At(100));
  BOOST_TEST(Shares(table)[1].share[Resource::kRequests] == 0.6, tt::tolerance(1e-9));
}

BOOST_AUTO_TEST_SUITE_END()
