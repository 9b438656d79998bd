// A reply of the Redis protocol as a value.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/status.h"

namespace tidewright::redis {

struct Reply {
  enum class Type { kNil, kString, kStatus, kError, kInteger, kArray };

  Type type = Type::kNil;
  std::string text;           ///< of strings, statuses and errors
  std::int64_t integer = 0;
  std::vector<Reply> elements;

  [[nodiscard]] bool IsError() const { return type == Type::kError; }
  [[nodiscard]] bool IsNil() const { return type == Type::kNil; }
  /// Whether it is an error whose first word is `code`: "ASK", "BUSYKEY", "IOERR", "NOPERM".
  [[nodiscard]] bool IsError(const std::string& code) const;
};

/// The reply itself, or its error as a status. NOAUTH, WRONGPASS and NOPERM are kPermissionDenied;
/// LOADING, TRYAGAIN, CLUSTERDOWN, MASTERDOWN, BUSY and IOERR kUnavailable; unknown commands
/// kUnimplemented; everything else kFailedPrecondition.
[[nodiscard]] StatusOr<Reply> Checked(StatusOr<Reply> reply);

}  // namespace tidewright::redis
