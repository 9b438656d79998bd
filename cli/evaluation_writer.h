// An evaluation as text.
#pragma once

#include <string>
#include <vector>

#include "core/status.h"
#include "forecast/evaluation.h"

namespace tidewright::cli {

/// One series, over all of its origins.
struct SeriesEvaluation {
  std::string id;
  Status status;  ///< why there is none
  int origins = 0;
  NaivePeriod period;
  MethodScore ours;
  MethodScore naive;
  double milliseconds = 0;  ///< a forecast
};

/// What was asked.
struct EvaluationFrame {
  std::vector<double> levels;
  Duration step{0};
  int horizon = 0;
  int origins = 0;
};

/// Means, medians and pooled coverage over the series, beside seasonal naive.
[[nodiscard]] std::string EvaluationTable(const EvaluationFrame& frame,
                                          const std::vector<SeriesEvaluation>& series);
/// A row a series; empty where a measure is not defined.
[[nodiscard]] std::string EvaluationCsv(const EvaluationFrame& frame,
                                        const std::vector<SeriesEvaluation>& series);
/// An array with an object a series, as the rows of CSV.
[[nodiscard]] std::string EvaluationJson(const EvaluationFrame& frame,
                                         const std::vector<SeriesEvaluation>& series);

}  // namespace tidewright::cli
