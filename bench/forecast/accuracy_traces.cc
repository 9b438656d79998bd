// accuracy_traces [FOLDER] [--each]: the forecaster on real five-minute traces (INDEX.tsv and
// timestamp,value files). FOLDER is ../shared/traces where none is named; --each prints a line a
// trace.
//
// Protocol: 8 origins a trace, equally spaced from max(day 7, the middle) to one day before the
// end; up to 8,064 points of history before an origin; 288 steps ahead. The mean absolute error of
// the median over the first 12, 48 and 288 steps, summed over origins, relative to that of daily
// seasonal naive; geometric mean over traces and the worst one. The pinball loss, mean over the
// levels, likewise. Coverage of the steps' quantiles and of the maximum's is pooled over all.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "bench/forecast/forecast_data.h"
#include "core/clock.h"
#include "forecast/evaluation.h"
#include "forecast/forecaster.h"

namespace tidewright::bench {
namespace {

constexpr int kDay = 288;
constexpr int kHistory = 8064;
constexpr int kOrigins = 8;
constexpr std::array<int, 3> kHorizons = {12, 48, 288};
const std::vector<double> kLevels = {0.5, 0.8, 0.9, 0.95, 0.99};

/// What others reach by the same protocol on the same 67 traces: measured with scripts of this
/// project's own before the engine was written. FLAIR is the shape-times-level ridge regression;
/// (a) is the median of the last value, the last hour, SPAR, the day, and day and week times the
/// recent ratio; the line after it, of both ridges, FLAIR, the day, the last hour and (a).
struct Peer {
  const char* method;
  std::array<double, 3> ratio;  ///< geometric means, in the order of kHorizons
};
constexpr std::array kPeers = {
    Peer{"last value", {0.940, 1.507, 2.154}},
    Peer{"FLAIR", {0.843, 0.941, 1.049}},
    Peer{"sparse-lag ridge", {0.787, 1.007, 1.136}},
    Peer{"sparse-lag ridge in log", {0.730, 0.904, 1.001}},
    Peer{"SPAR", {0.721, 0.911, 1.144}},
    Peer{"median of six simple ones (a)", {0.594, 0.716, 0.887}},
    Peer{"median of ridges, FLAIR, (a)", {0.627, 0.751, 0.846}},
    Peer{"the goal", {0.53, 0.64, 0.76}},
};

/// Errors of ours and of daily seasonal naive over each horizon, summed over a trace's origins.
struct Errors {
  std::array<double, 3> ours{};
  std::array<double, 3> naive{};

  [[nodiscard]] double Ratio(std::size_t k) const {
    return std::clamp((ours[k] + 1e-9) / (naive[k] + 1e-9), 1e-3, 1e3);
  }
};

/// Ratios over all traces.
struct Ratios {
  std::array<double, 3> log_sum{};
  std::array<double, 3> worst{};
  std::array<std::string, 3> worst_name;

