// Content hashes of plans, topologies and audit records.
#pragma once

#include <string>

namespace tidewright {

/// SHA-256 in lower-case hexadecimal, 64 characters.
[[nodiscard]] std::string Sha256Hex(const std::string& bytes);

}  // namespace tidewright
