#include "core/series.h"

#include <algorithm>

namespace tidewright {

const char* ScopeName(Scope scope) {
  switch (scope) {
    case Scope::kCluster:
      return "cluster";
    case Scope::kShard:
      return "shard";
    case Scope::kPartition:
      return "partition";
    case Scope::kTenant:
      return "tenant";
  }
  return "unknown";
}

std::string ToString(const SeriesKey& key) {
  std::string text = key.cluster + "/" + ScopeName(key.scope) + "/";
  if (!key.id.empty()) text += key.id + "/";
  return text + ResourceName(key.resource);
}

std::size_t Series::Observed() const {
  return static_cast<std::size_t>(
      std::count_if(values.begin(), values.end(), [](double v) { return !IsGap(v); }));
}

StatusOr<Series> Coarsen(const Series& series, Duration step) {
  if (series.step <= Duration(0) || step < series.step || step % series.step != Duration(0)) {
    return Error(StatusCode::kInvalidArgument, "cannot turn steps of {} into steps of {}",
                 FormatDuration(series.step), FormatDuration(step));
  }
  Series out{.start = FloorTo(series.start, step), .step = step, .values = {}, .flags = {}};
  if (series.empty()) return out;
  const auto cells =
      static_cast<std::size_t>((series.end() - out.start + step - Duration(1)) / step);
  const auto per_cell = static_cast<std::size_t>(step / series.step);
  std::vector<double> sums(cells, 0.0);
  std::vector<std::size_t> counts(cells, 0);
  if (!series.flags.empty()) out.flags.assign(cells, 0);
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (Series::IsGap(series.values[i])) continue;
    const auto cell = static_cast<std::size_t>((series.TimeOf(i) - out.start) / step);
    sums[cell] += series.values[i];
    ++counts[cell];
    if (!series.flags.empty()) out.flags[cell] |= series.flags[i];
  }
  out.values.resize(cells);
  for (std::size_t c = 0; c < cells; ++c) {
    out.values[c] =
        2 * counts[c] >= per_cell ? sums[c] / static_cast<double>(counts[c]) : Series::kGap;
  }
  return out;
}

}  // namespace tidewright