  void Add(const Errors& errors, const std::string& name) {
    for (std::size_t k = 0; k < kHorizons.size(); ++k) {
      const double ratio = errors.Ratio(k);
      log_sum[k] += std::log(ratio);
      if (ratio > worst[k]) {
        worst[k] = ratio;
        worst_name[k] = name;
      }
    }
  }
};

/// One origin of a trace: what was known and what came after.
struct Origin {
  Series history;
  std::vector<double> actual;      ///< kDay steps
  std::vector<double> day_before;  ///< of these steps
};

Origin CutAt(const Series& series, int origin) {
  const int begin = std::max(0, origin - kHistory);
  const auto at = series.values.begin() + origin;
  Origin out;
  out.history.start = series.TimeOf(static_cast<std::size_t>(begin));
  out.history.step = series.step;
  out.history.values.assign(series.values.begin() + begin, at);
  out.actual.assign(at, at + kDay);
  out.day_before.assign(at - kDay, at);
  return out;
}

/// A forecast begins at the last observation; history may end in a gap. Moves its quantiles to the
/// origin; what is then missing at the end is no longer compared. Returns the steps moved.
int AlignToOrigin(Origin& origin, Forecast& forecast) {
  const auto behind = static_cast<int>((origin.history.end() - forecast.start) / forecast.step);
  for (auto& quantile : forecast.quantiles) {
    quantile.erase(quantile.begin(), quantile.begin() + std::min(behind, forecast.horizon));
    quantile.resize(kDay, 0.0);
  }
  std::fill(origin.actual.end() - std::min(behind, kDay), origin.actual.end(), Series::kGap);
  return behind;
}

class Protocol {
 public:
  Status Run(const Trace& trace, bool tell) {
    const int n = static_cast<int>(trace.series.size());
    const int first = std::max(7 * kDay, n / 2);
    const int last = n - kDay;
    if (last <= first) return OkStatus();
    Errors error;
    Errors loss;
    for (int k = 0; k < kOrigins; ++k) {
      const int origin = first + static_cast<int>(std::int64_t{last - first} * k / (kOrigins - 1));
      auto status = RunOrigin(CutAt(trace.series, origin), error, loss);
      if (!status.ok()) return Annotate(status, trace.name);
    }
    error_.Add(error, trace.name);
    loss_.Add(loss, trace.name);
    ++traces_;
    if (tell) {
      fmt::print("{:<48} {:.3f} {:.3f} {:.3f}\n", trace.name, error.Ratio(0), error.Ratio(1),
                 error.Ratio(2));
    }
    return OkStatus();
  }

  void Print() const {
    fmt::print("{} traces, {} forecasts of {} steps\n\n", traces_, milliseconds_.size(), kDay);
    fmt::print("{:<32}   1 h    4 h   24 h\n", "MAE ÷ daily seasonal naive");
    PrintRatios("tidewright", error_);
    fmt::print("{:<32}", "  its pinball loss, likewise");
    for (const double sum : loss_.log_sum) fmt::print("  {:.3f}", std::exp(sum / traces_));
    fmt::print("\nbeside, measured earlier:\n");
    for (const Peer& peer : kPeers) {
      fmt::print("{:<32}  {:.3f}  {:.3f}  {:.3f}\n", peer.method, peer.ratio[0], peer.ratio[1],
                 peer.ratio[2]);
    }
    fmt::print("\n{:<32}", "coverage of");
    for (const double level : kLevels) fmt::print(" {:.3f}", level);
    fmt::print("\n");
    const std::array<std::pair<const char*, const Coverage*>, 6> rows = {
        {{"steps up to 1 h", &steps_[0]},
         {"steps of 1 to 4 h", &steps_[1]},
         {"steps of 4 to 24 h", &steps_[2]},
         {"all steps", &all_steps_},
         {"maximum over 1 h", &maxima_[0]},
         {"maximum over 4 h", &maxima_[1]}}};
    for (const auto& [name, coverage] : rows) fmt::print("{:<32} {}\n", name, coverage->Text());
    fmt::print(
        "\nms a forecast by the clock, one thread, median: {:.1f} (forecast_speed measures "
        "speed)\n",
        Median(milliseconds_));
  }

  [[nodiscard]] int traces() const { return traces_; }

 private:
  void PrintRatios(const char* name, const Ratios& ratios) const {
    fmt::print("{:<32}", name);
    for (const double sum : ratios.log_sum) fmt::print("  {:.3f}", std::exp(sum / traces_));
    fmt::print("\n{:<32}", "  its worst trace");
    for (const double worst : ratios.worst) fmt::print("  {:.3f}", worst);
    fmt::print("  ({}, {}, {})\n", ratios.worst_name[0], ratios.worst_name[1],
               ratios.worst_name[2]);
  }

