// The kill switch: a file. While it is there nothing of the store is changed, except that what is
// open is brought to a safe end. It has no expiry, and only a person removes it: tidectl, or by
// hand. It works with the API, etcd and the daemon down.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/status.h"
#include "core/time.h"

namespace tidewright {

/// What a stop file says; all but the path may be unknown when it was made by hand.
struct StopNotice {
  std::string path;
  std::string by;
  std::string why;
  std::optional<WallTime> at;  ///< real time
};

/// Where the switch of a data folder is: always obeyed, so that tidectl need not know more.
[[nodiscard]] std::string StopFileOf(const std::string& data_dir);

/// Durable before it returns; what is there already is left as it is and returned.
[[nodiscard]] StatusOr<StopNotice> ThrowStop(const std::string& path, const std::string& by,
                                             const std::string& why, WallTime at);
/// Removes it. Who did, when and why stays beside it, in `path`.cleared, for the audit log.
/// kNotFound when there is none.
[[nodiscard]] Status ClearStop(const std::string& path, const std::string& by,
                               const std::string& why, WallTime at);
/// Who cleared it last, as far as that is known.
[[nodiscard]] std::optional<StopNotice> LastCleared(const std::string& path);

/// Looks at the files each time it is asked: a few microseconds. Thread-safe.
class StopSwitch {
 public:
  explicit StopSwitch(std::vector<std::string> paths) : paths_(std::move(paths)) {}

  /// Whether one of the files is there, or may be: a folder that cannot be looked into counts as a
  /// stop, since nobody can say that there is none.
  [[nodiscard]] bool Thrown() const;
  /// The first of them, with what it says; why it counts as a stop when it cannot be read.
  [[nodiscard]] std::optional<StopNotice> Notice() const;

  /// The one that tidectl and the API write.
  [[nodiscard]] const std::string& path() const { return paths_.front(); }
  [[nodiscard]] const std::vector<std::string>& paths() const { return paths_; }

 private:
  std::vector<std::string> paths_;
};

}  // namespace tidewright
