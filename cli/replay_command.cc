// `tidectl replay`: policies over traces in the simulated store.
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <limits>

#include "cli/exit_code.h"
#include "cli/ordered_work.h"
#include "cli/output_file.h"
#include "cli/progress.h"
#include "cli/replay_job.h"
#include "core/random.h"

namespace tidewright::cli {
namespace {

namespace fs = std::filesystem;
constexpr auto kBad = StatusCode::kInvalidArgument;

/// One contestant over one trace, or the optima of a trace.
struct Unit {
  std::size_t trace = 0;
  std::size_t contestant = 0;
  bool bounds = false;
};

struct UnitResult {
  replay::Trial trial;
  ReplayResult::Bounds bounds;
};

class Runner {
 public:
  Runner(const ReplayJob& job, Clock& clock)
      : job_(job), clock_(clock), drawn_(DrawnContestants(job)) {
    for (std::size_t i = 0; i < job.traces.size(); ++i) {
      if (job.optimum) units_.push_back({.trace = i, .bounds = true});
      for (std::size_t c = 0; c < job.contestants.size(); ++c) units_.push_back({i, c});
    }
  }

  ReplayResult Run() {
    const MonoTime began = clock_.Monotonic();
    ReplayResult result;
    result.runs.resize(job_.traces.size());
    if (job_.optimum) result.bounds.resize(job_.traces.size());
    Progress progress(clock_, units_.size(), "runs");
    WorkInOrder<UnitResult>(
        units_.size(), job_.jobs, [this](std::size_t i) { return Work(units_[i]); },
        [&](std::size_t i, UnitResult done) {
          Keep(units_[i], std::move(done), result);
          progress.Done(i + 1);
          return true;
        });
    result.seconds = Seconds(clock_.Monotonic() - began);
    rusage usage{};
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
      result.memory_bytes = 1024.0 * static_cast<double>(usage.ru_maxrss);
    }
    return result;
  }

 private:
  UnitResult Work(const Unit& unit) const {
    const ReplayTrace& trace = job_.traces[unit.trace];
    UnitResult done;
    if (unit.bounds) {
      const replay::OptimumObjective cheapest{.penalty = job_.penalty, .per_violation = 0};
      if (job_.settings.quota) {
        const auto& rules = *job_.settings.quota;
        done.bounds.cheapest = replay::QuotaOptimum(trace.series, trace.store, rules, cheapest);
        done.bounds.safest =
            replay::QuotaOptimum(trace.series, trace.store, rules, replay::kZeroViolation);
        return done;
      }
      done.bounds.cheapest = replay::Optimum(trace.series, trace.store, cheapest);
      done.bounds.safest = replay::Optimum(trace.series, trace.store, replay::kZeroViolation);
      return done;
    }
    replay::TrialSettings settings = job_.settings;
    settings.seed = Random(settings.seed).Fork(unit.trace).Next();
    settings.keep_course = settings.keep_course &&
                           std::find(drawn_.begin(), drawn_.end(), unit.contestant) != drawn_.end();
    done.trial = replay::RunTrial(trace.series, trace.store, job_.contestants[unit.contestant],
                                  settings, clock_);
    return done;
  }

  void Keep(const Unit& unit, UnitResult done, ReplayResult& result) const {
    if (unit.bounds) {
      result.bounds[unit.trace] = std::move(done.bounds);
      return;
    }
    ReplayRun run{.trial = std::move(done.trial), .score = {}};
    // Only a policy's answers are ever written.
    if (unit.contestant >= job_.policies) run.trial.decisions = {};
    run.score = {std::nan(""), std::nan("")};
    if (job_.optimum) {
      const auto& bounds = result.bounds[unit.trace];
      run.score.cost_ratio =
          run.trial.outcome.Cost(job_.penalty) / bounds.cheapest.Cost(job_.penalty);
      run.score.hours_ratio = run.trial.outcome.node_hours / bounds.safest.node_hours;
    }
    result.runs[unit.trace].push_back(std::move(run));
  }

