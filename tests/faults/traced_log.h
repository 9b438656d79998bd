// The controller's journal with a hand on it: each save has a boundary before and one after it, at
// which the process may be made to die, wait, or find the disk full.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "actuator/action_log.h"

namespace tidewright::faults {

class TracedLog : public ActionLog {
 public:
  /// `at` is told of each boundary, from 1, before a save (odd) and after it (even): what is (to
  /// be) saved.
  using AtBoundary = std::function<void(int boundary, const std::string& what)>;
  TracedLog(ActionLog& log, AtBoundary at) : log_(log), at_(std::move(at)) {}

  Status SaveAction(const ActionRecord& record) override {
    const std::string what = Describe(record);
    return Between(what, [&] { return log_.SaveAction(record); });
  }
  Status SaveNote(const std::string& action_id, const std::string& key,
                  const std::string& value) override {
    const bool named = key.rfind("ambiguous:", 0) == 0;
    return Between("note " + key + (named ? " " + value : ""),
                   [&] { return log_.SaveNote(action_id, key, value); });
  }
  StatusOr<std::map<std::string, std::string>> Notes(const std::string& action_id) const override {
    return log_.Notes(action_id);
  }

 private:
  template <typename Save>
  Status Between(const std::string& what, const Save& save) {
    at_(++boundary_, what);
    const Status saved = save();
    at_(++boundary_, saved.ok() ? what : "failed " + Message(saved));
    return saved;
  }

  /// "step 3 move intended", or the action's end.
  static std::string Describe(const ActionRecord& record) {
    if (record.state != ActionState::kRunning && record.state != ActionState::kRollingBack) {
      return std::string("action ") + ActionStateName(record.state) + " " + record.error;
    }
    const StepRecord* newest = nullptr;
    for (const auto& step : record.steps) {
      const bool back = record.state == ActionState::kRollingBack;
      if (step.state == StepState::kPending && !back) break;
      if (!back || step.state == StepState::kUndone) {
        newest = &step;
        if (back) break;
      }
    }
    if (newest == nullptr) return std::string("action ") + ActionStateName(record.state);
    return "step " + std::to_string(newest->step.index) + " " + newest->step.kind + " " +
           StepStateName(newest->state) + (newest->error.empty() ? "" : " " + newest->error);
  }

  ActionLog& log_;
  const AtBoundary at_;
  int boundary_ = 0;
};

}  // namespace tidewright::faults
