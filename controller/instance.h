// Who this controller is among those that could be one.
#pragma once

#include <string>

#include "core/status.h"

namespace tidewright {

/// "HOST-12345678-90abcdef": the host's name, a number that is made once and kept in the data
/// folder, and the boot of this machine. The same after a restart of the process, another one for a
/// copy of the folder on another machine. The lock of the folder keeps two processes from having it
/// at a time.
[[nodiscard]] StatusOr<std::string> InstanceName(const std::string& data_dir);

}  // namespace tidewright
