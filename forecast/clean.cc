#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "forecast/outliers.h"
#include "forecast/prepared.h"

namespace tidewright {
namespace {

// Demand beyond this is a broken sensor; sums of squares stay finite below it.
constexpr double kImplausible = 1e30;
// Whole cells counted back from the last observation, so that the newest cell is never a part of
// one and the forecast begins where observation ends.
StatusOr<Series> CoarsenFromTheEnd(Series series, Duration step) {
  while (!series.empty() && Series::IsGap(series.values.back())) {
    series.values.pop_back();
    if (!series.flags.empty()) series.flags.pop_back();
  }
  if (series.step <= Duration(0) || step < series.step || step % series.step != Duration(0)) {
    return Error(StatusCode::kInvalidArgument,
                 "a forecast at steps of {} needs observations at steps that divide it, not {}",
                 FormatDuration(step), FormatDuration(series.step));
  }
  const WallTime end = series.end();
  const Duration shift = FloorTo(end + step - Duration(1), step) - end;
  series.start += shift;
  TW_ASSIGN_OR_RETURN(Series coarse, Coarsen(series, step));
  coarse.start -= shift;
  return coarse;
}

// The very first minutes of a series: two cells out of whatever there is.
Series TwoCells(const Series& series, Duration step) {
  std::vector<double> seen;
  unsigned flags = 0;
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (Series::IsGap(series.values[i])) continue;
    seen.push_back(series.values[i]);
    if (!series.flags.empty()) flags |= series.flags[i];
  }
  Series out{.start = series.end() - 2 * step, .step = step, .values = {}, .flags = {flags, flags}};
  const std::size_t half = seen.size() / 2;
  double sums[2] = {0, 0};
  for (std::size_t i = 0; i < seen.size(); ++i) sums[i < half ? 0 : 1] += seen[i];
  out.values = {sums[0] / static_cast<double>(half),
                sums[1] / static_cast<double>(seen.size() - half)};
  return out;
}

// What no sensor can mean becomes a gap, and a demand below zero becomes zero.
int RemoveImplausible(Series& series) {
  int removed = 0;
  for (double& v : series.values) {
    if (Series::IsGap(v)) continue;
    if (!std::isfinite(v) || v > kImplausible) {
      v = Series::kGap;
      ++removed;
    } else if (v < 0) {
      v = 0;
    }
  }
  return removed;
}

void TrimGaps(Series& series) {
  std::size_t first = 0;
  while (first < series.size() && Series::IsGap(series.values[first])) ++first;
  std::size_t last = series.size();
  while (last > first && Series::IsGap(series.values[last - 1])) --last;
  series.start = series.TimeOf(first);
  const auto begin = static_cast<std::ptrdiff_t>(first);
  const auto end = static_cast<std::ptrdiff_t>(last);
  series.values = std::vector<double>(series.values.begin() + begin, series.values.begin() + end);
  if (!series.flags.empty()) {
    series.flags = std::vector<unsigned>(series.flags.begin() + begin, series.flags.begin() + end);
  }
}

// The value one season away in either direction, moved to the level around the gap; NaN if none.
double SeasonalFill(const std::vector<double>& values, const std::vector<double>& observed, int at,
                    int season) {
  if (season <= 0) return Series::kGap;
  const int n = static_cast<int>(values.size());
  if (at >= season) return values[at - season];
  for (int j = at + season; j < n; j += season) {
    if (!Series::IsGap(observed[j])) return observed[j];
  }
  return Series::kGap;
}

// Short gaps are bridged in a straight line, long ones take the season's shape where there is one.
void FillGaps(std::vector<double>& values, int hour, int season) {
  const std::vector<double> observed = values;
  const int n = static_cast<int>(values.size());
  for (int i = 0; i < n;) {
    if (!Series::IsGap(observed[i])) {
      ++i;
      continue;
    }
    int end = i;
    while (end < n && Series::IsGap(observed[end])) ++end;
    const double left = values[i - 1];  // the ends are observed: gaps there were trimmed
    const double right = observed[end];
    for (int j = i; j < end; ++j) {
      const double line = left + (right - left) * (j - i + 1) / (end - i + 1);
      const double fill = end - i > hour ? SeasonalFill(values, observed, j, season) : Series::kGap;
      values[j] = Series::IsGap(fill) ? line : fill;
    }
    i = end;
  }
}

// Demand that saturation hid: at least what was seen, and what the other days say was usual then,
// at the level of the last unsaturated hour.
int LiftSaturated(const Prepared& p, std::vector<double>& values) {
  const int n = p.size();
  int lifted = 0;
  for (int i = 0; i < n; ++i) {
    if (p.lower_bound[i] == 0) continue;
    ++lifted;
    if (p.season <= 0) continue;
    double sum = 0;
    int days = 0;
    for (int j = i - p.season; j >= 0 && days < 3; j -= p.season) {
      sum += values[j];
      ++days;
    }
    if (days > 0) values[i] = std::max(values[i], sum / days);
  }
  return lifted;
}

double MeanLevel(const std::vector<double>& values) {
  double sum = 0;
  int seen = 0;
  for (const double v : values) {
    if (Series::IsGap(v)) continue;
    sum += v;
    ++seen;
  }
  return seen > 0 && sum > 0 ? sum / seen : 1.0;
}

void ChooseSeasons(Prepared& p) {
  for (const Season& s : p.seasons) {
    // A day beats a shorter season that it contains, unless the shorter one is far clearer.
    if (p.season == 0 || s.correlation > 0.8 * p.seasons.front().correlation) {
      if (p.season != 0 && s.period % p.season == 0 && s.period > 24 * p.hour) {
        p.long_season = s.period;
      } else {
        p.season = s.period;
      }
    }
  }
}

Track MakeTrack(std::vector<float> y, int season) {
  const int n = static_cast<int>(y.size());
  Track track{.y = std::move(y), .shape = {}, .sums = {}, .shape_sums = {}};
  track.shape.resize(track.y.size());
  track.sums.assign(track.y.size() + 1, 0.0);
  track.shape_sums = track.sums;
  std::vector<double> places(static_cast<std::size_t>(std::max(season, 1)), 0.0);
  double per_season = 1;  // one ÷ the seasons in the sum
  for (int i = 0, place = 0; i < n; ++i) {
    const double value = track.y[i];
    double mean = value;
    if (season > 0) {
      // The sum of the last seasons at this place, the oldest leaving.
      if (place == 0) per_season = 1.0 / std::min(i / season + 1, Prepared::kShapeSeasons);
      double& sum = places[static_cast<std::size_t>(place)];
      const int leaving = i - Prepared::kShapeSeasons * season;
      sum += value - (leaving >= 0 ? track.y[leaving] : 0.0);
      mean = sum * per_season;
      if (++place == season) place = 0;
    }
    track.shape[i] = static_cast<float>(mean);
    track.sums[i + 1] = track.sums[i] + value;
    track.shape_sums[i + 1] = track.shape_sums[i] + mean;
  }
  return track;
}

void DescribeSeasons(Prepared& p) {
  if (p.seasons.empty()) {
    p.notes.push_back("no season passed the significance test");
    return;
  }
  std::string text = "repeats every";
  for (std::size_t i = 0; i < p.seasons.size(); ++i) {
    text += fmt::format("{} {} (correlation {:.2f})", i == 0 ? "" : " and",
                        FormatDuration(p.step * p.seasons[i].period), p.seasons[i].correlation);
  }
  p.notes.push_back(text);
}

}  // namespace

