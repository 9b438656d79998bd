// YAML as a tree with line numbers, with everything refused that a configuration file has no need
// of. Internal to config.
#pragma once

#include <string>
#include <vector>

#include "core/status.h"

namespace tidewright::config {

inline constexpr std::size_t kMostBytes = 256 * 1024;
inline constexpr std::size_t kMostDepth = 16;
inline constexpr std::size_t kMostValues = 10'000;
/// Of '[' and '{' in the whole text: nested ones cost yaml-cpp's scanner time before its first event.
inline constexpr std::size_t kMostBrackets = 1'000;

struct YamlEntry;

struct YamlNode {
  enum class Kind { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  int line = 1;
  std::string text;                ///< of a scalar
  std::vector<YamlNode> items;     ///< of a list
  std::vector<YamlEntry> entries;  ///< of a map, keys are unique
};

struct YamlEntry {
  std::string key;
  int line = 1;
  YamlNode value;
};

/// One document of at most kMostBytes of UTF-8 text and kMostDepth levels, without anchors,
/// aliases, tags, duplicate keys and keys that are no plain words. Errors are kInvalidArgument and
/// begin with "file:line: ". An empty document is a null node.
[[nodiscard]] StatusOr<YamlNode> ParseYaml(const std::string& text, const std::string& file_name);

}  // namespace tidewright::config
