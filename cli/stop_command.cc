// The kill switch, the lock of auto mode and the breaker.
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "cli/commands.h"
#include "core/clock.h"
#include "journal/stop_file.h"

namespace tidewright::cli {
namespace {

constexpr char kAfterwards[] =
    "an action that was under way is paused: `tidectl actions resume` goes on with it, `tidectl "
    "actions cancel ID` ends it";

/// Without the controller: it sees the file before its next command.
StatusOr<std::string> OnFile(const StopOptions& options) {
  std::error_code error;
  if (!std::filesystem::is_directory(options.data_dir, error)) {
    return Error(StatusCode::kInvalidArgument, "--data-dir {}: there is no such folder",
                 options.data_dir);
  }
  RealClock clock;
  const std::string path = StopFileOf(options.data_dir);
  if (options.clear) {
    TW_RETURN_IF_ERROR(ClearStop(path, UserName(), options.comment, clock.Wall()));
    return path;
  }
  TW_ASSIGN_OR_RETURN(const StopNotice notice,
                      ThrowStop(path, UserName(), options.comment, clock.Wall()));
  return notice.path;
}

StatusOr<std::string> ByController(Session& session, const StopOptions& options) {
  pb::StopRequest request;
  request.set_who(UserName());
  request.set_why(options.comment);
  pb::StopResponse answer;
  const Status asked = options.clear
                           ? session.Ask(&pb::Controller::Stub::ClearStop, request, &answer)
                           : session.Ask(&pb::Controller::Stub::Stop, request, &answer);
  if (asked.ok()) return answer.path();
  if (asked.code() != StatusCode::kUnavailable && asked.code() != StatusCode::kDeadlineExceeded) {
    return asked;
  }
  return Error(asked.code(),
               "{}\nThe switch works without it: on its host, tidectl stop {} --data-dir DIR, or "
               "{} the file DIR/stop by hand",
               Message(asked), options.clear ? "--clear" : "--all",
               options.clear ? "remove" : "make");
}

}  // namespace

int StopOrClear(Session& session, const StopOptions& options) {
  const auto path = options.data_dir.empty() ? ByController(session, options) : OnFile(options);
  if (!path.ok()) return Fail(path.status());
  if (options.clear) {
    std::printf("cleared (%s); %s\n", path->c_str(), kAfterwards);
  } else {
    std::printf(
        "stopped (%s): nothing of the store is changed until `tidectl stop --clear`;\n"
        "slots that are open are brought to their end first\n",
        path->c_str());
  }
  return kExitOk;
}

int SetAutoLock(Session& session, bool lock, const std::string& comment) {
  pb::UnlockRequest request;
  request.set_who(UserName());
  request.set_why(comment);
  request.set_lock(lock);
  pb::UnlockResponse answer;
  const auto asked = session.Ask(&pb::Controller::Stub::Unlock, request, &answer);
  if (!asked.ok()) return Fail(asked);
  std::puts(lock ? "auto mode is locked: plans wait for approval"
                 : "auto mode is unlocked: it acts within the policy from the next cycle on");
  return kExitOk;
}

int ResetBreaker(Session& session, const std::string& comment) {
  pb::ResetBreakerRequest request;
  request.set_who(UserName());
  request.set_why(comment);
  pb::ResetBreakerResponse answer;
  const auto asked = session.Ask(&pb::Controller::Stub::ResetBreaker, request, &answer);
  if (!asked.ok()) return Fail(asked);
  std::puts("the breaker is closed: failures up to now count no more");
  return kExitOk;
}

}  // namespace tidewright::cli
