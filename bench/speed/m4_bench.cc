// m4_bench FOLDER: the forecaster on M4-Hourly (hourly_train_*.csv, hourly_test_*.csv: one series a
// line, its id first), 48 hours ahead, one configuration for all series.
//
// OWA = ½(sMAPE/18.383 + MASE/2.395), the figures of the competition's Naive2 (Makridakis et al.,
// The M4 Competition, 2020); MASE is scaled by the seasonal naive's in-sample error, season 24.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/clock.h"
#include "forecast/forecaster.h"

namespace tidewright {
namespace {

constexpr int kSeason = 24;
constexpr int kHorizon = 48;
constexpr double kNaive2Smape = 18.383;
constexpr double kNaive2Mase = 2.395;

struct Line {
  std::string id;
  std::vector<double> values;
};

std::vector<Line> ReadPanel(const std::string& path) {
  std::ifstream in(path);
  std::vector<Line> out;
  for (std::string text; std::getline(in, text);) {
    Line line;
    std::size_t begin = text.find(',');
    line.id = text.substr(0, begin);
    while (begin != std::string::npos) {
      const std::size_t end = text.find(',', begin + 1);
      const std::string field = text.substr(begin + 1, end - begin - 1);
      if (!field.empty()) line.values.push_back(std::strtod(field.c_str(), nullptr));
      begin = end;
    }
    out.push_back(std::move(line));
  }
  return out;
}

struct Score {
  double smape = 0;
  double mase = 0;
};

Score Judge(const std::vector<double>& train, const std::vector<double>& test,
            const std::vector<double>& forecast) {
  double scale = 0;
  for (std::size_t i = kSeason; i < train.size(); ++i) {
    scale += std::abs(train[i] - train[i - kSeason]);
  }
  scale /= static_cast<double>(train.size() - kSeason);
  Score s;
  for (std::size_t h = 0; h < test.size(); ++h) {
    const double error = std::abs(test[h] - forecast[h]);
    s.smape += 200 * error / (std::abs(test[h]) + std::abs(forecast[h]) + 1e-12);
    s.mase += error / scale;
  }
  s.smape /= static_cast<double>(test.size());
  s.mase /= static_cast<double>(test.size());
  return s;
}

int Main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: m4_bench FOLDER [verbose]\n");
    return 2;
  }
  std::vector<Line> train;
  std::vector<Line> test;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("hourly_train")) train = ReadPanel(entry.path());
    if (name.starts_with("hourly_test")) test = ReadPanel(entry.path());
  }
  if (train.empty() || train.size() != test.size()) {
    fmt::print(stderr, "m4_bench: no hourly_train_*.csv and hourly_test_*.csv in {}\n", argv[1]);
    return 1;
  }
  RealClock clock;
  Score sum;
  Score naive_sum;
  std::vector<double> milliseconds;
  std::vector<double> held(5, 0.0);
  double by[4][5] = {};
  for (std::size_t i = 0; i < train.size(); ++i) {
    ForecastState state;
    state.observed = {
        .start = {}, .step = std::chrono::hours(1), .values = train[i].values, .flags = {}};
    ForecastRequest request;
    request.step = std::chrono::hours(1);
    request.horizon = kHorizon;
    const MonoTime before = clock.Monotonic();
    const auto f = MakeForecast(state, request);
    milliseconds.push_back(1e3 * Seconds(clock.Monotonic() - before));
    if (!f.ok()) {
      fmt::print(stderr, "{}: {}\n", train[i].id, Message(f.status()));
      return 1;
    }
    const Score s = Judge(train[i].values, test[i].values, f->quantiles[0]);
    std::vector<double> naive;
    for (int h = 0; h < kHorizon; ++h) {
      naive.push_back(train[i].values[train[i].values.size() - kSeason + h % kSeason]);
    }
    const Score n = Judge(train[i].values, test[i].values, naive);
    if (argc > 2)
      fmt::print("{} {} smape {:.2f} ({:.2f}) mase {:.3f} ({:.3f}) {}\n", train[i].id,
                 train[i].values.size(), s.smape, n.smape, s.mase, n.mase,
                 fmt::join(f->notes, "; "));
    sum.smape += s.smape;
    sum.mase += s.mase;
    naive_sum.smape += n.smape;
    naive_sum.mase += n.mase;
    for (std::size_t l = 0; l < 5; ++l)
      for (int h = 0; h < kHorizon; ++h) {
        held[l] += test[i].values[h] <= f->quantiles[l][h];
        by[h < 4 ? 0 : h < 12 ? 1 : h < 24 ? 2 : 3][l] += test[i].values[h] <= f->quantiles[l][h];
      }
  }
  const double count = static_cast<double>(train.size());
  const auto print = [&](const char* name, Score s) {
    fmt::print("{:<20} sMAPE {:6.3f}  MASE {:.4f}  OWA {:.4f}\n", name, s.smape / count,
               s.mase / count,
               0.5 * (s.smape / count / kNaive2Smape + s.mase / count / kNaive2Mase));
  };
  print("seasonal naive", naive_sum);
  print("tidewright", sum);
  fmt::print("coverage");
  for (double h : held) fmt::print(" {:.3f}", h / count / kHorizon);
  const double widths[4] = {4, 8, 12, 24};
  for (int b = 0; b < 4; ++b) {
    fmt::print("\n   ");
    for (double x : by[b]) fmt::print(" {:.3f}", x / count / widths[b]);
  }
  std::sort(milliseconds.begin(), milliseconds.end());
  fmt::print("\nms per series: median {:.2f}\n", milliseconds[milliseconds.size() / 2]);
  return 0;
}

}  // namespace
}  // namespace tidewright

int main(int argc, char** argv) { return tidewright::Main(argc, argv); }
