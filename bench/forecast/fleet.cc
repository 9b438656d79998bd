// fleet [--partitions 100000] [--shards 1500] [--hot 8000] [--points 4032] [--threads 2]:
// one re-forecast of a whole fleet, 288 five-minute steps ahead with 200 paths.
//
// The cluster, its shards and the hottest partitions are forecast in full and made to add up, level
// by level; every other partition is a share of its shard's rest. All of them end with quantiles:
// the full ones of each step and of the maximum over one and four hours, the shares of the maxima.
// The members were fitted before, which is shown apart: a daemon does that every six hours, a 72nd
// of the series at each five-minute step, and so does the re-forecast.
// Demand is made up: daily and weekly season, persistent noise, bursts. Making it is not timed.
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <numbers>
#include <string>
#include <thread>
#include <vector>

#include "core/clock.h"
#include "core/random.h"
#include "forecast/hierarchy.h"

namespace tidewright {
namespace {

constexpr int kDay = 288;
constexpr int kRefitSteps = 72;
constexpr double kZipf = 0.7;  // of partitions' demand
const WallTime kStart{std::chrono::hours(24 * 20000)};
const std::vector<Duration> kWindows = {std::chrono::hours(1), std::chrono::hours(4)};

struct Sizes {
  int partitions = 100'000;
  int shards = 1'500;
  int hot = 8'000;
  int points = 4'032;
  int threads = 2;
};

/// Runs work(i, thread) for each i below `count`, each on some thread.
template <typename Work>
void Spread(int count, int threads, Work work) {
  std::atomic<int> next{0};
  std::vector<std::jthread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&, t] {
      for (int i = next++; i < count; i = next++) work(i, t);
    });
  }
}

void AddDemand(double level, std::uint64_t seed, float* out, int points) {
  Random random(seed);
  const double peak = kDay * random.Uniform();
  const double swing = 0.3 + 0.4 * random.Uniform();
  const double weekend = 0.6 + 0.5 * random.Uniform();
  double drift = 0;
  int burst = 0;
  for (int i = 0; i < points; ++i) {
    drift = 0.97 * drift + 0.03 * random.Normal();
    if (burst > 0) --burst;
    if (random.Below(3 * kDay) == 0) burst = 3 + static_cast<int>(random.Below(12));
    const double day = 1 + swing * std::cos(2 * std::numbers::pi * (i - peak) / kDay);
    const double week = (i / kDay) % 7 >= 5 ? weekend : 1.0;
    const double noise = std::exp(drift) * (1 + 0.05 * random.Normal());
    out[i] +=
        static_cast<float>(std::max(0.0, level * day * week * noise * (burst > 0 ? 1.8 : 1.0)));
  }
}

