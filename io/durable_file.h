// Small files that are whole or not there, whatever happens.
#pragma once

#include <string>

#include "core/status.h"

namespace tidewright::io {

/// The old text or the new one is there after a crash at any point; the new one for certain once it
/// returned OK. Readable for everybody. kResourceExhausted for a full disk, kFailedPrecondition for
/// what else the system says, with the path.
[[nodiscard]] Status ReplaceFileDurably(const std::string& path, const std::string& text);
/// As far as the disk is concerned too. OK when it is not there.
[[nodiscard]] Status RemoveFileDurably(const std::string& path);
/// The folder of a path: "." for a bare name.
[[nodiscard]] std::string FolderOf(const std::string& path);

}  // namespace tidewright::io