double Track::Mean(int begin, int end) const {
  begin = std::max(begin, 0);
  return end > begin ? (sums[end] - sums[begin]) / (end - begin) : 0.0;
}

double Track::ShapeMean(int begin, int end) const {
  begin = std::max(begin, 0);
  return end > begin ? (shape_sums[end] - shape_sums[begin]) / (end - begin) : 0.0;
}

StatusOr<Prepared> Prepare(const Series& observed, Duration step, const Frame* frame) {
  Series plausible = observed;
  const int removed = RemoveImplausible(plausible);
  if (plausible.Observed() < 2) {
    return Error(StatusCode::kFailedPrecondition,
                 "a forecast needs at least two observations, there are {}", plausible.Observed());
  }
  TW_ASSIGN_OR_RETURN(Series coarse, CoarsenFromTheEnd(plausible, step));
  if (coarse.Observed() >= 2) {
    TrimGaps(coarse);
  } else {
    TrimGaps(plausible);
    coarse = TwoCells(plausible, step);
  }

  Prepared p;
  p.start = coarse.start;
  p.step = step;
  p.hour = std::max<int>(1, static_cast<int>(std::chrono::hours(1) / step));
  if (frame != nullptr) static_cast<Frame&>(p) = *frame;
  if (frame == nullptr) p.scale = MeanLevel(coarse.values);
  std::vector<double> values = std::move(coarse.values);
  for (double& v : values) v /= p.scale;
  p.targets.assign(values.begin(), values.end());
  p.lower_bound.assign(values.size(), 0);
  for (std::size_t i = 0; i < coarse.flags.size(); ++i) {
    p.lower_bound[i] = (coarse.flags[i] & (kSaturated | kThrottled)) != 0 ? 1 : 0;
  }
  const int clipped = ClipOutliers(values, p.hour, 24 * p.hour);
  if (frame == nullptr) {
    p.seasons = DetectSeasons(values, step);
    ChooseSeasons(p);
  }
  const auto gaps = std::count_if(values.begin(), values.end(), Series::IsGap);
  FillGaps(values, p.hour, p.season);
  const int lifted = LiftSaturated(p, values);
  p.level = MakeTrack({values.begin(), values.end()}, p.season);
  const Eigen::Map<const Eigen::ArrayXf> level(p.level.y.data(), p.size());
  std::vector<float> logs(p.level.y.size());
  Eigen::Map<Eigen::ArrayXf>(logs.data(), p.size()) =
      (level + static_cast<float>(Prepared::kLogShift)).log();
  p.log = MakeTrack(std::move(logs), p.season);

  DescribeSeasons(p);
  if (removed > 0) p.notes.push_back(fmt::format("{} implausible values ignored", removed));
  if (clipped > 0) p.notes.push_back(fmt::format("{} one-off outliers clipped", clipped));
  if (gaps > 0) p.notes.push_back(fmt::format("{} of {} steps are gaps", gaps, p.size()));
  if (lifted > 0) {
    p.notes.push_back(fmt::format("{} saturated steps taken as lower bounds of demand", lifted));
  }
  return p;
}

}  // namespace tidewright
