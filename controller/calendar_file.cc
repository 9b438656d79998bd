#include "controller/calendar_file.h"

#include <filesystem>
#include <fstream>

namespace tidewright {
namespace {

constexpr std::size_t kMostBytes = 1024 * 1024;

StatusOr<std::string> ReadText(const std::string& path) {
  constexpr auto kBad = StatusCode::kInvalidArgument;
  std::error_code ignored;
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path, ignored)) {
    return Error(kBad, "{}: cannot be read; the key calendar names it", path);
  }
  std::string text(kMostBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return Error(kBad, "{}: cannot be read", path);
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMostBytes) return Error(kBad, "{}: is longer than {} bytes", path, kMostBytes);
  return text;
}

}  // namespace

StatusOr<bool> CalendarFile::Refresh() {
  if (path_.empty()) return false;
  TW_ASSIGN_OR_RETURN(std::string text, ReadText(path_));
  if (calendar_ != nullptr && text == text_) return false;
  TW_ASSIGN_OR_RETURN(Calendar calendar, ParseCalendar(text, path_));
  calendar_ = std::make_shared<const Calendar>(std::move(calendar));
  text_ = std::move(text);
  return true;
}

}  // namespace tidewright
