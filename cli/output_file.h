// Where a command writes its result: stdout, or a file that appears when it is complete.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "core/status.h"

namespace tidewright::cli {

/// Move-only. Not thread-safe.
class OutputFile {
 public:
  /// Empty or "-" is stdout. What is no regular file (a pipe, a device) is written to directly;
  /// else a file beside it, which Close() renames.
  [[nodiscard]] static StatusOr<OutputFile> Open(const std::string& path);
  ~OutputFile();
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;

  [[nodiscard]] Status Write(std::string_view text);
  /// Everything written is on its way to the disk under the file's name.
  [[nodiscard]] Status Close();

 private:
  OutputFile() = default;
  [[nodiscard]] Status Broken() const;

  std::FILE* file_ = nullptr;
  std::string path_;
  std::string temporary_;  ///< empty where the file is written to directly
};

}  // namespace tidewright::cli
