#include "stores/redis/reply.h"

#include <array>

namespace tidewright::redis {

bool Reply::IsError(const std::string& code) const {
  return type == Type::kError && text.compare(0, code.size(), code) == 0 &&
         (text.size() == code.size() || text[code.size()] == ' ');
}

StatusOr<Reply> Checked(StatusOr<Reply> reply) {
  if (!reply.ok() || !reply->IsError()) return reply;
  for (const char* code : {"NOAUTH", "WRONGPASS", "NOPERM"}) {
    if (reply->IsError(code)) return Error(StatusCode::kPermissionDenied, "{}", reply->text);
  }
  for (const char* code : {"LOADING", "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN", "BUSY", "IOERR"}) {
    if (reply->IsError(code)) return Error(StatusCode::kUnavailable, "{}", reply->text);
  }
  if (reply->text.find("unknown command") != std::string::npos ||
      reply->text.find("unknown subcommand") != std::string::npos) {
    return Error(StatusCode::kUnimplemented, "{}", reply->text);
  }
  return Error(StatusCode::kFailedPrecondition, "{}", reply->text);
}

}  // namespace tidewright::redis
