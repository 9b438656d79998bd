// A quota follows demand: promises of single decisions, and of many in a row.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>

#include "core/random.h"
#include "planner/quotas/quota_decision.h"

namespace tidewright {
namespace {

using namespace std::chrono_literals;

const WallTime kNow{std::chrono::days(20'000) + 9h};

struct QuotaWorld {
  QuotaPolicy policy;
  double quota = 100;
  std::optional<Forecast> forecast;
  Series recent{.start = kNow, .step = 5min, .values = {}, .flags = {}};
  Reading observed{70, Quality::kFresh};
  bool throttled = false;
  QuotaState state;
  WallTime now = kNow;

  // 100 paths of level(step) times a noise of ±`noise`, for 24 hours.
  void Predict(const std::function<double(int)>& level, double noise = 0.02,
               Trust trust = Trust::kGood) {
    Forecast f;
    f.start = now;
    f.step = 5min;
    f.horizon = 288;
    f.trust = trust;
    f.paths = {.paths = 100, .steps = 288, .values = {}};
    Random random(1);
    for (int path = 0; path < 100; ++path) {
      for (int t = 0; t < 288; ++t) {
        f.paths.values.push_back(
            static_cast<float>(level(t) * (1 + noise * (2 * random.Uniform() - 1))));
      }
    }
    forecast = std::move(f);
  }

  [[nodiscard]] QuotaDecision Decide(bool explain = true) const {
    return DecideQuota({policy, quota, forecast ? &*forecast : nullptr, recent, observed, throttled,
                        state, now, explain});
  }
};

bool Has(const std::vector<Reason>& reasons, ReasonCode code) {
  return std::any_of(reasons.begin(), reasons.end(),
                     [&](const Reason& r) { return r.code == code; });
}

double Flat(int) { return 30; }

BOOST_AUTO_TEST_SUITE(quotas_decision)

BOOST_AUTO_TEST_CASE(a_quota_goes_down_to_what_demand_will_be) {
  QuotaWorld world;
  world.observed.value = 30;
  world.Predict(Flat);
  const QuotaDecision d = world.Decide();
  BOOST_TEST(d.to < 40);
  BOOST_TEST(d.to >= 30 / 0.85);
  BOOST_TEST(Has(d.reasons, ReasonCode::kForecastBelowCapacity));
  BOOST_TEST(*d.decreases_left == 4);
  BOOST_TEST(d.state.decreases.that_day == 1);
  BOOST_TEST(d.with.unit_hours < d.without.unit_hours);
}

BOOST_AUTO_TEST_CASE(bad_data_never_lowers_a_quota) {
  QuotaWorld world;
  world.observed.value = 30;
  world.Predict(Flat);
  const auto refused = [&](ReasonCode code) {
    const QuotaDecision d = world.Decide();
    BOOST_TEST(d.to == 100);
    BOOST_TEST(Has(d.rejections, code), ReasonName(code));
  };
  world.observed.quality = Quality::kMissing;
  refused(ReasonCode::kDataMissing);
  world.observed.quality = Quality::kStale;
  refused(ReasonCode::kDataStale);
  world.observed.quality = Quality::kImplausible;
  refused(ReasonCode::kDataImplausible);
  world.observed = {0, Quality::kFresh};
  refused(ReasonCode::kDataZero);
  world.observed = {std::nan(""), Quality::kFresh};
  refused(ReasonCode::kDataImplausible);
  world.observed = {30, Quality::kFresh};
  world.Predict(Flat, 0.02, Trust::kPoor);
  refused(ReasonCode::kForecastUntrusted);
  world.Predict(Flat, 0.02, Trust::kNone);
  refused(ReasonCode::kNoForecast);
  world.Predict(Flat);
  world.forecast->start -= 45min;  // not too old for an increase
  refused(ReasonCode::kForecastUntrusted);
  world.forecast->start -= 10h;
  refused(ReasonCode::kNoForecast);
  world.forecast.reset();
  refused(ReasonCode::kNoForecast);
}

BOOST_AUTO_TEST_CASE(an_increase_that_was_forecast_goes_ahead_without_metrics) {
  QuotaWorld world;
  world.observed.quality = Quality::kMissing;
  world.Predict([](int) { return 150.0; });
  const QuotaDecision d = world.Decide();
  BOOST_TEST(d.to > 150);
  BOOST_TEST(!d.emergency);
  BOOST_TEST(Has(d.reasons, ReasonCode::kForecastExceedsCapacity));
}

BOOST_AUTO_TEST_CASE(an_increase_goes_ahead_with_the_budget_spent) {
  QuotaWorld world;
  world.state.decreases = {.last = kNow - 1min, .that_day = 99, .that_hour = 99};
  world.Predict([](int) { return 150.0; });
  const QuotaDecision d = world.Decide();
  BOOST_TEST(d.to > 150);
  BOOST_TEST(*d.decreases_left == 0);
}

BOOST_AUTO_TEST_CASE(observed_demand_raises_a_quota_whatever_is_forecast) {
  QuotaWorld world;
  world.Predict(Flat);
  world.observed.value = 97;
  QuotaDecision d = world.Decide();
  BOOST_TEST(d.to >= std::ceil(97 / 0.85));
  BOOST_TEST(Has(d.reasons, ReasonCode::kDemandExceedsCapacity));
  world.observed.value = 120;
  BOOST_TEST(world.Decide().emergency);
  // Refused clients ask for more than is seen.
  world.observed.value = 80;
  world.throttled = true;
  d = world.Decide();
  BOOST_TEST(d.to >= 125);
  BOOST_TEST(d.emergency);
  world.forecast.reset();
  BOOST_TEST(world.Decide().to >= 125);
}

BOOST_AUTO_TEST_CASE(floor_and_ceiling_are_kept) {
  QuotaWorld world;
  world.policy.floor = 60;
  world.policy.ceiling = 140;
  world.observed.value = 30;
  world.Predict(Flat);
  BOOST_TEST(world.Decide().to == 60);
  world.quota = 40;
  QuotaDecision d = world.Decide();
  BOOST_TEST(d.to >= 60);
  BOOST_TEST(Has(d.reasons, ReasonCode::kBelowMinimum));
  world.quota = 100;
  world.observed.value = 500;
  world.Predict([](int) { return 500.0; });
  d = world.Decide();
  BOOST_TEST(d.to == 140);
  BOOST_TEST(Has(d.rejections, ReasonCode::kAtMaximum));
  // Above the ceiling it comes down as soon as one may lower it.
  world.quota = 200;
  world.observed.value = 100;
  world.Predict([](int) { return 100.0; });
  BOOST_TEST(world.Decide().to <= 140);
  world.state.decreases = {.last = kNow, .that_day = 4, .that_hour = 4};
  BOOST_TEST(world.Decide().to == 200);
}

BOOST_AUTO_TEST_CASE(the_last_decrease_is_kept_for_the_night) {
  QuotaWorld world;
  // 60 now, 95 in two hours, 10 from ten hours on.
  world.Predict([](int t) { return t < 24 ? 60.0 : t < 120 ? 80.0 : 10.0; }, 0.01);
  world.observed.value = 60;
  world.policy.decreases = {.per_day = 1, .extra_after = 0s, .per_hour = 0};
  const QuotaDecision d = world.Decide();
  BOOST_TEST(d.to == 100);
  BOOST_TEST(Has(d.rejections, ReasonCode::kDecreaseKept));
  world.policy.decreases.per_day = 2;
  BOOST_TEST(world.Decide().to < 100);
  // None is left: what it waits for is told.
  world.policy.decreases.per_day = 1;
  world.state.decreases = {.last = kNow - 1h, .that_day = 1, .that_hour = 1};
  BOOST_TEST(Has(world.Decide().rejections, ReasonCode::kRateLimit));
}

BOOST_AUTO_TEST_CASE(flat_noisy_demand_settles) {
  QuotaWorld world;
  Random random(3);
  for (int t = 0; t < 2016; ++t) {
    world.recent.values.push_back(50 * (1 + 0.1 * random.Normal()));
  }
  world.recent.start = kNow - 5min * 2016;
  int changes = 0;
  for (int t = 0; t < 96; ++t) {
    world.now = kNow + 5min * t;
    world.observed.value = 50 * (1 + 0.1 * random.Normal());
    world.recent.values.push_back(world.observed.value);
    world.recent.values.erase(world.recent.values.begin());
    world.recent.start += 5min;
    Random paths(1);
    world.Predict([&](int) { return 50 * (1 + 0.1 * paths.Normal()); }, 0);
    const QuotaDecision d = world.Decide(false);
    changes += t > 12 && d.to != world.quota ? 1 : 0;
    world.quota = d.to;
    world.state = d.state;
  }
  BOOST_TEST(changes <= 3);
}

BOOST_AUTO_TEST_CASE(no_random_world_breaks_a_promise) {
  int lowered = 0;
  int raised = 0;
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    Random random(seed);
    QuotaWorld world;
    world.policy.floor = 1 + static_cast<double>(random.Below(50));
    world.policy.ceiling = world.policy.floor + static_cast<double>(random.Below(300));
    world.policy.step = 1 + static_cast<double>(random.Below(10));
    world.policy.decreases.per_day = static_cast<int>(random.Below(4));
    world.policy.decreases.per_hour = static_cast<int>(random.Below(3));
    if (random.Below(2) == 0) world.policy.billing_period = 1h;
    world.quota = 1 + static_cast<double>(random.Below(300));
    const double level = 100 * random.Uniform();
    if (random.Below(5) > 0) {
      world.Predict([&](int t) { return level * (1.2 + std::sin(t / 20.0)); }, random.Uniform(),
                    static_cast<Trust>(random.Below(4)));
      world.forecast->start -= 20min * static_cast<int>(random.Below(5));
    }
    world.observed = {200 * random.Uniform() * random.Uniform(), Quality::kFresh};
    if (random.Below(3) == 0) world.observed.quality = static_cast<Quality>(random.Below(4));
    world.throttled = random.Below(6) == 0;
    if (random.Below(2) == 0) {
      world.state.decreases = {.last = kNow - 10min * static_cast<int>(random.Below(9)),
                               .that_day = static_cast<int>(random.Below(5)),
                               .that_hour = 1};
    }
    const QuotaDecision d = world.Decide();
    BOOST_TEST_CONTEXT("seed " << seed << " from " << d.from << " to " << d.to) {
      BOOST_TEST(std::isfinite(d.to));
      BOOST_TEST(!d.reasons.empty());
      if (d.to < d.from) {
        ++lowered;
        BOOST_TEST(world.observed.fresh());
        BOOST_TEST(!world.throttled);
        BOOST_TEST(world.forecast.has_value());
        BOOST_TEST(world.state.decreases.May(world.policy.decreases, kNow));
        BOOST_TEST(d.to >= std::min(world.policy.ceiling - world.policy.step,
                                    world.observed.value / world.policy.target_utilisation));
      }
      raised += d.to > d.from ? 1 : 0;
      BOOST_TEST(d.to <= std::max(d.from, std::max(world.policy.ceiling,
                                                   world.policy.floor + world.policy.step)));
      BOOST_TEST(d.to >= std::min(d.from, world.policy.floor));
      const QuotaDecision again = world.Decide();
      BOOST_TEST(again.to == d.to);  // the same input twice
      BOOST_TEST((again.reasons == d.reasons));
    }
  }
  BOOST_TEST(lowered > 10);
  BOOST_TEST(raised > 50);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright
