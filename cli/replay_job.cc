#include "cli/replay_job.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <thread>

#include "cli/quota_job.h"
#include "config/config.h"
#include "history/history.h"
#include "history/series_csv.h"
#include "planner/baselines/baselines.h"

namespace tidewright::cli {
namespace {

namespace fs = std::filesystem;
constexpr auto kBad = StatusCode::kInvalidArgument;
constexpr char kDefaultPolicy[] = "policy: {min_shards: 1, max_shards: 64}";
constexpr std::size_t kMostSweepValues = 50;

std::vector<std::string> Split(const std::string& text, char at) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(at, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// ---- Load ----

/// The column `file` of an INDEX.tsv.
StatusOr<std::vector<fs::path>> IndexedFiles(const fs::path& index) {
  std::ifstream in(index);
  std::vector<fs::path> files;
  std::size_t column = 0;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) continue;
    const std::vector<std::string> fields = Split(line, '\t');
    if (number == 1) {
      const auto found = std::find(fields.begin(), fields.end(), "file");
      if (found == fields.end()) {
        return Error(kBad, "{}:1: has no column 'file'", index.string());
      }
      column = static_cast<std::size_t>(found - fields.begin());
      continue;
    }
    if (fields.size() <= column || fields[column].empty()) {
      return Error(kBad, "{}:{}: names no file", index.string(), number);
    }
    files.push_back(index.parent_path() / fields[column]);
  }
  return files;
}

StatusOr<std::vector<fs::path>> FilesIn(const fs::path& folder) {
  std::error_code error;
  if (fs::exists(folder / "INDEX.tsv", error)) return IndexedFiles(folder / "INDEX.tsv");
  std::vector<fs::path> files;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().extension() == ".csv") files.push_back(entry->path());
  }
  if (error) return Error(kBad, "{} cannot be read: {}", folder.string(), error.message());
  if (files.empty()) {
    return Error(kBad, "{}: holds neither INDEX.tsv nor *.csv", folder.string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

StatusOr<Series> ReadTrace(const fs::path& path) {
  std::error_code ignored;
  std::ifstream file(path, std::ios::binary);
  if (!file || fs::is_directory(path, ignored)) {
    return Error(kBad, "{} cannot be read; is it a file?", path.string());
  }
  TW_ASSIGN_OR_RETURN(
      auto read,
      ReadLongCsv(file, {.name = path.string(), .irregular_step = Duration(0), .complete = true}));
  return std::move(read.series);
}

Status ReadTraces(const ReplayOptions& options, ReplayJob& job) {
  std::map<std::string, int> names;
  for (const std::string& given : options.traces) {
    std::error_code ignored;
    std::vector<fs::path> files = {given};
    if (fs::is_directory(given, ignored)) {
      TW_ASSIGN_OR_RETURN(files, FilesIn(given));
    }
    for (const fs::path& file : files) {
      ReplayTrace trace;
      TW_ASSIGN_OR_RETURN(trace.series, ReadTrace(file));
      trace.name = file.stem().string();
      if (const int n = ++names[trace.name]; n > 1) trace.name += fmt::format("-{}", n);
      const auto store = replay::ModelFor(trace.series, job.store);
      if (!store.ok()) return Annotate(store.status(), file.string());
      trace.store = *store;
      job.traces.push_back(std::move(trace));
    }
  }
  return OkStatus();
}

/// The longest stretch without a hole longer than half an hour; shorter ones are bridged by a line.
Series WithoutGaps(const Series& series, std::vector<std::string>& notes) {
  const auto bridged = static_cast<std::size_t>(std::chrono::minutes(30) / series.step);
  std::size_t best_begin = 0, best_end = 0, begin = 0, last = 0, filled = 0;
  bool any = false;
  Series out = series;
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (Series::IsGap(series.values[i])) continue;
    if (!any || i - last - 1 > bridged) begin = i;
    if (any && begin != i) {
      for (std::size_t j = last + 1; j < i; ++j, ++filled) {
        const double share = static_cast<double>(j - last) / static_cast<double>(i - last);
        out.values[j] = series.values[last] + share * (series.values[i] - series.values[last]);
      }
    }
    any = true;
    last = i;
    if (i + 1 - begin > best_end - best_begin) {
      best_begin = begin;
      best_end = i + 1;
    }
  }
  if (filled > 0) {
    notes.push_back(fmt::format("steps without a value: {}; bridged by a straight line", filled));
  }
  if (best_end - best_begin < series.size()) {
    notes.push_back(fmt::format("replayed from {} to {}, the longest time without a hole",
                                FormatTime(series.TimeOf(best_begin)),
                                FormatTime(series.TimeOf(best_end))));
  }
  return {.start = series.TimeOf(best_begin),
          .step = series.step,
          .values = {out.values.begin() + static_cast<std::ptrdiff_t>(best_begin),
                     out.values.begin() + static_cast<std::ptrdiff_t>(best_end)},
          .flags = {}};
}

Status ReadRecorded(const ReplayOptions& options, Duration step, ReplayJob& job) {
  if (options.data_dir.empty() || options.cluster.empty()) {
    return Error(kBad, "--from-history: say where with --data-dir and of which with --cluster");
  }
  const std::string path = options.data_dir + "/history.db";
  std::error_code ignored;
  if (!fs::exists(path, ignored)) {
    return Error(kBad, "{} is not there; is {} the daemon's data_dir?", path, options.data_dir);
  }
  const auto resource = ParseResource(options.resource);
  const SeriesKey key{options.cluster, Scope::kCluster, "", resource.value_or(Resource::kRequests)};
  TW_ASSIGN_OR_RETURN(const auto history, History::Open(path));
  TW_ASSIGN_OR_RETURN(const TimeRange extent, history->Extent(key));
  if (extent.from >= extent.to) {
    return Error(kBad, "{} holds nothing of {}; `tidectl history import` brings values in", path,
                 ToString(key));
  }
  const WallTime from = std::max(extent.from, extent.to - History::kMaxRange + History::kStep);
  TW_ASSIGN_OR_RETURN(const Series minutes, history->Read(key, from, extent.to));
  TW_ASSIGN_OR_RETURN(const Series coarse, Coarsen(minutes, step));
  ReplayTrace trace;
  trace.name = options.cluster;
  trace.series = WithoutGaps(coarse, job.notes);
  const auto store = replay::ModelFor(trace.series, job.store);
  if (!store.ok()) return Annotate(store.status(), ToString(key));
  trace.store = *store;
  job.traces.push_back(std::move(trace));
  return OkStatus();
}

// ---- Who is compared ----

void AddPolicy(ReplayJob& job, const std::string& name, const Policy& policy) {
  if (job.quota) {
    AddQuotaPolicy(job, name, policy);
    return;
  }
  job.contestants.push_back({.name = name,
                             .make =
                                 [policy](const ScalingTerms& given, replay::ForecastFaults notes) {
                                   ScalingTerms terms = given;
                                   terms.most =
                                       std::clamp(policy.max_shards, given.fewest, given.most);
                                   terms.fewest =
                                       std::clamp(policy.min_shards, given.fewest, terms.most);
                                   return replay::MakePredictive(policy, terms, std::move(notes));
                                 },
                             .hindsight = false});
  ++job.policies;
}

StatusOr<Policy> ReadPolicy(const std::string& file, const std::vector<PolicyOverride>& overrides) {
  return file.empty() ? ParsePolicy(kDefaultPolicy, "defaults", overrides)
                      : LoadPolicy(file, overrides);
}

Status AddSweep(const ReplayOptions& options, const std::string& file, ReplayJob& job,
                std::vector<Policy>& policies) {
  const std::size_t equals = options.sweep.find('=');
  const std::string key = options.sweep.substr(0, equals);
  if (equals == std::string::npos || key.empty() || equals + 1 == options.sweep.size()) {
    return Error(kBad, "--sweep: '{}' is not KEY=A,B,C; write such as risk_quantile=0.8,0.95",
                 options.sweep);
  }
  const auto values = Split(options.sweep.substr(equals + 1), ',');
  if (values.size() > kMostSweepValues) {
    return Error(kBad, "--sweep: {} values; at most {}", values.size(), kMostSweepValues);
  }
  for (const std::string& value : values) {
    TW_ASSIGN_OR_RETURN(const Policy policy,
                        ReadPolicy(file, {{.key = key, .value = value, .from = "--sweep"}}));
    AddPolicy(job, fmt::format("{}={}", key, value), policy);
    policies.push_back(policy);
  }
  job.sweep = true;
  return OkStatus();
}

/// The policies themselves too: what they have in common becomes the store's.
StatusOr<std::vector<Policy>> AddPolicies(const ReplayOptions& options, ReplayJob& job) {
  std::vector<std::string> files = options.policies;
  if (files.empty()) files.push_back("");
  if (files.size() == 1 && files.front() == "none") files.clear();
  std::vector<Policy> policies;
  if (!options.sweep.empty()) {
    if (files.size() != 1) return Error(kBad, "--sweep: needs one --policy");
    TW_RETURN_IF_ERROR(AddSweep(options, files.front(), job, policies));
    return policies;
  }
  std::map<std::string, int> names;
  for (const std::string& file : files) {
    TW_ASSIGN_OR_RETURN(const Policy policy, ReadPolicy(file, {}));
    std::string name = file.empty() ? "tidewright" : fs::path(file).stem().string();
    if (const int n = ++names[name]; n > 1) name += fmt::format("-{}", n);
    AddPolicy(job, name, policy);
    policies.push_back(policy);
  }
  return policies;
}

void AddBaselines(const ReplayOptions& options, ReplayJob& job) {
  if (!options.baselines) return;
  if (job.quota) {
    AddQuotaBaselines(options, job);
    return;
  }
  for (const baselines::Kind& kind : baselines::Kinds()) {
    const auto make = [name = kind.name, penalty = options.penalty](const ScalingTerms& terms,
                                                                    const auto&) {
      return baselines::Make(name, terms, penalty);
    };
    job.contestants.push_back({.name = kind.name, .make = make, .hindsight = false});
    if (std::string_view(kind.name) == "reactive" && options.optimum) {
      job.contestants.push_back({.name = "reactive-hindsight", .make = make, .hindsight = true});
    }
  }
}

/// The bounds that all policies share, so that no contestant may do what another must not.
Status SetStore(const ReplayOptions& options, const std::vector<Policy>& policies, ReplayJob& job) {
  auto migration = ParseDuration(options.full_migration_time);
  if (!migration.ok()) return Annotate(migration.status(), "--full-migration-time");
  auto provisioning = ParseDuration(options.provisioning_time);
  if (!provisioning.ok()) return Annotate(provisioning.status(), "--provisioning-time");
  constexpr Duration kLongest = std::chrono::days(30);
  if (*migration <= Duration(0) || *migration > kLongest || *provisioning < Duration(0) ||
      *provisioning > kLongest) {
    return Error(kBad,
                 "--full-migration-time, --provisioning-time: from 0 to 30d, the first above");
  }
  job.store.full_migration_time = *migration;
  job.store.provisioning_time = *provisioning;
  if (job.quota) return OkStatus();
  job.store.node_capacity = options.node_capacity;
  job.store.max_nodes = options.max_nodes;
  const Resource resource = ParseResource(options.resource).value_or(Resource::kRequests);
  int fewest = 64;
  for (const Policy& policy : policies) {
    fewest = std::min(fewest, policy.min_shards);
    const auto& named = policy.shard_capacity[resource];
    if (job.store.node_capacity <= 0 && named) job.store.node_capacity = *named;
  }
  if (!policies.empty()) job.store.min_nodes = fewest;
  if (job.store.max_nodes > 0 && job.store.max_nodes < job.store.min_nodes) {
    return Error(kBad, "--max-nodes: {} is below the policy's min_shards, {}", options.max_nodes,
                 job.store.min_nodes);
  }
  return OkStatus();
}

/// The most that any policy allows bounds all of them.
void CapSizes(const std::vector<Policy>& policies, ReplayJob& job) {
  if (job.quota) return;
  int most = policies.empty() ? 64 : 1;
  for (const Policy& policy : policies) most = std::max(most, policy.max_shards);
  for (ReplayTrace& trace : job.traces) {
    trace.store.max_nodes = std::min(trace.store.max_nodes, most);
    trace.store.start_nodes = std::min(trace.store.start_nodes, trace.store.max_nodes);
  }
}

}  // namespace

