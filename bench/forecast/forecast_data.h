// What the forecast benchmarks read, and how they count coverage.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/series.h"
#include "core/status.h"

namespace tidewright::bench {

struct M4Series {
  std::string id;
  Series history;
  std::vector<double> actual;  ///< what came after it, 48 hours
};
/// M4-Hourly, or a part of it: hourly_train_*.csv and hourly_test_*.csv of `folder`, one series a
/// line, in the same order. kNotFound, in words for people, where they are missing.
[[nodiscard]] StatusOr<std::vector<M4Series>> ReadM4Hourly(const std::string& folder);

struct Trace {
  std::string name;  ///< of the file
  Series series;
};
/// The five-minute files of `folder` (timestamp,value), as its INDEX.tsv has them in the columns
/// file and step_s. kNotFound, in words for people, where they are missing.
[[nodiscard]] StatusOr<std::vector<Trace>> ReadFiveMinuteTraces(const std::string& folder);

/// Shares of values at or under their quantiles.
class Coverage {
 public:
  /// One quantile for each level; not for NaN.
  void Add(double value, const std::vector<double>& quantiles);
  /// "0.503 0.801 …", a share for each level; empty where nothing was added.
  [[nodiscard]] std::string Text() const;

 private:
  std::vector<double> held_;
  double count_ = 0;
};

/// Runs a program of the form `name [FOLDER] [--each]`; returns its exit code: 2 for wrong usage, 1
/// where `run` failed, which is said on stderr.
[[nodiscard]] int OverFolder(const char* name, std::string folder, int argc, char** argv,
                             const std::function<Status(const std::string&, bool each)>& run);

/// The middle of `values`, which must not be empty.
[[nodiscard]] double Median(std::vector<double> values);

}  // namespace tidewright::bench
