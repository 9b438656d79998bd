#include <boost/test/unit_test.hpp>

#include "core/hash.h"
#include "core/money.h"
#include "core/random.h"
#include "core/reason.h"
#include "core/series.h"
#include "core/topology.h"

using namespace tidewright;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(values)

BOOST_AUTO_TEST_CASE(partition_sets_fold_and_survive_text) {
  const auto set = ToPartitionSet({5, 3, 4, 9, 4});
  BOOST_TEST(ToString(set) == "3-5,9");
  BOOST_TEST(Count(set) == 4);
  BOOST_TEST(Contains(set, 4));
  BOOST_TEST(!Contains(set, 6));
  BOOST_TEST((*ParsePartitionSet("3-5,9") == set));
  BOOST_TEST(ParsePartitionSet("")->empty());
  for (const char* text : {"5-3", "a", "1,", ",1", "1-", "-1", "1 2"}) {
    BOOST_TEST(!ParsePartitionSet(text).ok(), text);
  }
}

BOOST_AUTO_TEST_CASE(coarsening_keeps_gaps_and_never_invents_zeros) {
  Series series{.start = WallTime(0s), .step = 1min, .values = {}, .flags = {}};
  for (int i = 0; i < 10; ++i) series.values.push_back(i < 5 ? 2.0 : Series::kGap);
  series.values[0] = Series::kGap;
  const auto coarse = Coarsen(series, 5min);
  BOOST_REQUIRE(coarse.ok());
  BOOST_REQUIRE_EQUAL(coarse->size(), 2u);
  BOOST_TEST(coarse->values[0] == 2.0);
  BOOST_TEST(Series::IsGap(coarse->values[1]));
  BOOST_TEST(!Coarsen(series, 90s).ok());
}

BOOST_AUTO_TEST_CASE(the_fingerprint_of_a_topology_is_about_owners_alone) {
  Topology a;
  a.cluster = "c";
  a.shards = {{"m1", {}, {}, {{0, 9}}}, {"m2", {}, {}, {{10, 19}}}};
  Topology b = a;
  std::swap(b.shards[0], b.shards[1]);
  BOOST_TEST(a.Fingerprint() == b.Fingerprint());
  b.shards[0].partitions = {{10, 18}};
  BOOST_TEST(a.Fingerprint() != b.Fingerprint());
}

BOOST_AUTO_TEST_CASE(random_numbers_are_the_same_everywhere) {
  Random random(42);
  BOOST_TEST(random.Next() == 1546998764402558742ULL);
  Random again(42);
  BOOST_TEST(again.Fork(1).Next() != again.Fork(2).Next());
  double sum = 0;
  for (int i = 0; i < 10000; ++i) sum += random.Normal();
  BOOST_TEST(std::abs(sum / 10000) < 0.05);
}

BOOST_AUTO_TEST_CASE(sha256_matches_its_reference_value) {
  BOOST_TEST(Sha256Hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

BOOST_AUTO_TEST_CASE(money_is_exact_in_sums) {
  Money sum;
  for (int i = 0; i < 10; ++i) sum = sum + Money::FromUnits(0.1);
  BOOST_TEST((sum == Money::FromUnits(1)));
  BOOST_TEST(ToString(sum, "USD") == "1.00 USD");
}

BOOST_AUTO_TEST_CASE(reason_names_are_read_back) {
  for (int code = 0; code <= static_cast<int>(ReasonCode::kStoreDegraded); ++code) {
    const auto reason = static_cast<ReasonCode>(code);
    BOOST_TEST((ParseReason(ReasonName(reason)) == reason));
  }
}

BOOST_AUTO_TEST_SUITE_END()
