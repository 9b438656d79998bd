#include "controller/auto_lock.h"

#include <nlohmann/json.hpp>

namespace tidewright {
namespace {

constexpr char kFact[] = "auto_lock";
constexpr int kVersion = 1;
constexpr double kMostly = 0.9;  // of the minutes: a restart or a lost node is no reason to wait
constexpr double kLowestLevel = 0.9;  // of the quantiles that plans are made with
constexpr Duration kLookInterval = std::chrono::hours(1);

}  // namespace

std::vector<std::string> NotYetTrusted(const Policy& policy, const PerResource<double>& observed,
                                       const PerResource<std::optional<Forecast>>& demand) {
  std::vector<std::string> missing;
  bool binds = false;
  for (Resource r : kAllResources) {
    if (!policy.shard_capacity[r]) continue;
    binds = true;
    const std::string name = ResourceName(r);
    if (observed[r] < kMostly) {
      missing.push_back(
          fmt::format("{} of {} observed of the last {}",
                      FormatDuration(FromSeconds(Seconds(policy.auto_after) * observed[r])), name,
                      FormatDuration(policy.auto_after)));
      continue;
    }
    const auto& forecast = demand[r];
    if (!forecast || forecast->trust < Trust::kFair) {
      missing.push_back(fmt::format("trust in the forecast of {} is {}, not fair", name,
                                    TrustName(forecast ? forecast->trust : Trust::kNone)));
      continue;
    }
    if (forecast->realised.empty()) {
      missing.push_back(fmt::format("no day of the forecasts of {} has come due", name));
      continue;
    }
    for (const RealisedCoverage& realised : forecast->realised) {
      if (realised.level < kLowestLevel ||
          realised.held >= realised.level - policy.auto_coverage_slack) {
        continue;
      }
      missing.push_back(fmt::format("{:g} % quantiles of {} held {:.1f} % up to {} ahead",
                                    100 * realised.level, name, 100 * realised.held,
                                    FormatDuration(realised.ahead)));
      break;
    }
  }
  if (!binds) missing.push_back("the policy names no capacity for any resource");
  return missing;
}

Status AutoLock::Load(WallTime now) {
  TW_ASSIGN_OR_RETURN(const auto fact, journal_.Fact(kFact));
  if (fact) {
    const auto json = nlohmann::json::parse(*fact, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object() || json.value("version", 0) != kVersion) {
      return Error(StatusCode::kDataLoss, "the journal holds an unknown lock of auto mode: {}",
                   *fact);
    }
    locked_ = json.value("locked", true);
    if (locked_) locked_by_ = json.value("by", "");
    if (locked_) locked_why_ = json.value("why", "");
  }
  // What stands in the configuration is an operator's word, but not the last one.
  if (locked_ && locked_by_.empty() && !policy_.auto_unlocked.empty()) {
    return Keep(false, "configuration", policy_.auto_unlocked, now);
  }
  return OkStatus();
}

Status AutoLock::Keep(bool locked, const std::string& who, const std::string& why, WallTime now) {
  const nlohmann::json json = {
      {"version", kVersion}, {"locked", locked}, {"by", who}, {"why", why}};
  TW_RETURN_IF_ERROR(journal_.Audit(now, who, locked ? "lock" : "unlock",
                                    AuditDetail({.about = {{"mode", "auto"}},
                                                 .why = why,
                                                 .before = locked_ ? "locked" : "unlocked",
                                                 .after = locked ? "locked" : "unlocked"})));
  TW_RETURN_IF_ERROR(journal_.SaveFact(
      kFact, json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)));
  locked_ = locked;
  locked_by_ = locked ? who : "";
  locked_why_ = locked ? why : "";
  return OkStatus();
}

Status AutoLock::Set(bool locked, const std::string& who, const std::string& why, WallTime now) {
  if (locked == locked_ && (!locked || !locked_by_.empty())) {
    return Error(StatusCode::kFailedPrecondition, "auto mode is {} already",
                 locked ? "locked" : "unlocked");
  }
  return Keep(locked, who, why, now);
}

StatusOr<double> AutoLock::Observed(Resource resource, WallTime now) const {
  const SeriesKey key{cluster_, Scope::kCluster, "", resource};
  TW_ASSIGN_OR_RETURN(const Series series, history_.Read(key, now - policy_.auto_after, now));
  if (series.values.empty()) return 0.0;
  return static_cast<double>(series.Observed()) / static_cast<double>(series.size());
}

Status AutoLock::Look(const PerResource<std::optional<Forecast>>& demand, WallTime now) {
  if (!locked_ || !locked_by_.empty()) return OkStatus();
  // Both ways: a clock that was set back must not keep the lock shut for as long.
  const bool due = !looked_ || now - *looked_ >= kLookInterval || now < *looked_;
  if (due) {
    for (Resource r : kAllResources) {
      if (!policy_.shard_capacity[r]) continue;
      TW_ASSIGN_OR_RETURN(observed_[r], Observed(r, now));
    }
    looked_ = now;
  }
  missing_ = NotYetTrusted(policy_, observed_, demand);
  if (!missing_.empty()) return OkStatus();
  return Keep(false, "tidewright",
              fmt::format("{} were observed, and the forecasts held what they promised",
                          FormatDuration(policy_.auto_after)),
              now);
}

std::optional<Reason> AutoLock::Hold() const {
  if (!locked_) return std::nullopt;
  std::string text;
  if (!locked_by_.empty()) {
    text = fmt::format("{} locked auto mode: {}", locked_by_, locked_why_);
  } else {
    text =
        fmt::format("auto mode is locked, plans wait for approval: {}", fmt::join(missing_, "; "));
  }
  return Reason{ReasonCode::kAutoLocked,
                text + "; `tidectl unlock --comment WHY` opens it at once"};
}

}  // namespace tidewright
