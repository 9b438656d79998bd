#include "history/series_grid.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace tidewright {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::array<Duration, 19> kUsualSteps = {
    seconds(1), seconds(2), seconds(5), seconds(10), seconds(15), seconds(20), seconds(30),
    minutes(1), minutes(2), minutes(5), minutes(10), minutes(15), minutes(20), minutes(30),
    hours(1),   hours(2),   hours(6),   hours(24),   hours(168)};
constexpr std::int64_t kMaximumSteps = 20'000'000;
// More steps than this for each row are explained by a mistyped date, not by missing rows.
constexpr std::int64_t kSparsest = 100;
constexpr std::int64_t kAlwaysFine = 10'000;
constexpr double kRegular = 0.9;

/// The most common value; the smallest of equally common ones.
std::int64_t Mode(std::vector<std::int64_t> values) {
  const std::int64_t first = values.front();
  const auto same = std::count(values.begin(), values.end(), first);
  if (2 * same > static_cast<std::int64_t>(values.size())) return first;
  std::sort(values.begin(), values.end());
  std::int64_t best = first;
  std::ptrdiff_t most = 0;
  for (auto i = values.begin(); i != values.end();) {
    const auto end = std::upper_bound(i, values.end(), *i);
    if (end - i > most) {
      most = end - i;
      best = *i;
    }
    i = end;
  }
  return best;
}

Duration Usual(Duration step) {
  if (step < kUsualSteps.front()) return step;
  return *std::min_element(kUsualSteps.begin(), kUsualSteps.end(), [&](Duration a, Duration b) {
    const auto distance = [&](Duration d) {
      return std::abs(std::log(Seconds(d) / Seconds(step)));
    };
    return distance(a) < distance(b);
  });
}

std::int64_t Micros(WallTime at) { return at.time_since_epoch().count(); }

std::int64_t FloorDivide(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && a < 0 ? 1 : 0);
}

struct Grid {
  Duration step{0};
  Duration phase{0};    ///< cells begin at phase + k·step
  bool nearest = true;  ///< a row stands at the beginning of its cell, give or take half a step
  bool regular = true;

  [[nodiscard]] std::int64_t CellOf(WallTime at) const {
    const std::int64_t shift = nearest ? step.count() / 2 : 0;
    return FloorDivide(Micros(at) - phase.count() + shift, step.count());
  }
  [[nodiscard]] WallTime TimeOf(std::int64_t cell) const { return WallTime(phase + step * cell); }
};

/// Where rows of jittered times stand in their steps: the circular mean of their phases, in whole
/// seconds where steps are long; absent where they stand anywhere.
std::optional<Duration> JitteredPhase(const std::vector<TimedValue>& rows, Duration step) {
  // Uniform jitter over a third of the step still has a resultant of sin(π/3)/(π/3) = 0.83.
  constexpr double kConcentrated = 0.83;
  double x = 0, y = 0;
  for (const TimedValue& row : rows) {
    const std::int64_t rest =
        Micros(row.at) - FloorDivide(Micros(row.at), step.count()) * step.count();
    const double angle = 2 * M_PI * static_cast<double>(rest) / static_cast<double>(step.count());
    x += std::cos(angle);
    y += std::sin(angle);
  }
  if (std::hypot(x, y) < kConcentrated * static_cast<double>(rows.size())) return std::nullopt;
  const double turn = std::atan2(y, x) / (2 * M_PI);
  const double phase = (turn < 0 ? turn + 1 : turn) * Seconds(step);
  return FromSeconds(step < seconds(10) ? phase : std::round(phase));
}

/// `rows` in rising order; absent where all have one time.
std::optional<Grid> FindGrid(const std::vector<TimedValue>& rows, Duration irregular_step) {
  std::vector<std::int64_t> differences;
  differences.reserve(rows.size());
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (rows[i].at != rows[i - 1].at) differences.push_back((rows[i].at - rows[i - 1].at).count());
  }
  if (differences.empty()) return std::nullopt;
  const std::int64_t common = Mode(differences);
  const auto multiples = std::count_if(differences.begin(), differences.end(),
                                       [&](std::int64_t d) { return d % common == 0; });
  Grid grid;
  grid.regular =
      static_cast<double>(multiples) >= kRegular * static_cast<double>(differences.size());
  if (!grid.regular) {
    const auto middle = differences.begin() + static_cast<std::ptrdiff_t>(differences.size() / 2);
    std::nth_element(differences.begin(), middle, differences.end());
    grid.step = irregular_step > Duration(0) ? irregular_step : Usual(Duration(*middle));
    const auto phase = JitteredPhase(rows, grid.step);
    grid.nearest = phase.has_value();
    grid.phase = phase.value_or(Duration(0));
    return grid;
  }
  grid.step = Duration(common);
  std::vector<std::int64_t> phases;
  phases.reserve(rows.size());
  for (const TimedValue& row : rows) {
    phases.push_back(Micros(row.at) - FloorDivide(Micros(row.at), common) * common);
  }
  grid.phase = Duration(Mode(std::move(phases)));
  return grid;
}

