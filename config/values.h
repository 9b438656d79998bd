// Values as people write them in the configuration file. Internal to config.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"

namespace tidewright::config {

/// A whole text, decimal, finite; nothing else.
[[nodiscard]] std::optional<double> ParseNumber(const std::string& text);
[[nodiscard]] std::optional<std::int64_t> ParseWhole(const std::string& text);
/// Bytes: a number with B, KiB, MiB, GiB, TiB, kB, MB, GB, TB or nothing; "/s" may follow where
/// `per_second`.
[[nodiscard]] std::optional<double> ParseSize(const std::string& text, bool per_second);
/// "host:port", "[::1]:port"; the port from 1 to 65535.
[[nodiscard]] std::optional<Endpoint> ParseEndpoint(const std::string& text);
/// 127.0.0.0/8, ::1 or localhost.
[[nodiscard]] bool IsLoopback(const std::string& host);
/// The known word that is so near that it was probably meant.
[[nodiscard]] std::optional<std::string> Nearest(const std::string& word,
                                                 const std::vector<std::string>& known);
/// A value as it may be shown in a message: short, on one line, and not at all where it may hold a
/// secret (user:password@host).
[[nodiscard]] std::string Shown(const std::string& value);

}  // namespace tidewright::config
