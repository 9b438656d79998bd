// Errors are values: absl::Status and absl::StatusOr, with the context each layer adds.
//
// Codes that callers act upon:
//   kInvalidArgument     the user's input is wrong; say what would be right
//   kFailedPrecondition  the world is not as it must be; do not retry without a change
//   kUnavailable, kDeadlineExceeded, kAborted   may pass; retry with backoff
//   kCancelled           stopped on request at a safe boundary
//   kDataLoss            go no further, call a person
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tidewright {

using Status = absl::Status;
template <typename T>
using StatusOr = absl::StatusOr<T>;
using StatusCode = absl::StatusCode;

[[nodiscard]] inline Status OkStatus() { return absl::OkStatus(); }

/// A status with a formatted message: Error(StatusCode::kUnavailable, "{}:{} did not answer", h,
/// p).
template <typename... Args>
[[nodiscard]] Status Error(StatusCode code, fmt::format_string<Args...> format, Args&&... args) {
  return Status(code, fmt::format(format, std::forward<Args>(args)...));
}

/// The message as a std::string (Abseil's string_view is a type of its own on Debian 12).
[[nodiscard]] inline std::string Message(const Status& status) {
  return std::string(status.message().data(), status.message().size());
}

/// "context: message", same code. OK stays OK.
[[nodiscard]] Status Annotate(const Status& status, const std::string& context);

/// Whether trying the same thing again later may succeed.
[[nodiscard]] bool IsTransient(const Status& status);

/// The code's name in lower case words, as shown to people: "failed precondition".
[[nodiscard]] std::string CodeName(StatusCode code);

}  // namespace tidewright

#define TW_CONCAT_INNER(a, b) a##b
#define TW_CONCAT(a, b) TW_CONCAT_INNER(a, b)

/// Returns from the enclosing function when `expr` is an error.
#define TW_RETURN_IF_ERROR(expr)                                    \
  do {                                                              \
    if (auto tw_status = (expr); !tw_status.ok()) return tw_status; \
  } while (false)

/// TW_ASSIGN_OR_RETURN(auto value, Compute());
#define TW_ASSIGN_OR_RETURN(lhs, expr) \
  TW_ASSIGN_OR_RETURN_IMPL(TW_CONCAT(tw_or_, __LINE__), lhs, expr)
#define TW_ASSIGN_OR_RETURN_IMPL(temp, lhs, expr)  \
  auto temp = (expr);                              \
  if (!temp.ok()) return std::move(temp).status(); \
  lhs = *std::move(temp)
