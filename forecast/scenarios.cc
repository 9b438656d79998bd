#include "forecast/scenarios.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "core/random.h"
#include "forecast/lanes.h"
#include "forecast/path_quantiles.h"

namespace tidewright {
namespace {

// Likelihood of an origin: halved by these days of age, and up to four times as likely at
// this time of day. Measured on 67 traces by pinball loss.
constexpr double kHalfLifeDays = 3;
constexpr double kSameHourBonus = 3;
constexpr double kSameHourWidthHours = 1;
// The members were fitted before the origins, but weighted and chosen with them in sight; this much
// is given back, up to a few hours ahead and from half a day ahead on.
constexpr double kOptimismNear = 0.05;
constexpr double kOptimismFar = 0.20;
// Far ahead a week holds few independent errors, whose extremes are no 99th percentile: a path's
// errors are scaled by a log-normal factor with this deviation of the logarithm.
constexpr double kScaleDoubtFar = 0.6;
constexpr double kNearHours = 2;
constexpr double kFarHours = 12;
// With fewer complete error lines than this, lines that are too short are continued.
constexpr std::size_t kEnoughLines = 24;
constexpr double kMostGrowth = 3;
// Before a whole day was seen nobody knows what the rest of it brings: relative standard deviation
// after twelve hours of horizon.
constexpr double kUnseenDaySpread = 0.5;
// No scenario goes beyond this multiple of what was ever seen.
constexpr double kBeyondMaximum = 3;
// What lies beyond the highest tracked quantile is scaled by at least this.
constexpr float kLeastSlope = 0.1F;
constexpr double kLargest = 1e37;  // paths are floats

// Edges of the stretches of the horizon for which an origin is drawn anew where the one before has
// no errors so far ahead: recent origins serve the first hours, older ones all of it.
std::vector<int> StretchEdges(int hour, int horizon) {
  std::vector<int> edges = {0};
  for (int e = 4 * hour; e < horizon; e = e * 5 / 2) edges.push_back(e);
  edges.push_back(horizon);
  return edges;
}

// Draws past origins by their likelihood.
class OriginUrn {
 public:
  OriginUrn(const Residuals& residuals, int spacing, int hour, int length) {
    std::size_t complete = 0;
    std::size_t longest = 0;
    for (const auto& line : residuals.lines) {
      complete += line.size() >= static_cast<std::size_t>(length) ? 1 : 0;
      longest = std::max(longest, line.size());
    }
    needed_ = static_cast<std::size_t>(length);
    if (complete < kEnoughLines) needed_ = std::min(needed_, (longest + 1) / 2);
    const double day = 24.0 * hour;
    double total = 0;
    for (std::size_t o = 0; o < residuals.lines.size(); ++o) {
      if (residuals.lines[o].size() < needed_) continue;
      const double age = static_cast<double>(o + 1) * spacing;
      const double phase = std::fmod(age, day);
      const double away = std::min(phase, day - phase) / (kSameHourWidthHours * hour);
      total += std::exp2(-age / (kHalfLifeDays * day)) *
               (1.0 + kSameHourBonus * std::exp(-0.5 * away * away));
      cumulative_.push_back(total);
      origins_.push_back(static_cast<int>(o));
    }
  }

  [[nodiscard]] bool Empty() const { return origins_.empty(); }
  [[nodiscard]] bool Serves(const std::vector<float>& line) const { return line.size() >= needed_; }
  [[nodiscard]] int At(double u) const {
    const auto it =
        std::lower_bound(cumulative_.begin(), cumulative_.end(), u * cumulative_.back());
    const auto index = static_cast<std::size_t>(it - cumulative_.begin());
    return origins_[std::min(index, origins_.size() - 1)];
  }

 private:
  std::size_t needed_ = 0;
  std::vector<int> origins_;
  std::vector<double> cumulative_;
};

// The line that a path goes on with where the one it follows ends: the nearest long one.
std::size_t Continuation(std::size_t o, std::size_t every, std::size_t lines) {
  std::size_t nearest = o / every * every + every - 1;
  while (nearest >= lines && nearest >= every) nearest -= every;
  return std::min(nearest, lines - 1);
}

// A line beyond its end: run back and forth, growing as a random walk would.
float Continued(const std::vector<float>& line, int h) {
  const int length = static_cast<int>(line.size());
  const int turn = h % (2 * length);
  const int index = turn < length ? turn : 2 * length - 1 - turn;
  const double growth = std::sqrt((h + 1.0) / length);
  return line[static_cast<std::size_t>(index)] * static_cast<float>(std::min(growth, kMostGrowth));
}

// A rising map of errors at kLanes steps: straight lines between from[] and to[], slope[] behind
// each.
struct Stretch {
  static constexpr int kKnots = kTrackedLevels.size() + 1;
  std::array<Floats, kKnots> from{};
  std::array<Floats, kKnots> to{};
  std::array<Floats, kKnots> slope{};
  bool active = false;

