// accuracy_m4 [FOLDER] [--each]: the forecaster on M4-Hourly (hourly_train_*.csv,
// hourly_test_*.csv), 48 hours ahead, one configuration for all series. FOLDER is ../shared/m4
// where none is named; --each prints a line a series.
//
// OWA = ½(sMAPE/18.383 + MASE/2.395): relative to the competition's Naive2 (Makridakis, Spiliotis,
// Assimakopoulos: The M4 Competition, International Journal of Forecasting 36, 2020). MASE is
// scaled by the seasonal naive's error inside the history, season 24. The point is the median.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

#include "bench/forecast/forecast_data.h"
#include "core/clock.h"
#include "forecast/evaluation.h"
#include "forecast/forecaster.h"

namespace tidewright::bench {
namespace {

constexpr int kSeason = 24;
constexpr int kHorizon = 48;
constexpr double kNaive2Smape = 18.383;
constexpr double kNaive2Mase = 2.395;

/// What others reach on all 414 series of M4-Hourly. OWA of the methods: measured with scripts of
/// this project's own before the engine was written. The last line is what the best methods
/// published for M4-Hourly report; FLAIR is the shape-times-level ridge regression.
struct Peer {
  const char* method;
  const char* owa;
};
constexpr std::array kPeers = {
    Peer{"Theta", "1.006"},
    Peer{"seasonal naive (sMAPE 13.91, MASE 1.193)", "0.628"},
    Peer{"MSTL + ETS", "0.611"},
    Peer{"MSTL + ARIMA", "0.553"},
    Peer{"SPAR", "0.523"},
    Peer{"sparse-lag ridge in level and log", "0.444"},
    Peer{"median of ridge, log ridge and FLAIR", "0.423"},
    Peer{"the best published", "0.41-0.44"},
};

struct Band {
  const char* name;
  int first;
  int end;
};
constexpr std::array kBands = {Band{"1 to 48 h", 0, 48}, Band{"1 to 4 h", 0, 4},
                               Band{"5 to 12 h", 4, 12}, Band{"13 to 24 h", 12, 24},
                               Band{"25 to 48 h", 24, 48}};

/// Sums over the series of one method's measures in one band.
struct Tally {
  double smape = 0;
  double mase = 0;
  double loss = 0;  ///< weighted quantile loss
  Coverage coverage;

  [[nodiscard]] double Owa(double series) const {
    return 0.5 * (smape / series / kNaive2Smape + mase / series / kNaive2Mase);
  }
};

using Tallies = std::array<Tally, kBands.size()>;
using Quantiles = std::vector<std::vector<double>>;  // [level][step]

/// Adds one forecast to all bands. `point` is as long as the horizon.
void Judge(const M4Series& series, const std::vector<double>& levels,
           const std::vector<double>& point, const Quantiles& quantiles, Tallies& tallies) {
  const double scale = SeasonalScale(series.history.values, kSeason);
  for (std::size_t b = 0; b < kBands.size(); ++b) {
    const auto first = static_cast<std::size_t>(kBands[b].first);
    const auto length = static_cast<std::size_t>(kBands[b].end) - first;
    const auto actual = std::span(series.actual).subspan(first, length);
    const auto forecast = std::span(point).subspan(first, length);
    tallies[b].smape += SymmetricPercentageError(actual, forecast);
    tallies[b].mase += MeanAbsoluteError(actual, forecast) / scale;
    Quantiles part;
    for (const auto& quantile : quantiles) {
      part.emplace_back(quantile.begin() + kBands[b].first, quantile.begin() + kBands[b].end);
    }
    QuantileScore score;
    score.Add(actual, levels, part);
    tallies[b].loss += score.WeightedLoss();
    for (std::size_t i = 0; i < length; ++i) {
      std::vector<double> of_step;
      for (const auto& quantile : part) of_step.push_back(quantile[i]);
      tallies[b].coverage.Add(actual[i], of_step);
    }
  }
}

class Benchmark {
 public:
  Status Add(const M4Series& series, bool tell) {
    if (series.actual.size() != kHorizon || series.history.size() <= kSeason) {
      return Error(StatusCode::kInvalidArgument, "{}: {} hours of history and {} to compare with",
                   series.id, series.history.size(), series.actual.size());
    }
    ForecastState state;
    state.observed = series.history;
    ForecastRequest request;
    request.step = std::chrono::hours(1);
    request.horizon = kHorizon;
    levels_ = request.levels;
    const MonoTime before = clock_.Monotonic();
    const auto forecast = MakeForecast(state, request);
    milliseconds_.push_back(1e3 * Seconds(clock_.Monotonic() - before));
    if (!forecast.ok()) return Annotate(forecast.status(), series.id);
    const auto naive = SeasonalNaive(series.history.values, kSeason, kHorizon, levels_);
    const Tally ours_before = ours_[0];
    const Tally naive_before = naive_[0];
    Judge(series, levels_, forecast->quantiles[0], forecast->quantiles, ours_);
    Judge(series, levels_, naive.point, naive.quantiles, naive_);
    ++series_;
    if (tell) {
      fmt::print("{} {} hours, sMAPE {:.2f} (naive {:.2f}), MASE {:.3f} ({:.3f}); {}\n", series.id,
                 series.history.size(), ours_[0].smape - ours_before.smape,
                 naive_[0].smape - naive_before.smape, ours_[0].mase - ours_before.mase,
                 naive_[0].mase - naive_before.mase, fmt::join(forecast->notes, "; "));
    }
    return OkStatus();
  }

