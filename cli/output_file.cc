#include "cli/output_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace tidewright::cli {

StatusOr<OutputFile> OutputFile::Open(const std::string& path) {
  OutputFile out;
  if (path.empty() || path == "-") {
    out.file_ = stdout;
    out.path_ = "stdout";
    return out;
  }
  out.path_ = path;
  std::error_code ignored;
  const auto kind = std::filesystem::status(path, ignored).type();
  const bool direct =
      kind != std::filesystem::file_type::regular && kind != std::filesystem::file_type::not_found;
  if (!direct) out.temporary_ = fmt::format("{}.{}.part", path, getpid());
  out.file_ = std::fopen((direct ? path : out.temporary_).c_str(), "we");
  if (out.file_ == nullptr) {
    return Error(StatusCode::kInvalidArgument, "{} cannot be written: {}", path,
                 std::strerror(errno));
  }
  return out;
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : file_(std::exchange(other.file_, nullptr)),
      path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})) {}

OutputFile::~OutputFile() {
  if (file_ != nullptr && file_ != stdout) std::fclose(file_);
  if (!temporary_.empty()) std::remove(temporary_.c_str());
}

Status OutputFile::Broken() const {
  return Error(StatusCode::kResourceExhausted, "{} could not be written to its end: {}", path_,
               std::strerror(errno));
}

Status OutputFile::Write(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), file_) != text.size()) return Broken();
  return OkStatus();
}

Status OutputFile::Close() {
  std::FILE* file = std::exchange(file_, nullptr);
  const bool flushed = std::fflush(file) == 0;
  const bool closed = file == stdout || std::fclose(file) == 0;
  if (!flushed || !closed) return Broken();
  if (temporary_.empty()) return OkStatus();
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) return Broken();
  temporary_.clear();
  return OkStatus();
}

}  // namespace tidewright::cli