  [[nodiscard]] Floats Of(Floats error) const {
    if (!active) return error;
    Floats out = Min(error, from[0]) + (to[0] - from[0]);
    for (int k = 0; k + 1 < kKnots; ++k) {
      out += slope[k] * (Clamp(error, from[k], from[k + 1]) - from[k]);
    }
    return out + slope[kKnots - 1] * (Max(error, from[kKnots - 1]) - from[kKnots - 1]);
  }
};

// Fills row[begin, end) with the errors of a line.
void CopyErrors(const std::vector<float>& line, int begin, int end, float* row) {
  const int known = std::clamp(static_cast<int>(line.size()), begin, end);
  std::copy(line.data() + begin, line.data() + known, row + begin);
  for (int h = known; h < end; ++h) row[h] = Continued(line, h);
}

// What turns errors into paths.
class PathMaker {
 public:
  PathMaker(const Prepared& p, const Combined& combined, const Residuals& residuals,
            const Calibration& calibration)
      : point_(combined.point),
        scale_(static_cast<float>(p.scale)),
        hour_(p.hour),
        calibration_(calibration),
        stretched_(!calibration.Trivial()),
        far_from_(static_cast<int>(kFarHours * p.hour)) {
    float highest = 0;
    for (const float t : p.targets) {
      if (t > highest) highest = t;
    }
    limit_ = static_cast<float>(std::min(kBeyondMaximum * highest, kLargest / p.scale));
    const double days = p.size() / (24.0 * p.hour);
    const double unseen = kUnseenDaySpread * std::max(0.0, 1.0 - days);
    for (std::size_t h = 0; h < point_.size(); ++h) {
      const double hours = (static_cast<double>(h) + 1.0) / p.hour;
      const double far =
          std::clamp(std::log(hours / kNearHours) / std::log(kFarHours / kNearHours), 0.0, 1.0);
      const double optimism = 1.0 + kOptimismNear + (kOptimismFar - kOptimismNear) * far;
      doubt_.push_back(static_cast<float>(kScaleDoubtFar * far));
      spread_.push_back(static_cast<float>(optimism * residuals.Spread(point_[h])));
      unseen_.push_back(static_cast<float>(unseen * point_[h] * std::sqrt(hours / 12.0)));
    }
  }

  // What followed a past origin becomes this path's errors, in place, in units of demand; `normal`
  // says how far the path's scale is off and where it lies in the spread of an unseen day.
  void ScaleErrors(float normal, float* row) const {
    const int steps = static_cast<int>(point_.size());
    // Beyond kFarHours the doubt is the same for all steps.
    const int near = std::min(steps, far_from_);
    Transform(
        row, near,
        [normal](Floats error, Floats spread, Floats doubt, Floats unseen) {
          return error * spread * Exp(doubt * normal) + unseen * normal;
        },
        spread_.data(), doubt_.data(), unseen_.data());
    const Floats factor = Exp(Splat(static_cast<float>(kScaleDoubtFar) * normal));
    Transform(
        row + near, steps - near,
        [normal, factor](Floats error, Floats spread, Floats unseen) {
          return error * spread * factor + unseen * normal;
        },
        spread_.data() + near, unseen_.data() + near);
  }

  // Errors become demand: their median at each step is taken out, the forecast put in.
  void Finish(const std::vector<double>& levels, Scenarios& out) const {
    SamplePaths& paths = out.paths;
    out.quantiles.assign(levels.size(), std::vector<double>(static_cast<std::size_t>(paths.steps)));
    std::vector<int> ranks = RanksFor(levels, paths.paths);
    ranks.push_back(paths.paths / 2);
    if (stretched_) {
      const auto tracked = RanksFor({kTrackedLevels.begin(), kTrackedLevels.end()}, paths.paths);
      ranks.insert(ranks.end(), tracked.begin(), tracked.end());
    }
    ColumnSorter sorter(paths, ranks);
    for (int begin = 0; begin < paths.steps; begin += ColumnSorter::kWidth) {
      sorter.Sort(begin);
      const int end = std::min(paths.steps, begin + ColumnSorter::kWidth);
      for (int h = begin; h < end; h += kLanes) {
        FinishSteps(sorter, h - begin, h, std::min(kLanes, end - h), levels, out);
      }
    }
  }

 private:
  // The `count` steps from h on, which the sorter has from `lane` on.
  void FinishSteps(const ColumnSorter& sorter, int lane, int h, int count,
                   const std::vector<double>& levels, Scenarios& out) const {
    SamplePaths& paths = out.paths;
    const Stretch stretch = StretchAt(sorter, lane, h, count, paths.paths);
    Floats shift = -stretch.from[0];  // of the errors' median
    for (int i = 0; i < count; ++i) shift[i] += point_[h + i];
    const Floats limit = Splat(limit_);
    const auto demand = [&](Floats error) {
      return Clamp(stretch.Of(error) + shift, Splat(0), limit) * scale_;
    };
    for (std::size_t l = 0; l < levels.size(); ++l) {
      const Place place = PlaceOf(levels[l], paths.paths);
      const Floats below = demand(sorter.Four(place.below, lane));
      const Floats above = demand(sorter.Four(place.above, lane));
      for (int i = 0; i < count; ++i) out.quantiles[l][h + i] = place.Between(below[i], above[i]);
    }
    float* row = paths.values.data() + h;
    for (int k = 0; k < paths.paths; ++k, row += paths.steps) Transform(row, count, demand);
  }

