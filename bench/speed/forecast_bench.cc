// forecast_bench FOLDER: the forecaster on real traces (INDEX.tsv and timestamp,value files).
//
// Protocol: five-minute traces; 8 origins each, equally spaced from max(day 7, the middle) to one
// day before the end; up to 8,064 points of history before an origin; 288 steps ahead. The mean
// absolute error of the median over the first 12, 48 and 288 steps, summed over origins, relative
// to that of daily seasonal naive; geometric mean over traces and the worst one. Coverage of the
// step quantiles and of the maximum's is pooled over all traces.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "core/clock.h"
#include "forecast/forecaster.h"

namespace tidewright {
namespace {

constexpr int kDay = 288;
constexpr int kHistory = 8064;
constexpr int kOrigins = 8;
constexpr std::array<int, 3> kHorizons = {12, 48, 288};
const std::vector<double> kLevels = {0.5, 0.8, 0.9, 0.95, 0.99};

struct Trace {
  std::string name;
  Series series;
};

std::vector<std::string> Split(const std::string& line, char separator) {
  std::vector<std::string> fields;
  std::size_t begin = 0;
  for (std::size_t end = 0; end != std::string::npos; begin = end + 1) {
    end = line.find(separator, begin);
    fields.push_back(line.substr(begin, end == std::string::npos ? end : end - begin));
  }
  return fields;
}

StatusOr<Series> ReadTrace(const std::string& path, Duration step) {
  std::ifstream in(path);
  std::string line;
  if (!std::getline(in, line)) return Error(StatusCode::kNotFound, "cannot read {}", path);
  Series series{.start = {}, .step = step, .values = {}, .flags = {}};
  while (std::getline(in, line)) {
    const auto fields = Split(line, ',');
    if (fields.size() < 2) return Error(StatusCode::kInvalidArgument, "{}: '{}'", path, line);
    TW_ASSIGN_OR_RETURN(const WallTime time, ParseTime(fields[0]));
    if (series.empty()) series.start = time;
    while (series.end() < time) series.values.push_back(Series::kGap);
    char* end = nullptr;
    const double value = std::strtod(fields[1].c_str(), &end);
    series.values.push_back(end == fields[1].c_str() ? Series::kGap : value);
  }
  return series;
}

StatusOr<std::vector<Trace>> ReadFiveMinuteTraces(const std::string& folder) {
  std::ifstream index(folder + "/INDEX.tsv");
  std::string line;
  if (!std::getline(index, line)) {
    return Error(StatusCode::kNotFound, "no INDEX.tsv in {}", folder);
  }
  const auto header = Split(line, '\t');
  const auto step =
      static_cast<std::size_t>(std::find(header.begin(), header.end(), "step_s") - header.begin());
  std::vector<Trace> traces;
  while (std::getline(index, line)) {
    const auto fields = Split(line, '\t');
    if (step >= fields.size() || fields[step] != "300") continue;
    TW_ASSIGN_OR_RETURN(Series series,
                        ReadTrace(folder + "/" + fields[0], std::chrono::minutes(5)));
    traces.push_back({.name = fields[0], .series = std::move(series)});
  }
  return traces;
}

// Sums over everything that was forecast.
struct Tally {
  std::vector<double> held = std::vector<double>(kLevels.size(), 0.0);
  double count = 0;

  void Add(double value, const std::vector<double>& quantiles) {
    // A hair of tolerance: paths are single precision.
    for (std::size_t l = 0; l < held.size(); ++l) {
      held[l] += value <= quantiles[l] * (1 + 1e-6) ? 1 : 0;
    }
    ++count;
  }
  void Print(const char* what) const {
    fmt::print("{:<28}", what);
    for (const double h : held) fmt::print(" {:.3f}", h / std::max(count, 1.0));
    fmt::print("\n");
  }
};

class Protocol {
 public:
  void Run(const Trace& trace) {
    const Series& s = trace.series;
    const int n = static_cast<int>(s.size());
    const int first = std::max(7 * kDay, n / 2);
    const int last = n - kDay;
    if (last <= first) return;
    std::array<double, 3> error{};
    std::array<double, 3> naive{};
    for (int k = 0; k < kOrigins; ++k) {
      const int origin = first + static_cast<int>(std::int64_t{last - first} * k / (kOrigins - 1));
      RunOrigin(s, origin, error, naive);
    }
    for (std::size_t i = 0; i < kHorizons.size(); ++i) {
      const double ratio = std::clamp((error[i] + 1e-9) / (naive[i] + 1e-9), 1e-3, 1e3);
      log_ratio_[i] += std::log(ratio);
      if (ratio > worst_[i]) {
        worst_[i] = ratio;
        worst_name_[i] = trace.name;
      }
    }
    ++traces_;
  }

