// Which keys the configuration file has, and what each may hold. Internal to config.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "config/section.h"
#include "config/yaml_tree.h"

namespace tidewright::config {

struct Outcome {
  Config config;  ///< of use only when the report has no problems
  Report report;
  std::vector<Report::Problem> warnings;
};

[[nodiscard]] Outcome ReadDocument(const YamlNode& root);
/// The policy alone: of a document that has nothing else, or of a whole one.
[[nodiscard]] Outcome ReadPolicyDocument(const YamlNode& root);

}  // namespace tidewright::config