Status CheckSpan(const std::vector<TimedValue>& rows, const Grid& grid) {
  const std::int64_t cells = grid.CellOf(rows.back().at) - grid.CellOf(rows.front().at) + 1;
  const auto explained = std::max(kAlwaysFine, kSparsest * static_cast<std::int64_t>(rows.size()));
  if (cells <= kMaximumSteps && cells <= explained) return OkStatus();
  std::size_t widest = 1;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (rows[i].at - rows[i - 1].at > rows[widest].at - rows[widest - 1].at) widest = i;
  }
  return Error(
      StatusCode::kInvalidArgument,
      "{} rows from {} to {} span {} steps of {}, with nothing between {} and {}; look for "
      "a mistyped date, or leave out what lies before the hole",
      rows.size(), FormatTime(rows.front().at), FormatTime(rows.back().at), cells,
      FormatDuration(grid.step), FormatTime(rows[widest - 1].at), FormatTime(rows[widest].at));
}

/// Sorts; returns how many rows were earlier than the row before them.
std::int64_t Sort(std::vector<TimedValue>& rows) {
  std::int64_t disordered = 0;
  for (std::size_t i = 1; i < rows.size(); ++i) disordered += rows[i].at < rows[i - 1].at ? 1 : 0;
  if (disordered > 0) {
    std::stable_sort(rows.begin(), rows.end(),
                     [](const TimedValue& a, const TimedValue& b) { return a.at < b.at; });
  }
  return disordered;
}

}  // namespace

StatusOr<Gridded> PutOnGrid(std::vector<TimedValue> rows, Duration irregular_step) {
  Gridded out;
  if (rows.size() < 2) {
    return Error(StatusCode::kInvalidArgument, "{} row; a forecast needs two observations at least",
                 rows.size());
  }
  if (const auto disordered = Sort(rows); disordered > 0) {
    out.repairs.push_back(
        fmt::format("rows earlier than the row before: {}; sorted by time", disordered));
  }
  const auto grid = FindGrid(rows, irregular_step);
  if (!grid) {
    return Error(StatusCode::kInvalidArgument,
                 "all {} rows have the time {}; a forecast needs two different times at least",
                 rows.size(), FormatTime(rows.front().at));
  }
  TW_RETURN_IF_ERROR(CheckSpan(rows, *grid));
  const std::int64_t first = grid->CellOf(rows.front().at);
  const auto cells = static_cast<std::size_t>(grid->CellOf(rows.back().at) - first + 1);
  Series& series = out.series;
  series.start = grid->TimeOf(first);
  series.step = grid->step;
  series.values.assign(cells, Series::kGap);
  std::int64_t twins = 0, off_grid = 0;
  std::size_t observed = 0;
  for (std::size_t i = 0; i < rows.size();) {
    const std::int64_t cell = grid->CellOf(rows[i].at);
    double mean = 0;
    double count = 0;
    for (; i < rows.size() && grid->CellOf(rows[i].at) == cell; ++i) {
      if (i > 0 && rows[i].at == rows[i - 1].at) ++twins;
      if (rows[i].at != grid->TimeOf(cell)) ++off_grid;
      if (Series::IsGap(rows[i].value)) continue;
      count += 1;
      mean += (rows[i].value - mean) / count;  // no sum that could overflow
    }
    if (count == 0) continue;
    series.values[static_cast<std::size_t>(cell - first)] = mean;
    ++observed;
  }
  if (twins > 0) {
    out.repairs.push_back(
        fmt::format("rows at the time of another one: {}; their values are averaged", twins));
  }
  if (!grid->regular) {
    out.repairs.push_back(
        fmt::format("the times are irregular: values are averaged over steps of {}",
                    FormatDuration(grid->step)));
  } else if (off_grid > 0) {
    out.repairs.push_back(
        fmt::format("rows between the steps of {}: {}; averaged into the nearest one",
                    FormatDuration(grid->step), off_grid));
  }
  if (observed < cells) {
    out.repairs.push_back(fmt::format("steps of {} without a value: {} of {}; they stay gaps",
                                      FormatDuration(grid->step), cells - observed, cells));
  }
  return out;
}

}  // namespace tidewright