  void Print() const {
    fmt::print("M4-Hourly: {} series, {} hours ahead, one configuration for all\n\n", series_,
               kHorizon);
    fmt::print("{:<42} {:>8} {:>8} {:>9} {:>14}\n", "in this run", "sMAPE", "MASE", "OWA",
               "quantile loss");
    PrintMethod("tidewright", ours_[0]);
    PrintMethod("seasonal naive", naive_[0]);
    fmt::print("\n{:<42} {:>8} {:>8} {:>9}\n", "measured or published, all 414 series", "", "",
               "OWA");
    for (const Peer& peer : kPeers) fmt::print("{:<42} {:>27}\n", peer.method, peer.owa);
    fmt::print("\n{:<12} {:>7} {:>7} {:>8} {:>8}   coverage of", "tidewright", "sMAPE", "MASE",
               "÷ naive", "q. loss");
    for (const double level : levels_) fmt::print(" {:.3f}", level);
    fmt::print("\n");
    for (std::size_t b = 0; b < kBands.size(); ++b) {
      fmt::print("{:<12} {:7.3f} {:7.4f} {:7.3f} {:8.4f}   {:>11} {}\n", kBands[b].name,
                 ours_[b].smape / series_, ours_[b].mase / series_, ours_[b].mase / naive_[b].mase,
                 ours_[b].loss / series_, "", ours_[b].coverage.Text());
    }
    fmt::print(
        "\nms a forecast by the clock, one thread, median: {:.1f} (forecast_speed measures "
        "speed)\n",
        Median(milliseconds_));
  }

 private:
  void PrintMethod(const char* name, const Tally& tally) const {
    fmt::print("{:<42} {:8.3f} {:8.4f} {:9.4f} {:14.4f}\n", name, tally.smape / series_,
               tally.mase / series_, tally.Owa(series_), tally.loss / series_);
  }

  RealClock clock_;
  std::vector<double> levels_;
  Tallies ours_;
  Tallies naive_;
  double series_ = 0;
  std::vector<double> milliseconds_;
};

Status Run(const std::string& folder, bool each) {
  TW_ASSIGN_OR_RETURN(const auto all, ReadM4Hourly(folder));
  Benchmark benchmark;
  for (const M4Series& series : all) TW_RETURN_IF_ERROR(benchmark.Add(series, each));
  benchmark.Print();
  return OkStatus();
}

}  // namespace
}  // namespace tidewright::bench

int main(int argc, char** argv) {
  return tidewright::bench::OverFolder("accuracy_m4", "../shared/m4", argc, argv,
                                       tidewright::bench::Run);
}
