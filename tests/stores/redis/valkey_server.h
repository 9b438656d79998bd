// A Valkey 9 for tests, which Debian 12 has not: scripts/setup fetches one.
#pragma once

#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace tidewright::testing {

/// Of 9.1.2 or newer: what TIDEWRIGHT_VALKEY_SERVER names, or what scripts/setup has put into the
/// user's cache. Empty when there is none.
inline std::string ValkeyServer() {
  if (const char* named = std::getenv("TIDEWRIGHT_VALKEY_SERVER"); named != nullptr) return named;
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  if (cache == nullptr && home == nullptr) return "";
  const std::string path = (cache != nullptr ? std::string(cache) : std::string(home) + "/.cache") +
                           "/tidewright/valkey-9.1.2/valkey-server";
  return std::filesystem::exists(path) ? path : "";
}

/// Of suites that need it; ctest shows the word.
inline boost::test_tools::assertion_result HasValkeyServer(boost::unit_test::test_unit_id) {
  if (!ValkeyServer().empty()) return true;
  static const bool kSaid = [] {
    std::printf(
        "SKIPPED: there is no valkey-server of 9.1.2 or newer; scripts/setup fetches one, or name "
        "yours in TIDEWRIGHT_VALKEY_SERVER\n");
    std::fflush(stdout);
    return true;
  }();
  return !kSaid;
}

}  // namespace tidewright::testing
