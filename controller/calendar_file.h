// The calendar as people edit it while the controller runs.
#pragma once

#include <memory>
#include <string>

#include "core/status.h"
#include "forecast/calendar.h"

namespace tidewright {

/// Not thread-safe.
class CalendarFile {
 public:
  /// Without a path the calendar stays empty.
  explicit CalendarFile(std::string path) : path_(std::move(path)) {}

  /// Reads the file again. One that cannot be read or has a mistake leaves what was read before in
  /// force: kInvalidArgument says what is wrong. True when the calendar is another one now.
  StatusOr<bool> Refresh();

  /// Null as long as nothing was read.
  [[nodiscard]] const std::shared_ptr<const Calendar>& calendar() const { return calendar_; }

 private:
  std::string path_;
  std::string text_;  ///< what the calendar was read from
  std::shared_ptr<const Calendar> calendar_;
};

}  // namespace tidewright
