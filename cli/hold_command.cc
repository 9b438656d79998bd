// A person's hold: nothing begins until a time.
#include <cstdio>

#include "cli/commands.h"

namespace tidewright::cli {
namespace {

std::string Describe(const pb::PersonHold& hold) {
  return fmt::format("{} until {} UTC by {}: {}", hold.id(), TimeText(true, hold.until()),
                     hold.who(), hold.why());
}

int List(Session& session) {
  pb::Status status;
  const auto asked = session.Ask(&pb::Controller::Stub::GetStatus, pb::GetStatusRequest(), &status);
  if (!asked.ok()) return Fail(asked);
  if (session.options().json) {
    pb::Status part;
    part.set_cluster(status.cluster());
    *part.mutable_now() = status.now();
    *part.mutable_person_holds() = status.person_holds();
    PrintJson(part);
    return kExitOk;
  }
  if (status.person_holds().empty()) std::puts("nothing is held by a person");
  for (const auto& hold : status.person_holds()) std::puts(Describe(hold).c_str());
  return kExitOk;
}

int Clear(Session& session, const HoldOptions& options) {
  pb::ClearHoldRequest request;
  request.set_id(options.clear);
  request.set_who(UserName());
  request.set_why(options.comment);
  pb::ClearHoldResponse answer;
  const auto asked = session.Ask(&pb::Controller::Stub::ClearHold, request, &answer);
  if (!asked.ok()) return Fail(asked);
  std::printf("%s is cleared: what is planned may begin\n", options.clear.c_str());
  return kExitOk;
}

// A duration, else a time.
Status SetEnd(const std::string& until, pb::AddHoldRequest& request) {
  if (const auto span = ParseDuration(until); span.ok()) {
    request.set_for_seconds(Seconds(*span));
    return OkStatus();
  }
  const auto time = ParseTime(until);
  if (!time.ok()) {
    return Error(StatusCode::kInvalidArgument,
                 "--until {}: is neither a duration such as 6h nor a time such as "
                 "2027-01-31T06:00:00Z",
                 until);
  }
  request.mutable_until()->set_seconds(time->time_since_epoch() / std::chrono::seconds(1));
  return OkStatus();
}

}  // namespace

int Hold(Session& session, const HoldOptions& options) {
  if (!options.clear.empty()) return Clear(session, options);
  if (options.until.empty()) return List(session);
  pb::AddHoldRequest request;
  request.set_who(UserName());
  request.set_why(options.comment);
  if (const auto set = SetEnd(options.until, request); !set.ok()) return Fail(set);
  pb::PersonHold hold;
  const auto asked = session.Ask(&pb::Controller::Stub::AddHold, request, &hold);
  if (!asked.ok()) return Fail(asked);
  if (session.options().json) {
    PrintJson(hold);
    return kExitOk;
  }
  std::printf("%s\nan action that is under way goes on; `tidectl hold --clear %s` ends the hold\n",
              Describe(hold).c_str(), hold.id().c_str());
  return kExitOk;
}

}  // namespace tidewright::cli
