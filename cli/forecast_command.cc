#include <algorithm>
#include <cmath>
#include <cstdio>

#include "cli/commands.h"

namespace tidewright::cli {
namespace {

const pb::Quantile* Find(const pb::Forecast& forecast, double level) {
  for (const auto& quantile : forecast.quantiles()) {
    if (std::abs(quantile.level() - level) < 1e-9) return &quantile;
  }
  return nullptr;
}

google::protobuf::Timestamp After(const google::protobuf::Timestamp& time, double seconds) {
  auto later = time;
  later.set_seconds(time.seconds() + static_cast<std::int64_t>(seconds));
  return later;
}

std::vector<double> Values(const google::protobuf::RepeatedField<double>& from) {
  return {from.begin(), from.end()};
}

/// History at about the forecast's own step, so that both halves of the picture have one scale.
std::vector<double> Thinned(const pb::Forecast& forecast) {
  const auto per = static_cast<std::size_t>(std::max(
      1.0, std::round(forecast.step_seconds() / std::max(1.0, forecast.history_step_seconds()))));
  std::vector<double> out;
  double sum = 0;
  std::size_t count = 0, seen = 0;
  for (double v : forecast.history()) {
    if (!std::isnan(v)) {
      sum += v;
      ++count;
    }
    if (++seen % per == 0) {
      out.push_back(count > 0 ? sum / static_cast<double>(count) : std::nan(""));
      sum = 0;
      count = 0;
    }
  }
  return out;
}

std::string Hours(double seconds) { return FormatDuration(FromSeconds(seconds)); }

}  // namespace

int ShowForecast(Session& session, const ForecastOptions& options) {
  pb::GetForecastRequest request;
  request.set_resource(options.resource);
  request.set_history_seconds(Seconds(options.history));
  std::string whose = "of the cluster";
  if (options.partition) {
    request.set_partition(*options.partition);
    whose = fmt::format("of partition {}", *options.partition);
  } else if (!options.shard.empty()) {
    request.set_shard(options.shard);
    whose = fmt::format("of shard {}", options.shard);
  }
  pb::Forecast forecast;
  const auto asked = session.Ask(&pb::Controller::Stub::GetForecast, request, &forecast);
  if (!asked.ok()) return Fail(asked);
  if (session.options().json) {
    PrintJson(forecast);
    return kExitOk;
  }
  if (forecast.quantiles().empty()) {
    return Fail(Error(StatusCode::kFailedPrecondition,
                      "there is no forecast of {} yet: it needs two observations at least; "
                      "`tidectl status` says what is missing",
                      options.resource));
  }
  ChartInput chart;
  chart.history = Thinned(forecast);
  const auto* median = Find(forecast, 0.5);
  const auto* high = Find(forecast, 0.95);
  if (median != nullptr) chart.median = Values(median->values());
  if (high != nullptr) chart.high = Values(high->values());
  chart.low = chart.median;
  if (forecast.capacity() > 0) {
    chart.capacity = forecast.capacity();
    chart.usable = forecast.usable_capacity();
  }
  chart.left_label = TimeText(forecast.has_history_start(), forecast.history_start());
  chart.now_label = "now";
  chart.right_label =
      TimeText(true, After(forecast.start(), forecast.step_seconds() * forecast.mean_size()));
  const Terminal& terminal = session.terminal();
  std::string text = fmt::format(
      "{} {}: {} observed {} median forecast {} up to p95{}   trust: {}, recent error "
      "{:.0f}%\n",
      options.resource, whose, Paint(terminal, Color::kGreen, "•"),
      Paint(terminal, Color::kBold, "·"), Paint(terminal, Color::kBlue, "░"),
      chart.capacity ? fmt::format(" {} usable {} capacity", Paint(terminal, Color::kYellow, "─"),
                                   Paint(terminal, Color::kRed, "═"))
                     : "",
      forecast.trust(), 100 * forecast.recent_error());
  text += Chart(terminal, chart, std::min(terminal.columns, 160),
                std::clamp(terminal.rows - 14, 10, 20));
  std::vector<std::vector<std::string>> rows = {{"MAXIMUM OVER"}};
  for (const auto& quantile : forecast.quantiles()) {
    rows.front().push_back(fmt::format("p{:g}", 100 * quantile.level()));
  }
  for (const auto& maximum : forecast.maxima()) {
    rows.push_back({"next " + Hours(maximum.window_seconds())});
    for (double value : maximum.values()) {
      rows.back().push_back(HumanResource(options.resource, value));
    }
  }
  text += "\n" + Table(rows);
  for (const auto& note : forecast.notes()) text += "note: " + note + "\n";
  std::fputs(text.c_str(), stdout);
  return kExitOk;
}

}  // namespace tidewright::cli