StatusOr<ReplayJob> PrepareReplay(const ReplayOptions& options) {
  ReplayJob job;
  if (options.traces.empty() != options.from_history) {
    return Error(kBad, "say what to replay with either --trace FILE or --from-history");
  }
  for (const std::string& fault : options.faults) {
    const Status status = replay::AddFault(fault, job.settings.faults);
    if (!status.ok()) return Annotate(status, "--fault");
  }
  if (options.quota) TW_RETURN_IF_ERROR(BeginQuotaJob(options, job));
  TW_ASSIGN_OR_RETURN(const auto policies, AddPolicies(options, job));
  TW_RETURN_IF_ERROR(SetStore(options, policies, job));
  AddBaselines(options, job);
  if (job.contestants.empty() && !options.optimum) {
    return Error(kBad, "nobody to replay: name a --policy, --baselines or --optimum");
  }
  if (!options.decisions.empty() && job.policies != 1) {
    return Error(kBad, "--decisions: are of one policy, not of {}", job.policies);
  }
  const Policy first = policies.empty() ? Policy() : policies.front();
  job.price_per_node_hour = first.price_per_node_hour;
  job.currency = first.currency;
  if (options.from_history) {
    TW_RETURN_IF_ERROR(ReadRecorded(options, first.step, job));
  } else {
    TW_RETURN_IF_ERROR(ReadTraces(options, job));
  }
  CapSizes(policies, job);
  if (job.quota) SetQuotaStores(options, job);
  for (ReplayTrace& trace : job.traces) trace.kind = replay::Classify(trace.series);
  job.optimum = options.optimum;
  job.penalty = options.penalty;
  job.settings.seed = options.seed;
  job.settings.keep_course = !options.html.empty();
  job.jobs = options.jobs > 0 ? options.jobs
                              : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  return job;
}

}  // namespace tidewright::cli