  Status RunOrigin(Origin origin, Errors& error, Errors& loss) {
    ForecastState state;
    state.observed = origin.history;
    ForecastRequest request;
    request.levels = kLevels;
    request.windows = {std::chrono::hours(1), std::chrono::hours(4)};
    const MonoTime before = clock_.Monotonic();
    TW_ASSIGN_OR_RETURN(Forecast forecast, MakeForecast(state, request));
    milliseconds_.push_back(1e3 * Seconds(clock_.Monotonic() - before));
    const bool maxima_compare = AlignToOrigin(origin, forecast) == 0;
    AddErrors(origin, forecast.quantiles, error);
    AddLosses(origin, forecast.quantiles, loss);
    AddCoverage(origin, forecast, maxima_compare);
    return OkStatus();
  }

  static void AddErrors(const Origin& origin, const std::vector<std::vector<double>>& quantiles,
                        Errors& error) {
    for (int i = 0; i < kDay; ++i) {
      const double y = origin.actual[i];
      if (std::isnan(y) || std::isnan(origin.day_before[i])) continue;
      for (std::size_t k = 0; k < kHorizons.size(); ++k) {
        if (i >= kHorizons[k]) continue;
        error.ours[k] += std::abs(y - quantiles[0][i]);
        error.naive[k] += std::abs(y - origin.day_before[i]);
      }
    }
  }

  static void AddLosses(const Origin& origin, const std::vector<std::vector<double>>& quantiles,
                        Errors& loss) {
    const auto naive = SeasonalNaive(origin.history.values, kDay, kDay, kLevels);
    for (std::size_t k = 0; k < kHorizons.size(); ++k) {
      const auto actual = std::span(origin.actual).first(static_cast<std::size_t>(kHorizons[k]));
      const auto sum = [&](const std::vector<std::vector<double>>& of) {
        QuantileScore score;
        score.Add(actual, kLevels, of);
        return std::accumulate(score.pinball.begin(), score.pinball.end(), 0.0);
      };
      loss.ours[k] += sum(quantiles);
      loss.naive[k] += sum(naive.quantiles);
    }
  }

  void AddCoverage(const Origin& origin, const Forecast& forecast, bool maxima_compare) {
    std::vector<double> of_step(kLevels.size());
    double highest = 0;
    for (int i = 0; i < kDay; ++i) {
      const double y = origin.actual[i];
      for (std::size_t l = 0; l < kLevels.size(); ++l) of_step[l] = forecast.quantiles[l][i];
      steps_[i < kHorizons[0] ? 0 : i < kHorizons[1] ? 1 : 2].Add(y, of_step);
      all_steps_.Add(y, of_step);
      if (!std::isnan(y)) highest = std::max(highest, y);
      for (std::size_t w = 0; w < maxima_.size(); ++w) {
        if (maxima_compare && i + 1 == kHorizons[w]) {
          maxima_[w].Add(highest, forecast.maxima[w].quantiles);
        }
      }
    }
  }

  RealClock clock_;
  int traces_ = 0;
  Ratios error_;
  Ratios loss_;
  std::array<Coverage, 3> steps_;
  Coverage all_steps_;
  std::array<Coverage, 2> maxima_;
  std::vector<double> milliseconds_;
};

Status Run(const std::string& folder, bool each) {
  TW_ASSIGN_OR_RETURN(const auto traces, ReadFiveMinuteTraces(folder));
  Protocol protocol;
  for (const Trace& trace : traces) TW_RETURN_IF_ERROR(protocol.Run(trace, each));
  if (protocol.traces() == 0) {
    return Error(StatusCode::kFailedPrecondition, "no trace in {} lasts longer than eight days",
                 folder);
  }
  protocol.Print();
  return OkStatus();
}

}  // namespace
}  // namespace tidewright::bench

int main(int argc, char** argv) {
  return tidewright::bench::OverFolder("accuracy_traces", "../shared/traces", argc, argv,
                                       tidewright::bench::Run);
}