/// User and system time, of RUSAGE_SELF or RUSAGE_THREAD.
double CpuSeconds(int who) {
  rusage usage{};
  getrusage(who, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Of one thread, by what they went into.
struct CpuShares {
  double forecasts = 0;
  double sums = 0;
  double quantiles = 0;
  double shares = 0;
};

/// Adds the thread's cpu seconds until its end.
class Stopwatch {
 public:
  explicit Stopwatch(double& sum) : sum_(sum), began_(CpuSeconds(RUSAGE_THREAD)) {}
  ~Stopwatch() { sum_ += CpuSeconds(RUSAGE_THREAD) - began_; }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  double& sum_;
  double began_;
};

class Fleet {
 public:
  Fleet(const Sizes& sizes, Clock& clock) : n_(sizes), clock_(clock) {
    for (int p = 0; p < n_.partitions; ++p) demand_.push_back(1000 * std::pow(p + 1.0, -kZipf));
    partitions_.resize(demand_.size());
    rests_.resize(static_cast<std::size_t>(n_.shards));
    shards_.resize(static_cast<std::size_t>(n_.shards));
    forecasts_.resize(static_cast<std::size_t>(1 + n_.shards + n_.hot));
    fitted_.resize(forecasts_.size());
    maxima_.resize(demand_.size());
    cpu_.resize(static_cast<std::size_t>(n_.threads));
    children_.resize(static_cast<std::size_t>(n_.shards));
    for (int p = 0; p < n_.partitions; ++p) {
      children_[static_cast<std::size_t>(p % n_.shards)].push_back(p);
    }
    MakeHistory();
  }

  void Run() {
    Report("one sample into each partition's shares, four resources", [&] { UpdateShares(); });
    Report("fit the members of the cluster, shards and hot partitions", [&] { FitAll(); });
    const MonoTime began = clock_.Monotonic();
    const double cpu_began = CpuSeconds(RUSAGE_SELF);
    Report("choose who is forecast in full", [&] { Choose(); });
    Report("cluster and shards in full", [&] { ForecastShards(); });
    Report("shards add up to the cluster", [&] { AddUpShards(); });
    Report("hot partitions in full, the rest as shares, added up", [&] { ForecastPartitions(); });
    const double seconds = Seconds(clock_.Monotonic() - began);
    const double cpu = CpuSeconds(RUSAGE_SELF) - cpu_began;
    CpuShares all;
    for (const CpuShares& t : cpu_) {
      all.forecasts += t.forecasts;
      all.sums += t.sums;
      all.quantiles += t.quantiles;
      all.shares += t.shares;
    }
    const int full = 1 + n_.shards + n_.hot;
    fmt::print("whole re-forecast: {:.1f} s on {} threads, {:.1f} s of cpu\n", seconds, n_.threads,
               cpu);
    fmt::print("cpu, ms a full series: {:.2f} forecasting, {:.2f} adding up, {:.2f} reading off\n",
               1e3 * all.forecasts / full, 1e3 * all.sums / full, 1e3 * all.quantiles / full);
    fmt::print("cpu of the shares alone: {:.2f} s, {:.1f} us a partition\n", all.shares,
               1e6 * all.shares / std::max(1, n_.partitions - n_.hot));
    Sizing();
  }

 private:
  template <typename Work>
  void Report(const char* what, Work work) {
    const MonoTime began = clock_.Monotonic();
    const double cpu_began = CpuSeconds(RUSAGE_SELF);
    work();
    fmt::print("{:7.2f} s {:7.2f} s of cpu  {}\n", Seconds(clock_.Monotonic() - began),
               CpuSeconds(RUSAGE_SELF) - cpu_began, what);
    std::fflush(stdout);
  }

  float* History(int series) {
    return history_.data() + static_cast<std::size_t>(series) * static_cast<std::size_t>(n_.points);
  }

  // Series: the cluster, the shards, the hot partitions.
  void MakeHistory() {
    history_.assign(
        static_cast<std::size_t>(1 + n_.shards + n_.hot) * static_cast<std::size_t>(n_.points),
        0.0F);
    Spread(n_.shards, n_.threads, [&](int s, int) {
      double rest_level = 0;
      for (const int p : children_[static_cast<std::size_t>(s)]) {
        if (p >= n_.hot) rest_level += demand_[static_cast<std::size_t>(p)];
      }
      float* shard = History(1 + s);
      AddDemand(rest_level, static_cast<std::uint64_t>(n_.hot + s), shard, n_.points);
      const std::vector<float> rest(shard, shard + n_.points);
      for (const int p : children_[static_cast<std::size_t>(s)]) {
        if (p >= n_.hot) continue;
        float* own = History(1 + n_.shards + p);
        AddDemand(demand_[static_cast<std::size_t>(p)], static_cast<std::uint64_t>(p), own,
                  n_.points);
        for (int i = 0; i < n_.points; ++i) shard[i] += own[i];
      }
      for (int i = 0; i < n_.points; ++i) {
        UpdateShare(rests_[static_cast<std::size_t>(s)], rest[static_cast<std::size_t>(i)],
                    shard[i], At(i), std::chrono::hours(3));
      }
    });
    for (int i = 0; i < n_.points; ++i) {
      double sum = 0;
      for (int s = 0; s < n_.shards; ++s) sum += History(1 + s)[i];
      history_[static_cast<std::size_t>(i)] = static_cast<float>(sum);
    }
    Random random(1);
    for (int i = n_.points - 24; i < n_.points; ++i) Sample(random, i);
  }

  static WallTime At(int i) { return kStart + std::chrono::minutes(5) * i; }

  void Sample(Random& random, int i) {
    for (std::size_t p = 0; p < partitions_.size(); ++p) {
      const double noise = 0.8 + 0.4 * random.Uniform();
      for (const Resource r : kAllResources) {
        UpdateShare(partitions_[p][r], demand_[p] * noise, 4000, At(i));
      }
    }
  }

  void UpdateShares() {
    Random random(2);
    Sample(random, n_.points);
  }

  void Choose() {
    std::vector<double> observed;
    for (const auto& p : partitions_) {
      observed.push_back(ShareAt(p[Resource::kRequests], At(n_.points)).mean);
    }
    const std::vector<std::uint8_t> full(observed.size(), 0);
    chosen_ = ChooseFull(observed, full, static_cast<std::size_t>(n_.hot)).size();
  }

  ForecastState StateOf(int series, const ForecastRequest& request) {
    const float* values = History(series);
    ForecastState state;
    state.observed = {
        .start = kStart, .step = request.step, .values = {values, values + n_.points}, .flags = {}};
    state.fitted = fitted_[static_cast<std::size_t>(series)];
    return state;
  }

  void Fit(int series, const ForecastRequest& request) {
    const auto state = Refit(StateOf(series, request), request);
    if (!state.ok()) std::abort();
    fitted_[static_cast<std::size_t>(series)] = state->fitted;
  }

  void FitAll() {
    Spread(1 + n_.shards + n_.hot, n_.threads, [&](int i, int) { Fit(i, PathsAlone()); });
  }

  Forecast Full(int series, const ForecastRequest& request) {
    if (series % kRefitSteps == 0) Fit(series, request);
    auto forecast = MakeForecast(StateOf(series, request), request);
    if (!forecast.ok()) {
      fmt::print(stderr, "{}\n", Message(forecast.status()));
      std::abort();
    }
    return *std::move(forecast);
  }

  // Quantiles are read off when everything adds up.
  static ForecastRequest PathsAlone() {
    ForecastRequest request;
    request.levels.clear();
    request.keep_paths = true;
    return request;
  }
  static ForecastRequest WithQuantiles() {
    ForecastRequest request;
    request.windows = kWindows;
    return request;
  }

  void Keep(int series, Forecast forecast, SamplePaths& paths) {
    forecast.paths = {};
    ReadOff(paths, WithQuantiles(), forecast);
    forecasts_[static_cast<std::size_t>(series)] = std::move(forecast);
  }

  void ForecastShards() {
    Spread(1 + n_.shards, n_.threads, [&](int i, int thread) {
      const Stopwatch watch(cpu_[static_cast<std::size_t>(thread)].forecasts);
      Forecast forecast = Full(i, PathsAlone());
      (i == 0 ? cluster_ : shards_[static_cast<std::size_t>(i - 1)]) = std::move(forecast.paths);
      forecasts_[static_cast<std::size_t>(i)] = std::move(forecast);
    });
  }

  void AddUpShards() {
    std::vector<SamplePaths*> all;
    for (SamplePaths& shard : shards_) all.push_back(&shard);
    const Status status = Reconcile(cluster_, all);
    if (!status.ok()) std::abort();
    Keep(0, std::move(forecasts_[0]), cluster_);
  }

  void ForecastPartitions() {
    Spread(n_.shards, n_.threads, [&](int s, int thread) {
      CpuShares& cpu = cpu_[static_cast<std::size_t>(thread)];
      const auto at = static_cast<std::size_t>(s);
      std::vector<int> hot;
      std::vector<int> rest;
      for (const int p : children_[at]) (p < n_.hot ? hot : rest).push_back(p);
      std::vector<Forecast> forecasts;
      {
        const Stopwatch watch(cpu.forecasts);
        for (const int p : hot) forecasts.push_back(Full(1 + n_.shards + p, PathsAlone()));
      }
      SamplePaths rest_paths = AddUp(s, forecasts, cpu.sums);
      {
        const Stopwatch watch(cpu.quantiles);
        for (std::size_t c = 0; c < hot.size(); ++c) {
          SamplePaths paths = std::move(forecasts[c].paths);
          Keep(1 + n_.shards + hot[c], std::move(forecasts[c]), paths);
        }
        Keep(1 + s, std::move(forecasts_[1 + at]), shards_[at]);
      }
      shards_[at] = {};
      const Stopwatch watch(cpu.shares);
      ReadShares(rest, rest_paths);
    });
  }

  // Returns the rest's paths.
  SamplePaths AddUp(int s, std::vector<Forecast>& forecasts, double& cpu) {
    const Stopwatch watch(cpu);
    const auto at = static_cast<std::size_t>(s);
    SamplePaths rest = DrawRest(shards_[at], ShareAt(rests_[at], At(n_.points)), 1);
    std::vector<SamplePaths*> children;
    for (Forecast& f : forecasts) children.push_back(&f.paths);
    children.push_back(&rest);
    if (!Reconcile(shards_[at], children).ok()) std::abort();
    return rest;
  }

  void ReadShares(const std::vector<int>& rest, const SamplePaths& paths) {
    std::vector<Share> shares;
    std::vector<std::uint64_t> ids;
    for (const int p : rest) {
      shares.push_back(
          ShareAt(partitions_[static_cast<std::size_t>(p)][Resource::kRequests], At(n_.points)));
      ids.push_back(static_cast<std::uint64_t>(p));
    }
    const ForecastRequest request = WithQuantiles();
    const SharePaths drawn = DrawShares(shares, ids, paths.paths, request.seed);
    for (const Duration window : request.windows) {
      const auto maxima = PathMaxima(paths, static_cast<int>(window / request.step));
      for (std::size_t c = 0; c < rest.size(); ++c) {
        maxima_[static_cast<std::size_t>(rest[c])].push_back(
            {.window = window,
             .quantiles = ChildMaximum(maxima, drawn, static_cast<int>(c), request.levels)});
      }
    }
  }

  void Sizing() const {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const double full = sizeof(float) * static_cast<double>(n_.points);
    fmt::print("peak memory {:.0f} MiB; at rest {} bytes of shares a partition (four resources)\n",
               static_cast<double>(usage.ru_maxrss) / 1024, kShareBytes);
    fmt::print("history of {} points as floats: {:.1f} KiB a full series and resource\n", n_.points,
               full / 1024);
    std::size_t with_quantiles = 0;
    for (const Forecast& f : forecasts_) with_quantiles += f.quantiles.size() == 5 ? 1 : 0;
    std::size_t with_maxima = 0;
    for (const auto& m : maxima_) with_maxima += m.size() == kWindows.size() ? 1 : 0;
    fmt::print("{} series in full ({} chosen), {} as shares\n", with_quantiles, chosen_,
               with_maxima);
  }

  Sizes n_;
  Clock& clock_;
  std::vector<double> demand_;
  std::vector<std::vector<int>> children_;  // of each shard
  std::vector<float> history_;
  std::vector<PartitionShares> partitions_;
  std::vector<ShareState> rests_;  // of each shard
  SamplePaths cluster_;
  std::vector<SamplePaths> shards_;
  std::vector<std::shared_ptr<const Fitted>> fitted_;  // of each full series, as forecasts_
  std::vector<Forecast> forecasts_;
  std::vector<std::vector<WindowMaximum>> maxima_;
  std::vector<CpuShares> cpu_;  // of each thread
  std::size_t chosen_ = 0;
};

int Main(int argc, char** argv) {
  Sizes sizes;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const int value = std::atoi(argv[i + 1]);
    int* target = name == "--partitions" ? &sizes.partitions
                  : name == "--shards"   ? &sizes.shards
                  : name == "--hot"      ? &sizes.hot
                  : name == "--points"   ? &sizes.points
                  : name == "--threads"  ? &sizes.threads
                                         : nullptr;
    if (target == nullptr || value < 1) {
      fmt::print(stderr, "fleet: {} {} is not known\n", name, argv[i + 1]);
      return 2;
    }
    *target = value;
  }
  if (sizes.points < 48 || sizes.hot > sizes.partitions || sizes.shards > sizes.partitions) {
    fmt::print(stderr, "fleet: at least 48 points, no more hot or shards than partitions\n");
    return 2;
  }
  RealClock clock;
  Fleet fleet(sizes, clock);
  fleet.Run();
  return 0;
}

}  // namespace
}  // namespace tidewright

int main(int argc, char** argv) { return tidewright::Main(argc, argv); }