  const ReplayJob& job_;
  Clock& clock_;
  std::vector<std::size_t> drawn_;
  std::vector<Unit> units_;
};

// ---- Files ----

/// That a file could be written there, before hours of work.
Status CheckTarget(const char* option, const std::string& path, bool folder) {
  if (path.empty() || path == "-") return OkStatus();
  std::error_code ignored;
  const fs::path parent = fs::absolute(path, ignored).parent_path();
  if (!fs::is_directory(parent, ignored)) {
    return Error(kBad, "{}: {} is no folder", option, parent.string());
  }
  if (folder ? fs::exists(path, ignored) && !fs::is_directory(path, ignored)
             : fs::is_directory(path, ignored)) {
    return Error(kBad, "{}: {} {}", option, path,
                 folder ? "is a file; several traces need a folder" : "is a folder; name a file");
  }
  return OkStatus();
}

std::string DecisionsCsv(const ReplayJob& job, const ReplayTrace& trace,
                         const replay::Trial& trial) {
  std::string text = job.quota ? "timestamp,target_quota\n" : "timestamp,target_nodes\n";
  const double unit = job.quota ? job.quota->step : 1;
  for (const replay::Move& decision : trial.decisions) {
    text += fmt::format("{},{:g}\n",
                        FormatTime(trace.series.TimeOf(static_cast<std::size_t>(decision.decided))),
                        unit * decision.to);
  }
  return text;
}

/// All files of a run; none of them appears before all of them are complete.
class Files {
 public:
  Status Add(const std::string& path, const std::string& text) {
    TW_ASSIGN_OR_RETURN(OutputFile file, OutputFile::Open(path));
    TW_RETURN_IF_ERROR(file.Write(text));
    files_.push_back(std::move(file));
    return OkStatus();
  }
  Status Close() {
    for (OutputFile& file : files_) TW_RETURN_IF_ERROR(file.Close());
    return OkStatus();
  }

 private:
  std::vector<OutputFile> files_;
};

Status WriteFiles(const ReplayOptions& options, const ReplayJob& job, const ReplayResult& result) {
  Files files;
  if (!options.decisions.empty()) {
    const bool folder = job.traces.size() > 1;
    std::error_code error;
    if (folder) fs::create_directory(options.decisions, error);
    if (error) {
      return Error(kBad, "--decisions: {}: {}", options.decisions, error.message());
    }
    for (std::size_t i = 0; i < job.traces.size(); ++i) {
      const std::string path =
          folder ? options.decisions + "/" + job.traces[i].name + ".csv" : options.decisions;
      TW_RETURN_IF_ERROR(
          files.Add(path, DecisionsCsv(job, job.traces[i], result.runs[i].front().trial)));
    }
  }
  if (!options.html.empty()) {
    TW_RETURN_IF_ERROR(files.Add(options.html, ReplayPage(job, result)));
  }
  if (!options.summary.empty()) {
    TW_RETURN_IF_ERROR(files.Add(options.summary, ReplayJson(job, result)));
  }
  return files.Close();
}

Status CheckTargets(const ReplayOptions& options, const ReplayJob& job) {
  TW_RETURN_IF_ERROR(CheckTarget("--decisions", options.decisions, job.traces.size() > 1));
  TW_RETURN_IF_ERROR(CheckTarget("--html", options.html, false));
  return CheckTarget("--summary", options.summary, false);
}

}  // namespace

int Replay(const ReplayOptions& options, Clock& clock) {
  const auto job = PrepareReplay(options);
  if (!job.ok()) return Fail(job.status());
  if (const Status status = CheckTargets(options, *job); !status.ok()) return Fail(status);
  for (const std::string& note : job->notes) {
    std::fprintf(stderr, "tidectl: %s: %s\n", job->traces.front().name.c_str(), note.c_str());
  }
  const ReplayResult result = Runner(*job, clock).Run();
  if (const Status status = WriteFiles(options, *job, result); !status.ok()) return Fail(status);
  const bool taken =
      options.decisions == "-" || options.html == "-" || options.summary == "-";  // stdout
  if (taken) return kExitOk;
  auto out = OutputFile::Open("-");
  if (!out.ok()) return Fail(out.status());
  Status written = out->Write(options.json ? ReplayJson(*job, result) : ReplayTable(*job, result));
  if (written.ok()) written = out->Close();
  return written.ok() ? kExitOk : Fail(written);
}

}  // namespace tidewright::cli
