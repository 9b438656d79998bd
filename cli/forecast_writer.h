// A forecast as text: rows of CSV, an object of JSON, a picture.
#pragma once

#include <string>
#include <vector>

#include "cli/render.h"
#include "core/series.h"
#include "core/status.h"
#include "forecast/forecast.h"

namespace tidewright::cli {

/// What became of one series.
struct SeriesForecast {
  std::string id;
  Status status;  ///< why there is no forecast
  Forecast forecast;
  std::size_t steps = 0;  ///< observed ones and gaps
  std::size_t gaps = 0;
  std::size_t used = 0;  ///< the newest of the steps: what the forecaster was given
};

/// "q50", "q99.5".
[[nodiscard]] std::string LevelName(double level);
/// Quoted where CSV needs it.
[[nodiscard]] std::string CsvField(const std::string& text);
/// A number as the files carry it.
[[nodiscard]] std::string CsvNumber(double value);

/// "id,step,timestamp,mean,q50,…"; steps count from 1, the timestamp is that of a step's beginning,
/// empty where `dated` is false.
[[nodiscard]] std::string CsvHeader(const std::vector<double>& levels);
[[nodiscard]] std::string CsvRows(const SeriesForecast& result, bool dated);
/// "id,path,step,timestamp,value"; paths and steps count from 1.
[[nodiscard]] std::string PathsHeader();
[[nodiscard]] std::string PathsRows(const SeriesForecast& result, bool dated);
/// One object on one line, without the line's end.
[[nodiscard]] std::string JsonObject(const SeriesForecast& result, bool dated,
                                     const std::vector<std::string>& repairs);
/// "4032 steps of 5m from 2026-01-01 00:00 to 2026-01-15 00:00, 12 gaps".
[[nodiscard]] std::string DescribeInput(const SeriesForecast& result, const Series& observed,
                                        bool dated);
/// A picture of the newest history and the forecast, and the quantiles of the maximum.
[[nodiscard]] std::string Picture(const Terminal& terminal, const SeriesForecast& result,
                                  const Series& observed, bool dated);
/// The row of a series in the table of a panel, and that table's header.
[[nodiscard]] std::vector<std::string> PanelHeader(const std::vector<double>& levels);
[[nodiscard]] std::vector<std::string> PanelRow(const SeriesForecast& result);

}  // namespace tidewright::cli
