// The command line of what people keep a controller in check with.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "cli/commands.h"

namespace tidewright::cli {

struct SafetyArguments {
  AuditOptions audit;
  StopOptions stop;
  HoldOptions hold;
  bool stop_all = false;
  bool roll_back = false;
  std::string action_id;
  std::string comment;
};

/// `run` gets what is to be done after parsing; `open` begins a conversation with the controller.
void AddAudit(CLI::App& app, SafetyArguments& args, std::function<int()>& run,
              const std::function<Session()>& open);
void AddStop(CLI::App& app, SafetyArguments& args, std::function<int()>& run,
             const std::function<Session()>& open);
void AddHold(CLI::App& app, SafetyArguments& args, std::function<int()>& run,
             const std::function<Session()>& open);
void AddLocks(CLI::App& app, SafetyArguments& args, std::function<int()>& run,
              const std::function<Session()>& open);
/// Below "actions".
void AddCancel(CLI::App& actions, SafetyArguments& args, std::function<int()>& run,
               const std::function<Session()>& open);

}  // namespace tidewright::cli
