// What `tidectl replay` was asked, as it was typed; empty where it was not.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace tidewright::cli {

struct ReplayOptions {
  std::vector<std::string> traces;  ///< files and folders
  bool from_history = false;
  bool quota = false;  ///< a quota instead of shards
  std::string data_dir;
  std::string cluster;
  std::string resource = "requests";
  std::vector<std::string> policies;  ///< files; "none" for none
  bool baselines = false;
  bool optimum = false;
  std::string sweep;  ///< KEY=a,b,c
  std::vector<std::string> faults;
  double node_capacity = 0;
  int max_nodes = 0;
  std::string full_migration_time = "4h";
  std::string provisioning_time = "5m";
  double penalty = 20;
  std::uint64_t seed = 1;
  int jobs = 0;  ///< 0: one a core
  std::string decisions;
  std::string summary;
  std::string html;
  bool json = false;
};

/// Adds the options, their help and examples to the subcommand.
void AddReplayOptions(CLI::App& replay, ReplayOptions& options);

}  // namespace tidewright::cli
