#include "cli/forecast_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

namespace tidewright::cli {
namespace {

std::string Timestamp(const Forecast& forecast, int step, bool dated) {
  return dated ? FormatTime(forecast.TimeOf(step)) : "";
}

nlohmann::json ByLevel(const std::vector<double>& levels,
                       const std::vector<std::vector<double>>& quantiles) {
  auto object = nlohmann::json::object();
  for (std::size_t i = 0; i < levels.size(); ++i) object[LevelName(levels[i])] = quantiles[i];
  return object;
}

nlohmann::json ByLevel(const std::vector<double>& levels, const std::vector<double>& quantiles) {
  auto object = nlohmann::json::object();
  for (std::size_t i = 0; i < levels.size(); ++i) object[LevelName(levels[i])] = quantiles[i];
  return object;
}

/// The quantiles of the level nearest to `wanted`.
std::size_t Nearest(const std::vector<double>& levels, double wanted) {
  const auto best = std::min_element(levels.begin(), levels.end(), [&](double a, double b) {
    return std::abs(a - wanted) < std::abs(b - wanted);
  });
  return static_cast<std::size_t>(best - levels.begin());
}

/// The newest `count` values at about the forecast's step.
std::vector<double> Newest(const Series& observed, const Forecast& forecast) {
  // As much past as there is future, and half as much again.
  const auto span = forecast.step * forecast.horizon * 3 / 2;
  const auto count = std::min<std::size_t>(
      observed.size(), std::max<std::size_t>(24, static_cast<std::size_t>(span / observed.step)));
  return {observed.values.end() - static_cast<std::ptrdiff_t>(count), observed.values.end()};
}

std::string ShortTime(WallTime at) {
  std::string text = FormatTime(at).substr(0, 16);
  text[10] = ' ';
  return text;
}

}  // namespace

std::string LevelName(double level) { return fmt::format("q{:g}", 100 * level); }

std::string CsvField(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

std::string CsvNumber(double value) { return fmt::format("{:.10g}", value); }

std::string CsvHeader(const std::vector<double>& levels) {
  std::string text = "id,step,timestamp,mean";
  for (const double level : levels) text += "," + LevelName(level);
  return text + "\n";
}

std::string CsvRows(const SeriesForecast& result, bool dated) {
  const Forecast& forecast = result.forecast;
  fmt::memory_buffer text;
  const auto out = std::back_inserter(text);
  const std::string id = CsvField(result.id);
  for (int i = 0; i < forecast.horizon; ++i) {
    const auto at = static_cast<std::size_t>(i);
    fmt::format_to(out, "{},{},{},{:.10g}", id, i + 1, Timestamp(forecast, i, dated),
                   forecast.mean[at]);
    for (const auto& quantile : forecast.quantiles) fmt::format_to(out, ",{:.10g}", quantile[at]);
    text.push_back('\n');
  }
  return fmt::to_string(text);
}

std::string PathsHeader() { return "id,path,step,timestamp,value\n"; }

std::string PathsRows(const SeriesForecast& result, bool dated) {
  fmt::memory_buffer text;
  const auto out = std::back_inserter(text);
  const std::string id = CsvField(result.id);
  const SamplePaths& paths = result.forecast.paths;
  for (int path = 0; path < paths.paths; ++path) {
    for (int step = 0; step < paths.steps; ++step) {
      fmt::format_to(out, "{},{},{},{},{:.7g}\n", id, path + 1, step + 1,
                     Timestamp(result.forecast, step, dated), paths.At(path, step));
    }
  }
  return fmt::to_string(text);
}

std::string JsonObject(const SeriesForecast& result, bool dated,
                       const std::vector<std::string>& repairs) {
  const Forecast& forecast = result.forecast;
  nlohmann::ordered_json object;
  object["id"] = result.id;
  object["observed_steps"] = result.steps;
  object["gaps"] = result.gaps;
  object["used_steps"] = result.used;
  if (!repairs.empty()) object["repairs"] = repairs;
  if (!result.status.ok()) {
    object["error"] = Message(result.status);
    return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  object["start"] =
      dated ? nlohmann::ordered_json(FormatTime(forecast.start)) : nlohmann::ordered_json();
  object["step_seconds"] = Seconds(forecast.step);
  object["horizon"] = forecast.horizon;
  object["trust"] = TrustName(forecast.trust);
  object["recent_error"] = forecast.recent_error;
  object["notes"] = forecast.notes;
  object["levels"] = forecast.levels;
  object["mean"] = forecast.mean;
  object["quantiles"] = ByLevel(forecast.levels, forecast.quantiles);
  object["maxima"] = nlohmann::ordered_json::array();
  for (const WindowMaximum& maximum : forecast.maxima) {
    object["maxima"].push_back({{"window_seconds", Seconds(maximum.window)},
                                {"quantiles", ByLevel(forecast.levels, maximum.quantiles)}});
  }
  return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string DescribeInput(const SeriesForecast& result, const Series& observed, bool dated) {
  std::string text = fmt::format("{} steps of {}", result.steps, FormatDuration(observed.step));
  if (dated) {
    text += fmt::format(" from {} to {}", ShortTime(observed.start), ShortTime(observed.end()));
  }
  text += fmt::format(", {} gaps", result.gaps);
  if (result.used < result.steps) text += fmt::format("; the newest {} were used", result.used);
  return text;
}

std::string Picture(const Terminal& terminal, const SeriesForecast& result, const Series& observed,
                    bool dated) {
  const Forecast& forecast = result.forecast;
  ChartInput chart;
  chart.history = Newest(observed, forecast);
  const std::size_t middle = Nearest(forecast.levels, 0.5);
  const std::size_t high = Nearest(forecast.levels, 0.95);
  chart.median = forecast.quantiles[middle];
  chart.low = chart.median;
  chart.high = forecast.quantiles[high];
  const Duration past = observed.step * static_cast<Duration::rep>(chart.history.size());
  const Duration future = forecast.step * forecast.horizon;
  chart.left_label = dated ? ShortTime(observed.end() - past) : "-" + FormatDuration(past);
  chart.now_label = dated ? ShortTime(forecast.start) : "0";
  chart.right_label = dated ? ShortTime(forecast.start + future) : "+" + FormatDuration(future);
  std::string text = fmt::format(
      "{}: {} observed {} {} forecast {} up to {}   trust: {}, recent error {:.0f}%\n", result.id,
      Paint(terminal, Color::kGreen, "•"), Paint(terminal, Color::kBold, "·"),
      LevelName(forecast.levels[middle]), Paint(terminal, Color::kBlue, "░"),
      LevelName(forecast.levels[high]), TrustName(forecast.trust), 100 * forecast.recent_error);
  text += Chart(terminal, chart, std::min(terminal.columns, 160),
                std::clamp(terminal.rows - 14, 10, 20));
  std::vector<std::vector<std::string>> rows = {{"MAXIMUM OVER"}};
  for (const double level : forecast.levels) rows.front().push_back(LevelName(level));
  for (const WindowMaximum& maximum : forecast.maxima) {
    rows.push_back({"next " + FormatDuration(maximum.window)});
    for (const double value : maximum.quantiles) rows.back().push_back(Human(value));
  }
  text += "\n" + Table(rows);
  for (const std::string& note : forecast.notes) text += "note: " + note + "\n";
  return text;
}

std::vector<std::string> PanelHeader(const std::vector<double>& levels) {
  std::vector<std::string> row = {"ID", "STEPS", "GAPS", "MEAN AHEAD"};
  for (const double level : levels) row.push_back("MAX " + LevelName(level));
  row.insert(row.end(), {"ERROR", "TRUST"});
  return row;
}

std::vector<std::string> PanelRow(const SeriesForecast& result) {
  const Forecast& forecast = result.forecast;
  double mean = 0;
  for (const double value : forecast.mean) mean += value / static_cast<double>(forecast.horizon);
  std::vector<std::string> row = {result.id, fmt::format("{}", result.steps),
                                  fmt::format("{}", result.gaps), Human(mean)};
  for (const double value : forecast.maxima.back().quantiles) row.push_back(Human(value));
  row.push_back(fmt::format("{:.0f}%", 100 * forecast.recent_error));
  row.push_back(TrustName(forecast.trust));
  return row;
}

}  // namespace tidewright::cli
