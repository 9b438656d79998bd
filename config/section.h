// One map of the configuration file, read key by key against what it may hold. Internal to config.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "config/yaml_tree.h"

namespace tidewright::config {

/// Everything that is wrong with a file, and every key that it could hold.
struct Report {
  struct Problem {
    int line;
    std::string text;  ///< "policy.min_shards: …"
  };
  std::vector<Problem> problems;
  std::vector<std::string> keys;  ///< full names of all leaves that were asked for

  void Add(int line, const std::string& key, const std::string& what) {
    problems.push_back({line, key.empty() ? what : key + ": " + what});
  }
};

enum class Need { kOptional, kRequired };

/// Each reading function leaves its target alone when the key is absent or wrong, and tells the
/// report what is wrong and what would be right. What was never asked for is unknown: Finish() says
/// so. A section that is absent can be read too: nothing is required of it then.
class Section {
 public:
  /// The document itself.
  Section(const YamlNode& root, Report& report);

  [[nodiscard]] Section Sub(const std::string& key, Need need = Need::kOptional);
  [[nodiscard]] bool present() const { return present_; }
  [[nodiscard]] bool Has(const std::string& key) const { return Find(key) != nullptr; }
  /// The line of a key where it stands, else of the section: for checks across keys.
  [[nodiscard]] int LineOf(const std::string& key) const;
  /// A problem of `key` that the caller found.
  void Wrong(const std::string& key, const std::string& what);

  void Text(const std::string& key, std::string& target, Need need = Need::kOptional);
  void Whole(const std::string& key, int& target, int low, int high, Need need = Need::kOptional);
  void Number(const std::string& key, double& target, double low, double high,
              Need need = Need::kOptional);
  void Span(const std::string& key, Duration& target, Duration low, Duration high);
  void Time(const std::string& key, WallTime& target, Need need = Need::kOptional);
  void Flag(const std::string& key, bool& target);
  /// `target` is positive; as a plain number, or with a unit of bytes.
  void Size(const std::string& key, double& target, bool per_second);
  void Address(const std::string& key, Endpoint& target);
  void Addresses(const std::string& key, std::vector<Endpoint>& target, Need need);
  void Texts(const std::string& key, std::vector<std::string>& target);
  /// A map of any keys to single values, in the order of the file.
  void Pairs(const std::string& key, std::vector<std::pair<std::string, std::string>>& target);
  void OneOf(const std::string& key, std::string& target, const std::vector<std::string>& choices);

  /// Tells of the keys that nobody asked for.
  void Finish();

 private:
  Section(const YamlNode* map, int line, std::string path, bool present, Report& report)
      : map_(map), line_(line), path_(std::move(path)), present_(present), report_(report) {}
  [[nodiscard]] std::string Path(const std::string& key) const;
  const YamlEntry* Find(const std::string& key) const;
  const YamlEntry* Ask(const std::string& key, Need need, const std::string& right);
  const std::string* Scalar(const std::string& key, Need need, const std::string& right);

  const YamlNode* map_;  ///< null when there is none
  int line_;
  std::string path_;
  bool present_;
  Report& report_;
  std::vector<std::string> known_;
};

}  // namespace tidewright::config
