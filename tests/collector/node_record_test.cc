#include "collector/node_record.h"

#include <boost/test/unit_test.hpp>
#include <limits>

#include "collector/metric_contract.h"
#include "tests/collector/samples.h"

using namespace tidewright;
using namespace std::chrono_literals;

namespace {

struct OneNode {
  AssessOptions options;
  NodeRecord record;
  Node node{"a", "10.0.0.1", 6379, NodeRole::kMaster, NodeHealth::kOnline, ""};

  std::vector<QuarantineEntry> Take(NodeSample sample) {
    return Accept(record, std::move(sample), options);
  }
  void TakeTwo() {
    Take(MakeSample("a", 0, 1000));
    Take(MakeSample("a", 10, 2000));
  }
  NodeLoad Load(double seconds, bool moving = false) const {
    return Assess(record, node, "a", moving, options, At(seconds));
  }
  Reading Requests(double seconds) const { return Load(seconds).usage[Resource::kRequests]; }
  bool Fresh(double seconds, NodeRole role = NodeRole::kMaster) const {
    return MandatoryFresh(record, role, options, At(seconds));
  }
};

}  // namespace

BOOST_TEST_DONT_PRINT_LOG_VALUE(Quality)
BOOST_FIXTURE_TEST_SUITE(node_record, OneNode)

BOOST_AUTO_TEST_CASE(contracts_stand_in_the_order_of_the_metrics) {
  for (std::size_t i = 0; i < kMetricCount; ++i) {
    BOOST_TEST((ContractOf(static_cast<Metric>(i)).metric == static_cast<Metric>(i)));
  }
}

BOOST_AUTO_TEST_CASE(a_node_that_never_answered_is_missing) {
  BOOST_TEST(Requests(0).quality == Quality::kMissing);
  BOOST_TEST(!Fresh(0));
}

