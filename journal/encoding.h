// How times and states stand in the journal's tables.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "core/status.h"
#include "core/time.h"

namespace tidewright {

[[nodiscard]] inline std::int64_t ToMicros(WallTime time) {
  return time.time_since_epoch().count();
}
[[nodiscard]] inline WallTime FromMicros(std::int64_t micros) { return WallTime(Duration(micros)); }

/// The state whose name it is, by trying all of `states`.
template <typename State, std::size_t N>
[[nodiscard]] StatusOr<State> ParseState(std::string_view text, const std::array<State, N>& states,
                                         const char* (*name)(State)) {
  for (State state : states) {
    if (text == name(state)) return state;
  }
  return Error(StatusCode::kDataLoss, "the journal holds an unknown state '{}'", text);
}

}  // namespace tidewright
