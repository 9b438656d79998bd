#include "journal/stop_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "io/durable_file.h"

namespace tidewright {
namespace {

constexpr int kVersion = 1;
constexpr std::size_t kMostBytes = 64 << 10;  // of a file that somebody made

enum class Presence { kAbsent, kThere, kUnknown };

Presence Look(const std::string& path, int& error) {
  struct stat found {};
  if (lstat(path.c_str(), &found) == 0) return Presence::kThere;
  error = errno;
  if (error != ENOENT) return Presence::kUnknown;
  // A folder that is gone (an unmounted disk) cannot say that there is no stop.
  if (lstat(io::FolderOf(path).c_str(), &found) == 0) return Presence::kAbsent;
  error = errno;
  return Presence::kUnknown;
}

std::string Encode(const std::string& by, const std::string& why, WallTime at) {
  return nlohmann::json{{"version", kVersion}, {"by", by}, {"why", why}, {"at", FormatTime(at)}}
             .dump(2, ' ', false, nlohmann::json::error_handler_t::replace) +
         "\n";
}

/// Whatever stands in the file, it is a stop: what cannot be understood is left out.
StopNotice Decode(const std::string& path) {
  StopNotice notice{.path = path, .by = {}, .why = {}, .at = {}};
  std::ifstream file(path, std::ios::binary);
  std::string text(kMostBytes, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) {
    // By hand: its first line may say why.
    notice.why = text.substr(0, std::min<std::size_t>(text.find('\n'), 200));
    return notice;
  }
  const auto read = [&json](const char* key) {
    const auto it = json.find(key);
    return it != json.end() && it->is_string() ? it->get<std::string>() : std::string();
  };
  notice.by = read("by");
  notice.why = read("why");
  if (const auto at = ParseTime(read("at")); at.ok()) notice.at = *at;
  return notice;
}

std::string ClearedPath(const std::string& path) { return path + ".cleared"; }

}  // namespace

std::string StopFileOf(const std::string& data_dir) { return data_dir + "/stop"; }

StatusOr<StopNotice> ThrowStop(const std::string& path, const std::string& by,
                               const std::string& why, WallTime at) {
  int error = 0;
  if (Look(path, error) == Presence::kThere) return Decode(path);
  TW_RETURN_IF_ERROR(io::ReplaceFileDurably(path, Encode(by, why, at)));
  return Decode(path);
}

Status ClearStop(const std::string& path, const std::string& by, const std::string& why,
                 WallTime at) {
  int error = 0;
  switch (Look(path, error)) {
    case Presence::kAbsent:
      return Error(StatusCode::kNotFound, "{}: the kill switch is not thrown there", path);
    case Presence::kUnknown:
      return Error(StatusCode::kFailedPrecondition, "{}: cannot be looked at: {}", path,
                   std::strerror(error));
    case Presence::kThere:
      break;
  }
  // First who clears it: a switch is never taken back without a trace.
  TW_RETURN_IF_ERROR(io::ReplaceFileDurably(ClearedPath(path), Encode(by, why, at)));
  return io::RemoveFileDurably(path);
}

std::optional<StopNotice> LastCleared(const std::string& path) {
  int error = 0;
  if (Look(ClearedPath(path), error) != Presence::kThere) return std::nullopt;
  return Decode(ClearedPath(path));
}

bool StopSwitch::Thrown() const {
  int error = 0;
  for (const auto& path : paths_) {
    if (Look(path, error) != Presence::kAbsent) return true;
  }
  return false;
}

std::optional<StopNotice> StopSwitch::Notice() const {
  for (const auto& path : paths_) {
    int error = 0;
    switch (Look(path, error)) {
      case Presence::kAbsent:
        continue;
      case Presence::kThere:
        return Decode(path);
      case Presence::kUnknown:
        return StopNotice{.path = path,
                          .by = {},
                          .why = fmt::format("it cannot be seen whether there is a stop file: {}",
                                             std::strerror(error)),
                          .at = {}};
    }
  }
  return std::nullopt;
}

}  // namespace tidewright