BOOST_AUTO_TEST_CASE(figures_are_fresh_after_two_samples) {
  Take(MakeSample("a", 0, 1000));
  BOOST_TEST(Requests(1).quality == Quality::kMissing);
  BOOST_TEST(Load(1).usage[Resource::kMemory].quality == Quality::kFresh);
  Take(MakeSample("a", 10, 2000));
  BOOST_TEST(Requests(11).quality == Quality::kFresh);
  BOOST_TEST(Requests(11).value == 100, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(Load(11).hit_ratio.value == 0.5);
  BOOST_TEST(Fresh(11));
}

BOOST_AUTO_TEST_CASE(a_true_zero_is_fresh) {
  Take(MakeSample("a", 0, 1000));
  Take(MakeSample("a", 10, 1000));
  BOOST_TEST(Requests(11).quality == Quality::kFresh);
  BOOST_TEST(Requests(11).value == 0);
  BOOST_TEST(Load(11).hit_ratio.quality == Quality::kMissing);  // of no reads there is no ratio
  BOOST_TEST(Fresh(11));
}

BOOST_AUTO_TEST_CASE(figures_grow_stale_by_monotonic_age) {
  TakeTwo();
  BOOST_TEST(Requests(70).quality == Quality::kFresh);
  BOOST_TEST(Requests(70.1).quality == Quality::kStale);
  BOOST_TEST(Requests(70.1).value == 100, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(Load(70.1).usage[Resource::kMemory].quality == Quality::kStale);
  BOOST_TEST(!Fresh(70.1));
}

BOOST_AUTO_TEST_CASE(one_lost_answer_is_told_and_survived_and_two_are_missing) {
  TakeTwo();
  Fail(record, "no answer within 2s");
  BOOST_TEST(Requests(21).quality == Quality::kFresh);
  BOOST_TEST(Load(21).error == "no answer within 2s");
  Fail(record, "no answer within 2s");
  BOOST_TEST(Requests(31).quality == Quality::kMissing);
  BOOST_TEST(!Fresh(31));
  Take(MakeSample("a", 40, 5000));
  BOOST_TEST(Requests(41).quality == Quality::kFresh);
  BOOST_TEST(Requests(41).value == 100, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(Load(41).error == "");
}

BOOST_AUTO_TEST_CASE(what_breaks_its_contract_is_quarantined_and_implausible_and_the_rest_stands) {
  TakeTwo();
  auto sample = MakeSample("a", 20, 3000);
  sample[Metric::kMemoryBytes] = -1;
  sample[Metric::kCpuSeconds] = std::numeric_limits<double>::quiet_NaN();
  const auto refused = Take(sample);
  BOOST_REQUIRE_EQUAL(refused.size(), 2u);
  BOOST_TEST(refused[0].metric == "cpu_seconds");
  BOOST_TEST(refused[0].reason == "not a number");
  BOOST_TEST(refused[1].metric == "memory_bytes");
  BOOST_TEST(refused[1].value == -1);
  BOOST_TEST(refused[1].node_id == "a");
  const auto load = Load(21);
  BOOST_TEST(load.usage[Resource::kMemory].quality == Quality::kImplausible);
  BOOST_TEST(load.usage[Resource::kCpu].quality == Quality::kImplausible);
  BOOST_TEST(load.usage[Resource::kRequests].quality == Quality::kFresh);
  BOOST_TEST(!Fresh(21));
  Take(MakeSample("a", 30, 4000));
  BOOST_TEST(Load(31).usage[Resource::kCpu].quality == Quality::kFresh);
  BOOST_TEST(Fresh(31));
}

BOOST_AUTO_TEST_CASE(a_rate_that_no_server_can_reach_is_implausible_and_forgotten_afterwards) {
  TakeTwo();
  const auto refused = Take(MakeSample("a", 20, 1e14));
  BOOST_TEST(refused.size() >= 3u);
  BOOST_TEST(Requests(21).quality == Quality::kImplausible);
  BOOST_TEST(Take(MakeSample("a", 30, 4000)).empty());
  BOOST_TEST(Requests(31).quality == Quality::kFresh);
  BOOST_TEST(Requests(31).value == 100, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(a_metric_that_is_not_told_is_missing_not_zero) {
  TakeTwo();
  auto sample = MakeSample("a", 20, 3000);
  sample[Metric::kMemoryBytes].reset();
  sample[Metric::kEvictions].reset();
  BOOST_TEST(Take(sample).empty());
  BOOST_TEST(Load(21).usage[Resource::kMemory].quality == Quality::kMissing);
  BOOST_TEST(Load(21).evictions_per_second.quality == Quality::kMissing);
  BOOST_TEST(!Fresh(21));
}

BOOST_AUTO_TEST_CASE(a_restart_is_missing_until_there_is_a_rate_again_and_never_a_spike) {
  TakeTwo();
  Take(MakeSample("a", 20, 50, "run-2"));
  BOOST_TEST(Requests(21).quality == Quality::kMissing);
  Take(MakeSample("a", 30, 150, "run-2"));
  BOOST_TEST(Requests(31).value == 10, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(our_own_part_of_the_cpu_is_taken_out_and_marks_moves) {
  auto first = MakeSample("a", 0, 0);
  auto second = MakeSample("a", 10, 0);
  first[Metric::kCpuSeconds] = 1;
  second[Metric::kCpuSeconds] = 6;
  first[Metric::kOwnCpuSeconds] = 0.5;
  second[Metric::kOwnCpuSeconds] = 2.5;
  Take(first);
  Take(second);
  BOOST_TEST(Load(11).usage[Resource::kCpu].value == 0.3, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(Load(11).flags == static_cast<unsigned>(kMoving));
}

BOOST_AUTO_TEST_CASE(flags_tell_saturation_refusals_and_moves) {
  options.saturation_cpu = 0.09;
  auto first = MakeSample("a", 0, 0);
  auto second = MakeSample("a", 10, 100000);  // 0.1 main-thread seconds a second
  second[Metric::kRejected] = 5;
  Take(first);
  Take(second);
  BOOST_TEST(Load(11).flags == static_cast<unsigned>(kSaturated | kThrottled));
  BOOST_TEST(Load(11, true).flags == static_cast<unsigned>(kSaturated | kThrottled | kMoving));
  options.saturation_cpu = 0.95;
  BOOST_TEST(Load(11).flags == static_cast<unsigned>(kThrottled));
}

BOOST_AUTO_TEST_CASE(a_sum_is_as_good_as_its_worst_part) {
  const Reading fresh{1, Quality::kFresh};
  const Reading stale{2, Quality::kStale};
  const Reading implausible{9, Quality::kImplausible};
  BOOST_TEST(Sum({fresh, fresh}).quality == Quality::kFresh);
  BOOST_TEST(Sum({fresh, fresh}).value == 2);
  BOOST_TEST(Sum({fresh, stale}).quality == Quality::kStale);
  BOOST_TEST(Sum({fresh, stale}).value == 3);
  BOOST_TEST(Sum({stale, implausible}).quality == Quality::kImplausible);
  BOOST_TEST(Sum({implausible, Reading()}).quality == Quality::kMissing);
  BOOST_TEST(Sum({}).quality == Quality::kMissing);
}

BOOST_AUTO_TEST_SUITE_END()
