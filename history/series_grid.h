// Rows with a time each, put on the regular grid that a Series needs.
#pragma once

#include <string>
#include <vector>

#include "core/series.h"
#include "core/status.h"

namespace tidewright {

struct TimedValue {
  WallTime at;
  double value = Series::kGap;  ///< a gap: the row says that nothing was observed
};

struct Gridded {
  Series series;
  std::vector<std::string> repairs;  ///< what was done to the rows, a sentence each
};

/// The step is the most common difference between neighbouring times. Where nine in ten differences
/// are no multiple of any common one, rows are irregular: the grid's step is then `irregular_step`,
/// or where that is 0 the median difference, rounded to what people use (…, 15 s, 30 s, 1 min, …).
/// Rows out of order are sorted; several rows in one cell are averaged; a row goes to the nearest
/// cell of the most common phase (of the mean phase, where irregular rows jitter round
/// one; else to the cell it lies in). Each of these
/// is told in `repairs`. Cells without a value are gaps.
/// kInvalidArgument for fewer than two different times, and where the rows span more steps than
/// their number can explain (a mistyped date).
[[nodiscard]] StatusOr<Gridded> PutOnGrid(std::vector<TimedValue> rows,
                                          Duration irregular_step = Duration(0));

}  // namespace tidewright
