#include "cli/evaluation_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/forecast_writer.h"
#include "cli/render.h"
#include "core/status.h"

namespace tidewright::cli {
namespace {

using Pick = double (*)(const MethodScore&);

/// The values of a measure over the series where both methods have one, so that they compare.
struct Pairs {
  std::vector<double> ours;
  std::vector<double> naive;
};
Pairs Collect(const std::vector<SeriesEvaluation>& series, Pick pick) {
  Pairs pairs;
  for (const SeriesEvaluation& s : series) {
    if (!s.status.ok() || std::isnan(pick(s.ours)) || std::isnan(pick(s.naive))) continue;
    pairs.ours.push_back(pick(s.ours));
    pairs.naive.push_back(pick(s.naive));
  }
  return pairs;
}

double Mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return values.empty() ? std::nan("") : sum / static_cast<double>(values.size());
}

double Median(std::vector<double> values) {
  if (values.empty()) return std::nan("");
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

std::string Figure(double value) { return std::isnan(value) ? "-" : fmt::format("{:.3f}", value); }

std::string Percent(double share) {
  return std::isnan(share) ? "-" : fmt::format("{:.1f}%", 100 * share);
}

void AddRow(std::vector<std::vector<std::string>>& rows, const std::string& name, double ours,
            double naive) {
  rows.push_back({name, Figure(ours), Figure(naive), naive > 0 ? Figure(ours / naive) : "-"});
}

/// "1d (detected) in 400 series; 1h (last value) in 3".
std::string Periods(const EvaluationFrame& frame, const std::vector<SeriesEvaluation>& series) {
  std::map<std::string, int> counts;
  for (const SeriesEvaluation& s : series) {
    if (!s.status.ok()) continue;
    ++counts[fmt::format("{} ({})", FormatDuration(frame.step * s.period.steps), s.period.reason)];
  }
  std::vector<std::pair<std::string, int>> sorted(counts.begin(), counts.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text;
  for (const auto& [name, count] : sorted) {
    text += (text.empty() ? "" : "; ") + name;
    if (sorted.size() > 1) text += fmt::format(" in {} series", count);
  }
  return text;
}

double RelativeError(const SeriesEvaluation& s) {
  return s.naive.mae > 0 ? s.ours.mae / s.naive.mae : std::nan("");
}

void AddRelativeError(std::vector<std::vector<std::string>>& rows,
                      const std::vector<SeriesEvaluation>& series) {
  std::vector<double> logs;
  for (const SeriesEvaluation& s : series) {
    const double relative = s.status.ok() ? RelativeError(s) : std::nan("");
    if (relative > 0) logs.push_back(std::log(relative));
  }
  if (logs.empty()) return;
  AddRow(rows, "MAE, geometric mean of ratios", std::exp(Mean(logs)), 1);
}

nlohmann::ordered_json Method(const MethodScore& score, const EvaluationFrame& frame) {
  auto coverage = nlohmann::ordered_json::object();
  const auto shares = score.quantiles.Coverage();
  for (std::size_t l = 0; l < shares.size(); ++l) {
    coverage[LevelName(frame.levels[l])] = shares[l];
  }
  return {{"mae", score.mae},
          {"mase", score.mase},
          {"smape", score.smape},
          {"wql", score.quantiles.WeightedLoss()},
          {"coverage", coverage}};
}

std::string Cell(double value) { return std::isnan(value) ? "" : CsvNumber(value); }

std::string MethodCells(const MethodScore& score) {
  std::string text = Cell(score.mae) + "," + Cell(score.mase) + "," + Cell(score.smape) + "," +
                     Cell(score.quantiles.WeightedLoss());
  for (const double share : score.quantiles.Coverage()) text += "," + Cell(share);
  return text;
}

}  // namespace

std::string EvaluationTable(const EvaluationFrame& frame,
                            const std::vector<SeriesEvaluation>& series) {
  QuantileScore ours, naive;
  std::vector<double> milliseconds;
  int evaluated = 0, forecasts = 0;
  for (const SeriesEvaluation& s : series) {
    if (!s.status.ok()) continue;
    ++evaluated;
    forecasts += s.origins;
    ours.Add(s.ours.quantiles);
    naive.Add(s.naive.quantiles);
    milliseconds.push_back(s.milliseconds);
  }
  if (evaluated == 0) return "";
  std::string text = fmt::format(
      "{} series, {} forecasts from up to {} origins each, {} steps of {} ({}) ahead\n"
      "seasonal naive repeats the value of {}\n\n",
      evaluated, forecasts, frame.origins, frame.horizon, FormatDuration(frame.step),
      FormatDuration(frame.step * frame.horizon), Periods(frame, series));
  std::vector<std::vector<std::string>> rows = {
      {"MEASURE", "TIDEWRIGHT", "SEASONAL NAIVE", "RATIO"}};
  const std::pair<const char*, Pick> measures[] = {
      {"MASE", [](const MethodScore& s) { return s.mase; }},
      {"sMAPE, %", [](const MethodScore& s) { return s.smape; }},
      {"weighted quantile loss", [](const MethodScore& s) { return s.quantiles.WeightedLoss(); }}};
  for (const auto& [name, pick] : measures) {
    const Pairs pairs = Collect(series, pick);
    const bool one = evaluated == 1;
    AddRow(rows, std::string(name) + (one ? "" : ", mean"), Mean(pairs.ours), Mean(pairs.naive));
    if (!one) {
      AddRow(rows, std::string(name) + ", median", Median(pairs.ours), Median(pairs.naive));
    }
  }
  AddRelativeError(rows, series);
  const auto covered = ours.Coverage(), naive_covered = naive.Coverage();
  for (std::size_t l = 0; l < covered.size(); ++l) {
    rows.push_back({"steps at or under " + LevelName(frame.levels[l]), Percent(covered[l]),
                    Percent(naive_covered[l]), ""});
  }
  rows.push_back(
      {"milliseconds a forecast, median", fmt::format("{:.2f}", Median(milliseconds)), "", ""});
  return text + Table(rows);
}

std::string EvaluationCsv(const EvaluationFrame& frame,
                          const std::vector<SeriesEvaluation>& series) {
  std::string text = "id,origins,naive_period";
  for (const std::string prefix : {"", "naive_"}) {
    for (const char* name : {"mae", "mase", "smape", "wql"}) text += "," + prefix + name;
    for (const double level : frame.levels) text += "," + prefix + "coverage_" + LevelName(level);
  }
  text += ",relative_mae,milliseconds\n";
  for (const SeriesEvaluation& s : series) {
    if (!s.status.ok()) continue;
    text += fmt::format("{},{},{},{},{},{},{:.3f}\n", CsvField(s.id), s.origins, s.period.steps,
                        MethodCells(s.ours), MethodCells(s.naive), Cell(RelativeError(s)),
                        s.milliseconds);
  }
  return text;
}

std::string EvaluationJson(const EvaluationFrame& frame,
                           const std::vector<SeriesEvaluation>& series) {
  std::string text = "[";
  for (const SeriesEvaluation& s : series) {
    nlohmann::ordered_json object = {{"id", s.id}};
    if (s.status.ok()) {
      object["origins"] = s.origins;
      object["naive_period"] = s.period.steps;
      object["naive_period_reason"] = s.period.reason;
      object["forecast"] = Method(s.ours, frame);
      object["seasonal_naive"] = Method(s.naive, frame);
      object["relative_mae"] = RelativeError(s);
      object["milliseconds"] = s.milliseconds;
    } else {
      object["error"] = Message(s.status);
    }
    text += (text.size() == 1 ? "\n" : ",\n") +
            object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  return text + "\n]\n";
}

}  // namespace tidewright::cli
