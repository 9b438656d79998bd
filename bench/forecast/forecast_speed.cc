// forecast_speed [SHARED] [--benchmark_… options]: series a second of the forecaster, one thread.
//
// Full fits with all quantiles and the maxima over one and four hours, as the controller asks for
// them: 672 hourly points, 48 ahead; 4,032 five-minute points, 288 ahead. Made-up seeded series of
// several kinds, alone and all in turn; with SHARED (the folder that holds m4/ and traces/), the
// newest points of real ones too. Then what costs less than a fit: above all the re-forecast from
// members that were fitted before, which a daemon and a replay do every five minutes, for 96 and 288
// steps.
//
// Each line is the median of repetitions, in CPU time, which other processes disturb less than the
// clock's. The counter is in series (of Update: samples) a second. The warning that Debian's
// library was built as DEBUG is about the library's own bookkeeping between iterations.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "bench/forecast/forecast_data.h"
#include "bench/forecast/made_up_series.h"
#include "forecast/forecaster.h"
#include "forecast/path_quantiles.h"

namespace tidewright::bench {
namespace {

constexpr int kRepetitions = 5;
constexpr double kSecondsEach = 0.25;  // a repetition's at least
constexpr int kSeriesOfAKind = 4;

/// How much is known, and how far ahead is looked.
struct Size {
  const char* name;
  Duration step;
  int points;
  int horizon;
};
constexpr Size kHourly = {"672_hourly_48_ahead", std::chrono::hours(1), 672, 48};
constexpr Size kFiveMinutes = {"4032_five_minute_288_ahead", std::chrono::minutes(5), 4032, 288};

ForecastRequest RequestFor(const Size& size) {
  ForecastRequest request;
  request.step = size.step;
  request.horizon = size.horizon;
  request.windows = {std::chrono::hours(1), std::chrono::hours(4)};
  return request;
}

constexpr Size kReforecasts[] = {
    {"4032_five_minute_96_ahead", std::chrono::minutes(5), 4032, 96}, kFiveMinutes};

ForecastState StateOf(Series series) {
  ForecastState state;
  state.observed = std::move(series);
  return state;
}

std::vector<ForecastState> StatesOf(Kind kind, const Size& size) {
  std::vector<ForecastState> states;
  for (std::uint64_t seed = 1; seed <= kSeriesOfAKind; ++seed) {
    states.push_back(StateOf(MakeUp(kind, size.points, size.step, seed)));
  }
  return states;
}

/// The newest points of those that are long enough.
void AddNewest(const Series& series, const Size& size, std::vector<ForecastState>& states) {
  const auto points = static_cast<std::size_t>(size.points);
  if (series.size() < points) return;
  Series newest = series;
  newest.start = series.TimeOf(series.size() - points);
  newest.values.assign(series.values.end() - size.points, series.values.end());
  states.push_back(StateOf(std::move(newest)));
}

void TellRate(benchmark::State& run, const char* what, std::size_t each) {
  run.counters[what] =
      benchmark::Counter(static_cast<double>(run.iterations()) * static_cast<double>(each),
                         benchmark::Counter::kIsRate);
}

void RegisterOne(const std::string& name, benchmark::TimeUnit unit,
                 std::function<void(benchmark::State&)> body) {
  benchmark::RegisterBenchmark(name.c_str(), std::move(body))
      ->Unit(unit)
      ->MinTime(kSecondsEach)
      ->Repetitions(kRepetitions)
      ->ReportAggregatesOnly(true);
}

/// One iteration forecasts every series of the set.
void RegisterFits(const std::string& of, const Size& size, std::vector<ForecastState> states) {
  const std::string name = fmt::format("fit/{}/{}_{}", size.name, states.size(), of);
  RegisterOne(name, benchmark::kMillisecond,
              [states = std::move(states), request = RequestFor(size)](benchmark::State& run) {
                for (auto _ : run) {
                  for (const ForecastState& state : states) {
                    auto forecast = MakeForecast(state, request);
                    if (!forecast.ok()) run.SkipWithError(Message(forecast.status()).c_str());
                    benchmark::DoNotOptimize(forecast);
                  }
                }
                TellRate(run, "series/s", states.size());
              });
}

std::vector<ForecastState> OfAllKinds(const Size& size) {
  std::vector<ForecastState> all;
  for (const Kind kind : kKinds) {
    for (auto& state : StatesOf(kind, size)) all.push_back(std::move(state));
  }
  return all;
}

void RegisterMadeUp(const Size& size) {
  RegisterFits("made_up_of_all_kinds", size, OfAllKinds(size));
  for (const Kind kind : kKinds) RegisterFits(KindName(kind), size, StatesOf(kind, size));
}

/// One iteration forecasts one series of the set, all in turn, from members fitted before.
void RegisterReforecasts(const std::string& of, const Size& size,
                         std::vector<ForecastState> states) {
  const ForecastRequest request = RequestFor(size);
  for (ForecastState& state : states) {
    auto fitted = Refit(std::move(state), request);
    if (fitted.ok()) state = *std::move(fitted);
  }
  const std::string name = fmt::format("reforecast/{}/{}_{}", size.name, states.size(), of);
  RegisterOne(name, benchmark::kMillisecond,
              [states = std::move(states), request](benchmark::State& run) {
                std::size_t next = 0;
                for (auto _ : run) {
                  auto forecast = MakeForecast(states[next], request);
                  if (!forecast.ok()) run.SkipWithError(Message(forecast.status()).c_str());
                  benchmark::DoNotOptimize(forecast);
                  next = (next + 1) % states.size();
                }
                TellRate(run, "series/s", 1);
              });
}

Status RegisterReal(const std::string& shared) {
  TW_ASSIGN_OR_RETURN(const auto m4, ReadM4Hourly(shared + "/m4"));
  TW_ASSIGN_OR_RETURN(const auto traces, ReadFiveMinuteTraces(shared + "/traces"));
  std::vector<ForecastState> hourly;
  for (const M4Series& series : m4) AddNewest(series.history, kHourly, hourly);
  std::vector<ForecastState> five_minutes;
  for (const Trace& trace : traces) AddNewest(trace.series, kFiveMinutes, five_minutes);
  RegisterFits("of_m4_hourly", kHourly, std::move(hourly));
  RegisterFits("traces", kFiveMinutes, five_minutes);
  for (const Size& size : kReforecasts) RegisterReforecasts("traces", size, five_minutes);
  return OkStatus();
}

/// One sample more for a state that is full, so that the oldest is dropped.
void RegisterUpdate() {
  const Duration step = kFiveMinutes.step;
  RegisterOne("update/one_sample_to_28_days_of_five_minutes", benchmark::kMicrosecond,
              [step](benchmark::State& run) {
                const auto points = static_cast<int>(ForecastState::kHistory / step);
                ForecastState state = StateOf(MakeUp(Kind::kDaily, points, step, 1));
                Series sample{.start = {}, .step = step, .values = {1000.0}, .flags = {}};
                for (auto _ : run) {
                  sample.start = state.observed.end();
                  auto updated = Update(std::move(state), sample);
                  if (!updated.ok()) {
                    run.SkipWithError(Message(updated.status()).c_str());
                    break;
                  }
                  state = *std::move(updated);
                }
                TellRate(run, "samples/s", 1);
              });
}

/// Quantiles of the steps and of one window, out of paths that are there already.
void RegisterQuantiles(const Size& size) {
  RegisterOne(fmt::format("quantiles_of_200_paths/{}", size.name), benchmark::kMicrosecond,
              [size](benchmark::State& run) {
                ForecastRequest request = RequestFor(size);
                request.keep_paths = true;
                const auto state = StateOf(MakeUp(Kind::kDaily, size.points, size.step, 1));
                const auto forecast = MakeForecast(state, request);
                if (!forecast.ok()) {
                  run.SkipWithError(Message(forecast.status()).c_str());
                  return;
                }
                const int window = static_cast<int>(std::chrono::hours(4) / size.step);
                for (auto _ : run) {
                  auto steps = StepQuantiles(forecast->paths, request.levels);
                  auto maximum = MaximumQuantiles(forecast->paths, window, request.levels);
                  benchmark::DoNotOptimize(steps);
                  benchmark::DoNotOptimize(maximum);
                }
                TellRate(run, "series/s", 1);
              });
}

/// Of each benchmark the median alone, under a name without the settings that all share.
class MedianReporter : public benchmark::ConsoleReporter {
 public:
  MedianReporter() : ConsoleReporter(OO_Tabular) {}
  void ReportRuns(const std::vector<Run>& runs) override {
    std::vector<Run> medians;
    for (Run run : runs) {
      if (!run.error_occurred && run.aggregate_name != "median") continue;
      run.run_name.min_time.clear();
      run.run_name.repetitions.clear();
      medians.push_back(std::move(run));
    }
    ConsoleReporter::ReportRuns(medians);
  }
};

/// Peers' figures: measured with scripts of this project's own before the engine was written, one
/// core of another day; peers.sh measures peers and ours in one run.
constexpr const char* kBeside = R"(
goals          672 hourly points 2000 series/s, 4032 five-minute points 150, an update 20 us
beside         672 points, one core: FLAIR in NumPy 520 series/s, R's thetaf 127,
               R's MSTL + ETS 23, Prophet 0.6
)";

int Main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
    fmt::print(stderr, "usage: forecast_speed [SHARED] [--benchmark_filter=… and the like]\n");
    return 2;
  }
  for (const Size& size : {kHourly, kFiveMinutes}) RegisterMadeUp(size);
  for (const Size& size : kReforecasts) {
    RegisterReforecasts("made_up_of_all_kinds", size, OfAllKinds(size));
  }
  if (argc == 2) {
    if (const Status status = RegisterReal(argv[1]); !status.ok()) {
      fmt::print(stderr, "forecast_speed: {}\n", Message(status));
      return 1;
    }
  }
  RegisterUpdate();
  for (const Size& size : {kHourly, kFiveMinutes}) RegisterQuantiles(size);
  MedianReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  benchmark::Shutdown();
  fmt::print("{}", kBeside);
  return 0;
}

}  // namespace
}  // namespace tidewright::bench

int main(int argc, char** argv) { return tidewright::bench::Main(argc, argv); }