  void Print() {
    fmt::print("{} traces, {} forecasts of {} steps, 200 paths\n\n", traces_, milliseconds_.size(),
               kDay);
    fmt::print("MAE ÷ daily seasonal naive       1 h    4 h   24 h\n{:<28}", "geometric mean");
    for (const double l : log_ratio_) fmt::print("  {:.3f}", std::exp(l / std::max(traces_, 1)));
    fmt::print("\n{:<28}", "worst trace");
    for (const double w : worst_) fmt::print("  {:.3f}", w);
    fmt::print("  ({}, {}, {})\n\n", worst_name_[0], worst_name_[1], worst_name_[2]);
    fmt::print("coverage of                  0.500 0.800 0.900 0.950 0.990\n");
    steps_[0].Print("steps up to 1 h");
    steps_[1].Print("steps of 1 to 4 h");
    steps_[2].Print("steps of 4 to 24 h");
    all_steps_.Print("all steps");
    hour_maximum_.Print("maximum over 1 h");
    four_hours_maximum_.Print("maximum over 4 h");
    std::sort(milliseconds_.begin(), milliseconds_.end());
    if (milliseconds_.empty()) return;
    fmt::print("\nms per forecast, one thread: median {:.1f}, p95 {:.1f}\n",
               milliseconds_[milliseconds_.size() / 2],
               milliseconds_[milliseconds_.size() * 95 / 100]);
  }

 private:
  void RunOrigin(const Series& s, int origin, std::array<double, 3>& error,
                 std::array<double, 3>& naive) {
    const int begin = std::max(0, origin - kHistory);
    ForecastState state;
    state.observed = {.start = s.TimeOf(static_cast<std::size_t>(begin)),
                      .step = s.step,
                      .values = {s.values.begin() + begin, s.values.begin() + origin},
                      .flags = {}};
    const WallTime now = state.observed.end();
    ForecastRequest request;
    request.windows = {std::chrono::hours(1), std::chrono::hours(4)};
    const MonoTime before = clock_.Monotonic();
    const auto f = MakeForecast(state, request);
    milliseconds_.push_back(1e3 * Seconds(clock_.Monotonic() - before));
    if (!f.ok()) {
      fmt::print("no forecast: {}\n", Message(f.status()));
      return;
    }
    // A forecast begins at the last observation; a trace may end in a gap.
    const int behind = static_cast<int>((now - f->start) / f->step);
    std::vector<double> quantiles(kLevels.size());
    double highest = 0;
    for (int i = 0; i < kDay; ++i) {
      const double y = s.values[origin + i];
      const double day_before = s.values[origin + i - kDay];
      if (!std::isnan(y)) highest = std::max(highest, y);
      if (i == 11 && behind == 0) hour_maximum_.Add(highest, f->maxima[0].quantiles);
      if (i == 47 && behind == 0) four_hours_maximum_.Add(highest, f->maxima[1].quantiles);
      if (std::isnan(y) || i + behind >= f->horizon) continue;
      for (std::size_t l = 0; l < kLevels.size(); ++l) quantiles[l] = f->quantiles[l][i + behind];
      steps_[i < 12 ? 0 : i < 48 ? 1 : 2].Add(y, quantiles);
      all_steps_.Add(y, quantiles);
      if (std::isnan(day_before)) continue;
      for (std::size_t k = 0; k < kHorizons.size(); ++k) {
        if (i >= kHorizons[k]) continue;
        error[k] += std::abs(y - quantiles[0]);
        naive[k] += std::abs(y - day_before);
      }
    }
  }

  RealClock clock_;
  int traces_ = 0;
  std::array<double, 3> log_ratio_{};
  std::array<double, 3> worst_{};
  std::array<std::string, 3> worst_name_;
  std::array<Tally, 3> steps_;
  Tally all_steps_;
  Tally hour_maximum_;
  Tally four_hours_maximum_;
  std::vector<double> milliseconds_;
};

int Main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: forecast_bench FOLDER   (with INDEX.tsv and its traces)\n");
    return 2;
  }
  const auto traces = ReadFiveMinuteTraces(argv[1]);
  if (!traces.ok()) {
    fmt::print(stderr, "forecast_bench: {}\n", Message(traces.status()));
    return 1;
  }
  Protocol protocol;
  for (const Trace& trace : *traces) protocol.Run(trace);
  protocol.Print();
  return 0;
}

}  // namespace
}  // namespace tidewright

int main(int argc, char** argv) { return tidewright::Main(argc, argv); }
