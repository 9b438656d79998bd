#include <cstdio>

#include "cli/commands.h"

namespace tidewright::cli {
namespace {

StatusOr<pb::ListActionsResponse> Fetch(Session& session, int limit) {
  pb::ListActionsRequest request;
  request.set_limit(limit);
  pb::ListActionsResponse answer;
  TW_RETURN_IF_ERROR(session.Ask(&pb::Controller::Stub::ListActions, request, &answer));
  return answer;
}

}  // namespace

int ListActions(Session& session, int limit) {
  const auto answer = Fetch(session, limit);
  if (!answer.ok()) return Fail(answer.status());
  if (session.options().json) {
    PrintJson(*answer);
    return kExitOk;
  }
  if (answer->actions().empty()) {
    std::puts("nothing has been done to the cluster so far");
    return kExitOk;
  }
  std::vector<std::vector<std::string>> rows = {
      {"ID", "ACTION", "STATE", "BY", "STARTED", "ENDED", "STEPS", "SLOTS", "MOVED", ""}};
  for (const auto& action : answer->actions()) {
    rows.push_back(
        {action.id(),
         fmt::format("{} {}->{}", action.kind(), action.from_shards(), action.to_shards()),
         action.state(), action.actor(), TimeText(true, action.created()),
         TimeText(action.has_ended(), action.ended()),
         fmt::format("{}/{}", action.steps_done(), action.steps()),
         fmt::format("{}/{}", action.partitions_moved(), action.partitions()),
         HumanBytes(action.bytes_moved()),
         action.has_estimated_end() ? "until about " + TimeText(true, action.estimated_end())
                                    : action.error()});
  }
  std::fputs(Table(rows).c_str(), stdout);
  return kExitOk;
}

int ShowAction(Session& session, const std::string& id) {
  const auto answer = Fetch(session, 1000);
  if (!answer.ok()) return Fail(answer.status());
  for (const auto& action : answer->actions()) {
    if (action.id() != id) continue;
    if (session.options().json) {
      PrintJson(action);
      return kExitOk;
    }
    std::printf("%s %s from %d to %d shards by %s: %s\n", action.id().c_str(),
                action.kind().c_str(), action.from_shards(), action.to_shards(),
                action.actor().c_str(), action.state().c_str());
    if (!action.error().empty()) std::printf("%s\n", action.error().c_str());
    std::vector<std::vector<std::string>> rows = {{"STEP", "STATE", "WHAT", "FAILED TRIES", ""}};
    for (const auto& step : action.step_list()) {
      rows.push_back({std::to_string(step.index()), step.state(), step.title(),
                      std::to_string(step.attempts()), step.error()});
    }
    std::fputs(Table(rows).c_str(), stdout);
    return kExitOk;
  }
  return Fail(
      Error(StatusCode::kNotFound, "there is no action '{}': `tidectl actions` lists them", id));
}

int PauseAction(Session& session) {
  pb::PauseActionRequest request;
  request.set_who(UserName());
  pb::PauseActionResponse answer;
  const auto asked =
      session.Ask(&pb::Controller::Stub::PauseAction, request, &answer, Session::kLongPatience);
  if (!asked.ok()) return Fail(asked);
  std::puts("paused; `tidectl actions resume` goes on");
  return kExitOk;
}

int ResumeAction(Session& session) {
  pb::ResumeActionRequest request;
  request.set_who(UserName());
  pb::ResumeActionResponse answer;
  const auto asked = session.Ask(&pb::Controller::Stub::ResumeAction, request, &answer);
  if (!asked.ok()) return Fail(asked);
  std::puts("resumed");
  return kExitOk;
}

int CancelAction(Session& session, const std::string& id, bool roll_back,
                 const std::string& comment) {
  pb::CancelActionRequest request;
  request.set_id(id);
  request.set_who(UserName());
  request.set_why(comment);
  request.set_roll_back(roll_back);
  pb::CancelActionResponse answer;
  std::fputs("waiting for the next slot boundary\n", stderr);
  const auto asked =
      session.Ask(&pb::Controller::Stub::CancelAction, request, &answer, Session::kLongPatience);
  if (!asked.ok()) return Fail(asked);
  const auto& action = answer.action();
  if (session.options().json) {
    PrintJson(action);
    return kExitOk;
  }
  if (action.state() == "cancelled") {
    std::printf("%s is cancelled: the cluster stays as it stands, %d of %d slots moved\n",
                id.c_str(), action.partitions_moved(), action.partitions());
    return kExitOk;
  }
  if (!roll_back) std::puts("no slot was moved yet, so what was begun is undone");
  std::printf("%s rolls back; `tidectl actions show %s` follows it\n", id.c_str(), id.c_str());
  return kExitOk;
}

}  // namespace tidewright::cli
