#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "cli/commands.h"

namespace tidewright::cli {
namespace {

void PrintReasons(const char* heading, const google::protobuf::RepeatedPtrField<pb::Reason>& all) {
  if (all.empty()) return;
  std::printf("%s\n", heading);
  for (const auto& reason : all) {
    std::printf("  %s (%s)\n", reason.text().c_str(), reason.code().c_str());
  }
}

void PrintRecommendation(const pb::Recommendation& recommendation) {
  const auto& plan = recommendation.plan();
  std::printf("recommendation %s: %s%s from %d to %d shards, %s\n",
              Short(recommendation.hash()).c_str(), plan.emergency() ? "EMERGENCY " : "",
              plan.kind().c_str(), plan.from_shards(), plan.to_shards(),
              recommendation.state().c_str());
  std::printf("made %s, expires %s UTC", TimeText(true, plan.created()).c_str(),
              TimeText(true, plan.expires()).c_str());
  if (!recommendation.decided_by().empty()) {
    std::printf("; decided by %s at %s", recommendation.decided_by().c_str(),
                TimeText(recommendation.has_decided(), recommendation.decided()).c_str());
  }
  std::printf("\n\n");
  PrintReasons("why", plan.reasons());
  PrintReasons("considered and not done", plan.rejections());
  const std::string binding = plan.binding();
  std::printf("\n%s",
              Table({{"OVER THE LEAD TIME", "PEAK (risk)", "USABLE", "SHORTFALL", "COST/HOUR"},
                     {"without it", HumanResource(binding, plan.without().peak_demand()),
                      HumanResource(binding, plan.without().usable_capacity()),
                      fmt::format("{:.1f}%", 100 * plan.without().shortfall_probability()),
                      fmt::format("{:.2f} {}", plan.without().cost_per_hour(), plan.currency())},
                     {"with it", HumanResource(binding, plan.with().peak_demand()),
                      HumanResource(binding, plan.with().usable_capacity()),
                      fmt::format("{:.1f}%", 100 * plan.with().shortfall_probability()),
                      fmt::format("{:.2f} {}", plan.with().cost_per_hour(), plan.currency())}})
                  .c_str());
  std::printf("\nlead time %s; %d slots change their owner:\n",
              FormatDuration(FromSeconds(plan.lead_time_seconds())).c_str(),
              plan.partitions_moved());
  for (const auto& move : plan.moves()) {
    std::string partitions = move.partitions();
    if (partitions.size() > 60) partitions = partitions.substr(0, 57) + "...";
    std::printf("  %s -> %s: %s\n", Short(move.from()).c_str(), Short(move.to()).c_str(),
                partitions.c_str());
  }
  for (const auto& shard : plan.retire()) std::printf("  retire %s\n", Short(shard).c_str());
}

bool Confirm(const Session& session, const std::string& question) {
  if (session.options().assume_yes || isatty(STDIN_FILENO) == 0) return true;
  std::fprintf(stderr, "%s [y/N] ", question.c_str());
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "yes";
}

}  // namespace

int ListRecommendations(Session& session, int limit) {
  pb::ListRecommendationsRequest request;
  request.set_limit(limit);
  pb::ListRecommendationsResponse answer;
  const auto asked = session.Ask(&pb::Controller::Stub::ListRecommendations, request, &answer);
  if (!asked.ok()) return Fail(asked);
  if (session.options().json) {
    PrintJson(answer);
    return kExitOk;
  }
  if (answer.recommendations().empty()) {
    std::puts("no recommendation so far: `tidectl status` says why");
    return kExitOk;
  }
  std::vector<std::vector<std::string>> rows = {
      {"HASH", "STATE", "PLAN", "MADE", "EXPIRES", "BY", "WHY"}};
  for (const auto& one : answer.recommendations()) {
    const auto& plan = one.plan();
    rows.push_back({Short(one.hash()), one.state(),
                    fmt::format("{} {}->{}", plan.kind(), plan.from_shards(), plan.to_shards()),
                    TimeText(true, plan.created()), TimeText(true, plan.expires()),
                    one.decided_by().empty() ? "-" : one.decided_by(),
                    plan.reasons().empty() ? "" : plan.reasons(0).text()});
  }
  std::fputs(Table(rows).c_str(), stdout);
  return kExitOk;
}

int ShowRecommendation(Session& session, const std::string& hash) {
  pb::GetRecommendationRequest request;
  request.set_hash(hash);
  pb::Recommendation answer;
  const auto asked = session.Ask(&pb::Controller::Stub::GetRecommendation, request, &answer);
  if (!asked.ok()) return Fail(asked);
  if (session.options().json) {
    PrintJson(answer);
  } else {
    PrintRecommendation(answer);
  }
  return kExitOk;
}

int Rebalance(Session& session, const RebalanceOptions& options) {
  pb::RebalanceRequest request;
  request.set_who(UserName());
  request.set_plan_only(options.plan_only);
  request.set_revert(options.revert);
  pb::Recommendation plan;
  const auto asked = session.Ask(&pb::Controller::Stub::Rebalance, request, &plan,
                                 Session::kLongPatience);
  if (!asked.ok()) return Fail(asked);
  if (options.plan_only) {
    if (session.options().json) {
      PrintJson(plan);
    } else {
      PrintRecommendation(plan);
    }
    return kExitOk;
  }
  if (!session.options().json) PrintRecommendation(plan);
  return Decide(session, plan.hash(), /*approve=*/true, options.comment);
}

int Decide(Session& session, const std::string& hash, bool approve, const std::string& comment) {
  pb::GetRecommendationRequest show;
  show.set_hash(hash);
  pb::Recommendation found;
  auto asked = session.Ask(&pb::Controller::Stub::GetRecommendation, show, &found);
  if (!asked.ok()) return Fail(asked);
  if (approve &&
      !Confirm(session, fmt::format("{} from {} to {} shards, moving {} slots, now?",
                                    found.plan().kind(), found.plan().from_shards(),
                                    found.plan().to_shards(), found.plan().partitions_moved()))) {
    return Fail(Error(StatusCode::kFailedPrecondition, "not approved"));
  }
  pb::DecisionRequest request;
  request.set_hash(found.hash());
  request.set_who(UserName());
  request.set_comment(comment);
  pb::Recommendation answer;
  asked = approve ? session.Ask(&pb::Controller::Stub::Approve, request, &answer)
                  : session.Ask(&pb::Controller::Stub::Reject, request, &answer);
  if (!asked.ok()) return Fail(asked);
  if (session.options().json) {
    PrintJson(answer);
  } else {
    std::printf("%s is %s\n", Short(answer.hash()).c_str(), answer.state().c_str());
    if (approve) std::puts("it starts with the next control cycle: `tidectl actions` shows it");
  }
  return kExitOk;
}

}  // namespace tidewright::cli
