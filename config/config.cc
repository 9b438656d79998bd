#include "config/config.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "config/schema.h"
#include "config/yaml_tree.h"

namespace tidewright {
namespace {

// A file of nonsense is not answered with as much of it.
constexpr std::size_t kMostProblems = 50;

// One text a problem, by line.
std::vector<std::string> Lines(std::vector<config::Report::Problem> problems,
                               const std::string& file) {
  std::stable_sort(problems.begin(), problems.end(),
                   [](const auto& a, const auto& b) { return a.line < b.line; });
  std::vector<std::string> lines;
  for (const auto& problem : problems) {
    if (lines.size() == kMostProblems) {
      lines.push_back(
          fmt::format("{}:{}: and {} more", file, problem.line, problems.size() - kMostProblems));
      break;
    }
    lines.push_back(fmt::format("{}:{}: {}", file, problem.line, problem.text));
  }
  return lines;
}

// Sets a key of the policy in the tree, where the file has it or would.
void Put(config::YamlNode& root, const PolicyOverride& override) {
  const auto find = [](config::YamlNode& map, const std::string& key) -> config::YamlNode& {
    map.kind = config::YamlNode::Kind::kMap;
    for (config::YamlEntry& entry : map.entries) {
      if (entry.key == key) return entry.value;
    }
    map.entries.push_back({.key = key, .line = map.line, .value = {}});
    return map.entries.back().value;
  };
  // "quota.floor" is a key of a section.
  config::YamlNode* section = &find(root, "policy");
  std::string key = override.key;
  for (std::size_t dot = key.find('.'); dot != std::string::npos; dot = key.find('.')) {
    section = &find(*section, key.substr(0, dot));
    key.erase(0, dot + 1);
  }
  config::YamlNode& value = find(*section, key);
  value.kind = config::YamlNode::Kind::kScalar;
  value.text = override.value;
}

}  // namespace

StatusOr<Config> ParseConfig(const std::string& yaml, const std::string& file_name) {
  TW_ASSIGN_OR_RETURN(const config::YamlNode root, config::ParseYaml(yaml, file_name));
  config::Outcome outcome = config::ReadDocument(root);
  if (!outcome.report.problems.empty()) {
    const auto lines = Lines(std::move(outcome.report.problems), file_name);
    return Error(StatusCode::kInvalidArgument, "{}", fmt::join(lines, "\n"));
  }
  outcome.config.warnings = Lines(std::move(outcome.warnings), file_name);
  return std::move(outcome.config);
}

StatusOr<Policy> ParsePolicy(const std::string& yaml, const std::string& file_name,
                             const std::vector<PolicyOverride>& overrides) {
  TW_ASSIGN_OR_RETURN(config::YamlNode root, config::ParseYaml(yaml, file_name));
  config::Outcome outcome = config::ReadPolicyDocument(root);
  if (outcome.report.problems.empty() && !overrides.empty()) {
    for (const PolicyOverride& override : overrides) Put(root, override);
    outcome = config::ReadPolicyDocument(root);
    if (!outcome.report.problems.empty()) {
      return Error(StatusCode::kInvalidArgument, "{}: {}", overrides.front().from,
                   outcome.report.problems.front().text);
    }
  }
  if (!outcome.report.problems.empty()) {
    const auto lines = Lines(std::move(outcome.report.problems), file_name);
    return Error(StatusCode::kInvalidArgument, "{}", fmt::join(lines, "\n"));
  }
  return std::move(outcome.config.policy);
}

namespace {

StatusOr<std::string> ReadFile(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return Error(StatusCode::kInvalidArgument, "{}: is a directory; name the file in it", path);
  }
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return Error(StatusCode::kInvalidArgument, "{}: cannot be opened: {}", path,
                 errno != 0 ? std::strerror(errno) : "unknown error");
  }
  // One byte more than is allowed, so that a file without end is refused like any large one.
  std::string text(config::kMostBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) {
    return Error(StatusCode::kInvalidArgument, "{}: cannot be read", path);
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

}  // namespace

StatusOr<Config> LoadConfig(const std::string& path) {
  TW_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  return ParseConfig(text, path);
}

StatusOr<Policy> LoadPolicy(const std::string& path, const std::vector<PolicyOverride>& overrides) {
  TW_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  return ParsePolicy(text, path, overrides);
}

}  // namespace tidewright
