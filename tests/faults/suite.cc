#include "tests/faults/suite.h"

#include <algorithm>

namespace tidewright::faults {
namespace {

/// The promise, and what the short and long forms are judged by.
constexpr double kResumeWithin = 10;
constexpr double kSettleWithin = 5 + 15;  // cluster-node-timeout and 15 s
constexpr int kRandomKills = 40;
constexpr int kWorlds = 25;  // made anew after problems, at most

std::string Figure(double seconds) { return seconds < 0 ? "-" : fmt::format("{:.1f}", seconds); }

std::string Describe(const Case& one) {
  return fmt::format("{} / {}{} (goal {}, seed {})", one.FaultText(), one.PhaseText(),
                     one.boundary > 0 ? fmt::format(" {}", one.boundary) : "", one.goal, one.seed);
}

void Count(const Case& one, Outcome& outcome, Report& report) {
  if (outcome.resumed > kResumeWithin) {
    outcome.problems.push_back(fmt::format("resumed after {:.1f} s", outcome.resumed));
  }
  if (outcome.settled > kSettleWithin) {
    outcome.problems.push_back(fmt::format("settled after {:.1f} s", outcome.settled));
  }
  Row& row = report.rows[{one.FaultText(), one.PhaseText()}];
  ++row.runs;
  row.bad += outcome.Good() ? 0 : 1;
  row.resumed = std::max(row.resumed, outcome.resumed);
  row.settled = std::max(row.settled, outcome.settled);
  row.lost += outcome.lost;
  row.undone += outcome.undone;
  row.store_lost += outcome.store_lost;
  row.ambiguous += outcome.ambiguous;
  row.open_slots += outcome.open_slots;
  row.disputed_slots += outcome.disputed_slots;
  row.rolled_back += outcome.rolled_back;
  row.acknowledged += outcome.acknowledged;
  for (const auto& problem : outcome.problems) {
    report.problems.push_back(Describe(one) + ": " + problem);
  }
}

std::string Line(const Case& one, const Outcome& outcome) {
  return fmt::format("{:4} {}  resumed {} s, settled {} s, {} writes, {} rolled back{}",
                     outcome.Good() ? "ok" : "BAD", Describe(one), Figure(outcome.resumed),
                     Figure(outcome.settled), outcome.acknowledged, outcome.rolled_back,
                     outcome.Good() ? "" : ": " + outcome.problems.front());
}

/// The two legs of a world in turns.
std::vector<Case> Alternating(const std::vector<Case>& out, const std::vector<Case>& in) {
  std::vector<Case> cases;
  for (std::size_t i = 0; i < std::max(out.size(), in.size()); ++i) {
    if (i < out.size()) cases.push_back(out[i]);
    if (i < in.size()) cases.push_back(in[i]);
  }
  return cases;
}

/// `count` of the boundaries 1 … `last`, spread evenly and moved by the seed; all of them for 0.
std::vector<Case> Boundaries(int last, int goal, int count, std::uint64_t seed) {
  std::vector<Case> cases;
  const int many = count == 0 ? last : std::min(count, last);
  for (int i = 0; i < many; ++i) {
    Case one{.kind = FaultKind::kControllerAtBoundary, .goal = goal, .phase = {}, .victim = {}};
    one.boundary = 1 + static_cast<int>((static_cast<std::uint64_t>(last) * i / many + seed) %
                                        static_cast<std::uint64_t>(last));
    one.seed = seed;
    cases.push_back(one);
  }
  return cases;
}

std::vector<Case> ControllerCases(const SuiteOptions& options, int out_boundaries,
                                  int in_boundaries) {
  const int random =
      options.controller_runs == 0 ? kRandomKills : std::max(2, options.controller_runs / 5);
  const int each =
      options.controller_runs == 0 ? 0 : std::max(1, (options.controller_runs - random) / 2);
  auto cases = Alternating(Boundaries(out_boundaries, 4, each, options.seed),
                           Boundaries(in_boundaries, 3, each, options.seed));
  for (int i = 0; i < random; ++i) {
    Case one{.kind = FaultKind::kControllerAtRandom,
             .goal = i % 2 == 0 ? 4 : 3,
             .phase = {},
             .victim = {}};
    one.seed = options.seed * 1000 + static_cast<std::uint64_t>(i);
    cases.push_back(one);
  }
  return cases;
}

std::vector<Case> ServerCases(const std::vector<FaultKind>& kinds, const SuiteOptions& options) {
  struct Where {
    int goal;
    const char* phase;
    std::vector<const char*> victims;
  };
  const std::vector<Where> places = {
      {4, "provision", {"bystander"}},
      {4, "join", {"target", "bystander"}},
      {4, "move", {"source", "target", "bystander"}},
      {4, "close", {"source", "target", "bystander"}},
      {3, "drain", {"source", "target", "bystander"}},
      {3, "forget", {"source", "bystander"}},
  };
  std::vector<Case> out;
  std::vector<Case> in;
  for (int round = 0; round < options.server_rounds; ++round) {
    for (const auto kind : kinds) {
      for (const auto& place : places) {
        for (const char* victim : place.victims) {
          Case one{.kind = kind, .goal = place.goal, .phase = place.phase, .victim = victim};
          one.seed = options.seed + static_cast<std::uint64_t>(round) * 7 + out.size() + in.size();
          (place.goal == 4 ? out : in).push_back(one);
        }
      }
    }
  }
  return Alternating(out, in);
}

std::vector<Case> OtherCases(const SuiteOptions& options) {
  std::vector<Case> cases;
  for (int round = 0; round < options.server_rounds; ++round) {
    for (const auto kind : {FaultKind::kDelay, FaultKind::kReset, FaultKind::kSilence,
                            FaultKind::kDiskFull, FaultKind::kDiskSlow}) {
      for (const int goal : {4, 3}) {
        Case one{.kind = kind, .goal = goal, .phase = {}, .victim = {}};
        one.seed = options.seed * 100 + cases.size();
        one.boundary = kind == FaultKind::kDiskFull ? 9 + static_cast<int>(one.seed * 11 % 60) : 0;
        cases.push_back(one);
      }
    }
  }
  return cases;
}

}  // namespace

int Report::Runs() const {
  int runs = 0;
  for (const auto& [key, row] : rows) runs += row.runs;
  return runs;
}

std::string Report::Table() const {
  std::string table = fmt::format(
      "{:<40} {:<10} {:>4} {:>7} {:>7} {:>8} {:>4} {:>6} {:>7} {:>5} {:>4} {:>8} {:>4}\n", "fault",
      "phase", "runs", "resumed", "settled", "writes", "lost", "undone", "store's", "named", "open",
      "disputed", "back");
  for (const auto& [key, row] : rows) {
    table += fmt::format(
        "{:<40} {:<10} {:>4} {:>7} {:>7} {:>8} {:>4} {:>6} {:>7} {:>5} {:>4} {:>8} {:>4}{}\n",
        key.first, key.second, row.runs, Figure(row.resumed), Figure(row.settled), row.acknowledged,
        row.lost, row.undone, row.store_lost, row.ambiguous, row.open_slots, row.disputed_slots,
        row.rolled_back, row.bad > 0 ? fmt::format("  {} BAD", row.bad) : "");
  }
  return table +
         "resumed   s from the controller's death until its successor had completed the step that "
         "was under way (at most)\n"
         "settled   s from the failover, or the victim's return where there was none, until the "
         "slots concerned were whole with one owner (at most)\n"
         "store's   acknowledged writes that a master took with it before it had replicated them\n"
         "named     deletes undone since a MIGRATE ended in doubt; the controller reports these "
         "keys\n"
         "back      actions that were rolled back before one came through\n";
}

Status RunCases(const WorldOptions& options, const std::vector<Case>& cases, Report& report,
                const std::function<void(const std::string&)>& tell) {
  std::unique_ptr<World> world;
  int shards = 0;
  int worlds = 0;
  const auto run = [&](const Case& one) {
    Outcome outcome = world->Run(one);
    Count(one, outcome, report);
    tell(Line(one, outcome) + (outcome.story.empty() ? "" : "\n" + outcome.story));
    shards = one.goal;
    if (!outcome.Good()) world.reset();
  };
  for (const auto& one : cases) {
    if (Describe(one).find(options.filter) == std::string::npos) continue;
    for (int tries = 0; tries < 3; ++tries) {
      if (!world) {
        if (++worlds > kWorlds) return Error(StatusCode::kAborted, "too many worlds went bad");
        TW_ASSIGN_OR_RETURN(world, World::Make(options));
        shards = 3;
      }
      if (shards != one.goal) break;
      Case quiet;
      quiet.goal = one.goal == 4 ? 3 : 4;
      run(quiet);
    }
    if (world && shards != one.goal) run(one);
  }
  return OkStatus();
}

StatusOr<Report> RunSuite(const SuiteOptions& options,
                          const std::function<void(const std::string&)>& tell) {
  Report report;
  WorldOptions replicated;
  replicated.seed = options.seed;
  replicated.filter = options.filter;
  if (options.controller) {
    int boundaries[2] = {0, 0};
    {
      TW_ASSIGN_OR_RETURN(const auto world, World::Make(replicated));
      for (const int goal : {4, 3}) {
        Case quiet;
        quiet.goal = goal;
        Outcome outcome = world->Run(quiet);
        Count(quiet, outcome, report);
        tell(Line(quiet, outcome));
        boundaries[goal == 4 ? 0 : 1] = outcome.boundaries;
      }
    }
    tell(fmt::format("boundaries: {} of scale-out, {} of scale-in", boundaries[0], boundaries[1]));
    TW_RETURN_IF_ERROR(
        RunCases(replicated, ControllerCases(options, boundaries[0], boundaries[1]), report, tell));
  }
  if (options.servers) {
    TW_RETURN_IF_ERROR(RunCases(
        replicated,
        ServerCases({FaultKind::kServerKill, FaultKind::kServerFreeze, FaultKind::kServerStop},
                    options),
        report, tell));
    WorldOptions durable = replicated;
    durable.replicas = 0;
    durable.appendfsync = "always";
    TW_RETURN_IF_ERROR(
        RunCases(durable, ServerCases({FaultKind::kServerCrash}, options), report, tell));
  }
  if (options.network) {
    TW_RETURN_IF_ERROR(RunCases(replicated, OtherCases(options), report, tell));
  }
  return report;
}

}  // namespace tidewright::faults
