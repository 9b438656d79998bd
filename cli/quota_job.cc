#include "cli/quota_job.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "planner/baselines/baselines.h"

namespace tidewright::cli {
namespace {

constexpr auto kBad = StatusCode::kInvalidArgument;
constexpr std::array kBaselines = {"static-peak", "static-trailing", "reactive", "dynamodb"};

replay::Contestant Ours(const std::string& name, const QuotaPolicy& policy,
                        const replay::QuotaRules& rules, bool greedy) {
  return {.name = name,
          .make =
              [=](const ScalingTerms& given, replay::ForecastFaults notes) {
                ScalingTerms terms = given;
                // The policy's own bounds, in the store's steps.
                const double unit = policy.step;
                terms.most = static_cast<int>(std::clamp<double>(std::floor(policy.ceiling / unit),
                                                                 given.fewest, given.most));
                terms.fewest = static_cast<int>(
                    std::clamp<double>(std::ceil(policy.floor / unit), given.fewest, terms.most));
                return replay::MakeQuotaPredictive(policy, rules, terms, greedy, std::move(notes));
              },
          .hindsight = false};
}

}  // namespace

Status BeginQuotaJob(const ReplayOptions& options, ReplayJob& job) {
  if (!options.html.empty()) {
    return Error(kBad, "--html: draws shards, not quotas; take --summary or --decisions");
  }
  if (options.max_nodes > 0) {
    return Error(kBad, "--max-nodes: is of shards; a quota is bounded by policy.quota.ceiling");
  }
  const replay::FaultSettings& faults = job.settings.faults;
  if (faults.latency > Duration(0) || faults.failing_moves > 0 ||
      faults.late_provisioning > Duration(0)) {
    return Error(kBad, "--fault: a quota has no moves and no nodes; metrics and forecast remain");
  }
  job.quota = QuotaPolicy{};
  job.settings.quota = replay::QuotaRules{};
  return OkStatus();
}

void AddQuotaPolicy(ReplayJob& job, const std::string& name, const Policy& policy) {
  const QuotaPolicy quota = policy.quota.value_or(QuotaPolicy{});
  if (job.policies == 0) {
    job.quota = quota;
    job.settings.quota = {.decreases = quota.decreases, .billing_period = quota.billing_period};
  }
  job.quota->floor = std::min(job.quota->floor, quota.floor);
  job.quota->ceiling = std::max(job.quota->ceiling, quota.ceiling);
  QuotaPolicy same_step = quota;
  same_step.step = job.quota->step;
  job.contestants.push_back(Ours(name, same_step, *job.settings.quota, false));
  ++job.policies;
}

void AddQuotaBaselines(const ReplayOptions& options, ReplayJob& job) {
  if (job.policies > 0) {
    job.contestants.push_back(Ours("greedy-decreases", *job.quota, *job.settings.quota, true));
  }
  for (const char* name : kBaselines) {
    job.contestants.push_back(
        {.name = name,
         .make = [name, penalty = options.penalty](
                     const ScalingTerms& terms,
                     const auto&) { return baselines::Make(name, terms, penalty); },
         .hindsight = false});
  }
}

void SetQuotaStores(const ReplayOptions& options, ReplayJob& job) {
  for (ReplayTrace& trace : job.traces) {
    trace.store =
        replay::QuotaStoreFor(trace.series, trace.store, *job.quota, options.node_capacity);
  }
  job.price_per_node_hour = job.quota->price_per_unit_hour * job.quota->step;
}

}  // namespace tidewright::cli
