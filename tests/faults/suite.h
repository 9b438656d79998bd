// The fault suite on real servers: which legs, in which worlds, and the table of what came of them.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/status.h"
#include "tests/faults/cases.h"
#include "tests/faults/world.h"

namespace tidewright::faults {

struct SuiteOptions {
  std::uint64_t seed = 1;
  int controller_runs = 0;  ///< legs with a killed controller; 0: every boundary, and 40 at random
  int server_rounds = 1;    ///< how often each server's fault is tried in each phase
  std::string filter;       ///< only legs whose description has this in it
  bool controller = true;
  bool servers = true;
  bool network = true;  ///< and the journal's disk
};

/// What all legs with one fault in one phase came to.
struct Row {
  int runs = 0;
  int bad = 0;
  double resumed = -1;  ///< the longest
  double settled = -1;  ///< likewise
  std::int64_t lost = 0;
  std::int64_t undone = 0;
  std::int64_t store_lost = 0;
  std::int64_t ambiguous = 0;
  int open_slots = 0;
  int disputed_slots = 0;
  int rolled_back = 0;
  std::int64_t acknowledged = 0;
};

struct Report {
  std::map<std::pair<std::string, std::string>, Row> rows;  ///< fault, phase
  std::vector<std::string> problems;                        ///< with the case they belong to

  [[nodiscard]] int Runs() const;
  [[nodiscard]] std::string Table() const;
};

/// `tell` gets a line for each leg. An error when no world could be made.
StatusOr<Report> RunSuite(const SuiteOptions& options,
                          const std::function<void(const std::string&)>& tell);

/// Legs of one world, in order: those that are missing in between (a world that must be brought to
/// the other size first) are put in undisturbed.
Status RunCases(const WorldOptions& options, const std::vector<Case>& cases, Report& report,
                const std::function<void(const std::string&)>& tell);

}  // namespace tidewright::faults
