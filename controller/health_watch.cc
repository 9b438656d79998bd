#include "controller/health_watch.h"

#include <algorithm>

namespace tidewright {
namespace {

constexpr Duration kRemembered = std::chrono::minutes(10);
constexpr std::size_t kMostRemembered = 600;

void Max(std::optional<double>& target, const Reading& reading) {
  if (reading.fresh()) target = std::max(target.value_or(0), reading.value);
}
void Add(std::optional<double>& target, const Reading& reading) {
  if (reading.fresh()) target = target.value_or(0) + reading.value;
}

std::optional<double> Median(const std::deque<std::pair<MonoTime, Health>>& looks,
                             std::optional<double> Health::*signal) {
  std::vector<double> values;
  for (const auto& [at, health] : looks) {
    if (health.*signal) values.push_back(*(health.*signal));
  }
  if (values.empty()) return std::nullopt;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::string Span(double seconds) { return FormatDuration(FromSeconds(seconds)); }

std::string Before(const std::optional<double>& value, const char* unit) {
  return value ? fmt::format("{:.3g}{} before", *value, unit) : "not known before";
}

}  // namespace

Health ReadHealth(const LoadSnapshot& load) {
  Health health;
  for (const NodeLoad& node : load.nodes) {
    if (!node.master) continue;
    Max(health.latency_p99_seconds, node.latency_p99_seconds);
    Add(health.errors_per_second, node.rejected_per_second);
    Add(health.evictions_per_second, node.evictions_per_second);
    Max(health.lag_bytes, node.replication_lag_bytes);
  }
  return health;
}

std::vector<std::string> WorseThan(const Health& before, const Health& now, const Policy& policy) {
  std::vector<std::string> worse;
  if (now.latency_p99_seconds) {
    const double floor = Seconds(policy.health_latency_floor);
    // Not known before: then only what is far above the floor is a verdict.
    const double limit =
        std::max(floor, policy.health_latency_factor * before.latency_p99_seconds.value_or(floor));
    if (*now.latency_p99_seconds > limit) {
      worse.push_back(fmt::format("latency p99 is {}, {}", Span(*now.latency_p99_seconds),
                                  before.latency_p99_seconds
                                      ? Span(*before.latency_p99_seconds) + " before"
                                      : "not known before"));
    }
  }
  const auto rate = [&](const std::optional<double>& then, const std::optional<double>& seen,
                        double limit, const char* what) {
    if (!seen || *seen <= 2 * then.value_or(0) + limit) return;
    worse.push_back(fmt::format("{} {:.3g}/s, {}", what, *seen, Before(then, "/s")));
  };
  rate(before.errors_per_second, now.errors_per_second, policy.health_errors_per_second,
       "refused commands and connections are");
  rate(before.evictions_per_second, now.evictions_per_second, policy.health_evictions_per_second,
       "evictions are");
  if (now.lag_bytes && *now.lag_bytes > before.lag_bytes.value_or(0) + policy.health_lag_bytes) {
    worse.push_back(fmt::format("a replica is {:.3g} bytes behind, {}", *now.lag_bytes,
                                Before(before.lag_bytes, " bytes")));
  }
  return worse;
}

void HealthWatch::Remember(const Health& health, MonoTime now) {
  quiet_.emplace_back(now, health);
  while (quiet_.size() > kMostRemembered || quiet_.front().first + kRemembered < now) {
    quiet_.pop_front();
  }
}

/// Keeps the state before the action from its beginning until it needs no more looking after.
void HealthWatch::Follow(const ActionRecord* action, MonoTime now) {
  const bool open = action != nullptr && action->Open();
  if (open && action->id != action_) {
    action_ = action->id;
    ended_.reset();
    worse_since_.reset();
    well_since_.reset();
    paused_since_.reset();
    // A second action on the heels of a first one is measured against the state before that one.
    if (!before_) {
      before_ = Health{.latency_p99_seconds = Median(quiet_, &Health::latency_p99_seconds),
                       .errors_per_second = Median(quiet_, &Health::errors_per_second),
                       .evictions_per_second = Median(quiet_, &Health::evictions_per_second),
                       .lag_bytes = Median(quiet_, &Health::lag_bytes)};
    }
  }
  if (!open && before_ && !ended_) ended_ = now;
}

HealthAdvice HealthWatch::Observe(const LoadSnapshot& load, const ActionRecord* action,
                                  bool paused_by_us, const Policy& policy, MonoTime now) {
  const Health health = ReadHealth(load);
  Follow(action, now);
  if (ended_ && now - *ended_ >= policy.health_after) {
    before_.reset();
    ended_.reset();
    quiet_.clear();
  }
  if (!before_) {
    worse_.clear();
    Remember(health, now);
    return HealthAdvice::kNone;
  }
  worse_ = WorseThan(*before_, health, policy);
  const bool told = health.latency_p99_seconds || health.errors_per_second;
  if (!worse_.empty()) {
    if (!worse_since_) worse_since_ = now;
    well_since_.reset();
  } else {
    worse_since_.reset();
    if (!told) well_since_.reset();
    if (told && !well_since_) well_since_ = now;
  }
  if (ended_ || action == nullptr || !action->Open()) return HealthAdvice::kNone;
  if (action->state == ActionState::kRunning) {
    paused_since_.reset();
    const bool long_enough = worse_since_ && now - *worse_since_ >= policy.health_patience;
    return long_enough && !action->plan.emergency ? HealthAdvice::kPause : HealthAdvice::kNone;
  }
  if (action->state != ActionState::kPaused || !paused_by_us) return HealthAdvice::kNone;
  if (!paused_since_) paused_since_ = now;
  if (well_since_ && now - *well_since_ >= policy.health_recovery) return HealthAdvice::kResume;
  const bool given_up = now - *paused_since_ >= policy.health_give_up;
  return given_up && policy.health_roll_back ? HealthAdvice::kRollBack : HealthAdvice::kNone;
}

std::string HealthWatch::Text() const { return fmt::format("{}", fmt::join(worse_, "; ")); }

}  // namespace tidewright