  // The stretch of some steps' errors: the median stays unless a tracked quantile must lie below
  // it, the tracked quantiles go where the calibration says, what lies between goes in straight
  // lines.
  [[nodiscard]] Stretch StretchAt(const ColumnSorter& sorter, int lane, int h, int count,
                                  int paths) const {
    Stretch out;
    out.from[0] = out.to[0] = sorter.Four(paths / 2, lane);
    if (!stretched_) return out;
    for (std::size_t l = 0; l < kTrackedLevels.size(); ++l) {
      const Place place = PlaceOf(kTrackedLevels[l], paths);
      const Floats low = sorter.Four(place.below, lane);
      const Floats at =
          low + static_cast<float>(place.share) * (sorter.Four(place.above, lane) - low);
      Floats scale = Splat(1);
      for (int i = 0; i < count; ++i) {
        scale[i] = static_cast<float>(calibration_.Scale(
            l, (h + i + 1.0) / hour_, calibration_.Height(point_[h + i] * scale_)));
      }
      out.from[l + 1] = Max(at, out.from[l]);
      const Floats wanted = out.from[0] + scale * (out.from[l + 1] - out.from[0]);
      if (l == 0) out.to[0] = Min(out.from[0], wanted);
      const Floats run = out.from[l + 1] - out.from[l];
      // Where two quantiles are one error they go to one place.
      out.to[l + 1] = run > Splat(0) ? Max(wanted, out.to[l]) : out.to[l];
      out.slope[l] = run > Splat(0) ? (out.to[l + 1] - out.to[l]) / run : Splat(1);
      out.slope[l + 1] = Max(Splat(kLeastSlope), scale);
    }
    out.active = true;
    return out;
  }

  const std::vector<float>& point_;
  float scale_;
  double hour_;
  const Calibration& calibration_;
  bool stretched_;
  float limit_ = 0;
  std::vector<float> spread_;
  std::vector<float> doubt_;  // of the errors' scale
  int far_from_;              // from this step on it is kScaleDoubtFar
  std::vector<float> unseen_;
};

}  // namespace

Scenarios DrawScenarios(const Prepared& p, const Combined& combined, const Residuals& residuals,
                        const Calibration& calibration, const ForecastRequest& request) {
  const int horizon = static_cast<int>(combined.point.size());
  Scenarios out;
  out.paths = {.paths = request.paths, .steps = horizon, .values = {}};
  out.paths.values.resize(static_cast<std::size_t>(request.paths) *
                          static_cast<std::size_t>(horizon));
  // One draw from each of `paths` equal shares of probability, in an order of the seed's.
  Random random(request.seed);
  std::vector<int> order(static_cast<std::size_t>(request.paths));
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t k = order.size() - 1; k > 0; --k) {
    std::swap(order[k], order[random.Below(k + 1)]);
  }
  std::vector<float> normals(order.size());
  for (float& z : normals) z = static_cast<float>(random.Normal());

  const PathMaker maker(p, combined, residuals, calibration);
  const auto& lines = residuals.lines;
  const std::vector<int> edges = StretchEdges(p.hour, horizon);
  std::vector<int> chosen(order.size(), -1);
  for (std::size_t s = 0; s + 1 < edges.size(); ++s) {
    const OriginUrn urn(residuals, combined.spacing, p.hour, edges[s + 1]);
    for (std::size_t k = 0; k < order.size(); ++k) {
      const double u = (order[k] + random.Uniform()) / request.paths;
      if (chosen[k] >= 0 && !urn.Serves(lines[chosen[k]])) {
        chosen[k] = static_cast<int>(Continuation(static_cast<std::size_t>(chosen[k]),
                                                  static_cast<std::size_t>(combined.long_every),
                                                  lines.size()));
      }
      if (chosen[k] < 0 || !urn.Serves(lines[chosen[k]])) chosen[k] = urn.Empty() ? -1 : urn.At(u);
      if (chosen[k] < 0) continue;  // only the spread of an unseen day is left
      float* row = out.paths.values.data() + k * static_cast<std::size_t>(horizon);
      CopyErrors(lines[chosen[k]], edges[s], edges[s + 1], row);
    }
  }
  for (std::size_t k = 0; k < normals.size(); ++k) {
    maker.ScaleErrors(normals[k], out.paths.values.data() + k * static_cast<std::size_t>(horizon));
  }
  maker.Finish(request.levels, out);
  return out;
}

}  // namespace tidewright
