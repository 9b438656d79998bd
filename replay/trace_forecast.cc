#include "replay/trace_forecast.h"

#include <algorithm>

namespace tidewright::replay {
namespace {

constexpr Duration kRecent = std::chrono::hours(24 * 16);  // what the planner looks back at

}  // namespace

TraceForecast::TraceForecast(Duration step, Duration horizon, ForecastFaults faults)
    : faults_(std::move(faults)) {
  request_.step = step;
  request_.horizon = std::max(1, static_cast<int>(horizon / step));
  request_.levels = {0.5, 0.8, 0.9, 0.95, 0.99};  // what is calibrated
  request_.keep_paths = true;
}

std::optional<Forecast> TraceForecast::Look(const Series& demand) {
  Remember(demand);
  if (NeedsRefit(series_, request_)) {
    if (auto fitted = Refit(series_, request_); fitted.ok()) series_ = *std::move(fitted);
  }
  auto forecast = MakeForecast(series_, request_);
  if (!forecast.ok()) return std::nullopt;
  NotePromises(*forecast, series_.calibration);
  if (faults_) faults_(*forecast);
  return *std::move(forecast);
}

void TraceForecast::Remember(const Series& demand) {
  const std::size_t keep = std::min(demand.size(), static_cast<std::size_t>(kRecent / demand.step));
  recent_ = {
      .start = demand.TimeOf(demand.size() - keep),
      .step = demand.step,
      .values = {demand.values.end() - static_cast<std::ptrdiff_t>(keep), demand.values.end()},
      .flags = {}};
  const auto known =
      series_.observed.empty() ? 0 : (series_.observed.end() - demand.start) / demand.step;
  const Series news{.start = demand.start + known * demand.step,
                    .step = demand.step,
                    .values = {demand.values.begin() + known, demand.values.end()},
                    .flags = {}};
  if (auto updated = Update(series_, news); updated.ok()) series_ = *std::move(updated);
}

}  // namespace tidewright::replay
