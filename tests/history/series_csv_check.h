// What must hold of the readers of history/series_csv.h for any bytes: for the fuzzer and the test.
#pragma once

#include <string>

namespace tidewright {

/// Reads `bytes` in the ways there are. Empty where every promise was kept, else which one was not.
/// `accepted`, if given, is raised for each form that could be read.
[[nodiscard]] std::string CheckSeriesCsv(const std::string& bytes, int* accepted = nullptr);

}  // namespace tidewright
