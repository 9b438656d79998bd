#include "forecast/level_break.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "forecast/usual_hours.h"

namespace tidewright {
namespace {

// All in hours.
constexpr std::array<int, 4> kEvidence = {6, 12, 24, 48};
constexpr int kLeastForFall = 30;  // more than a holiday
constexpr int kSure = 24;          // shorter evidence must be without precedent
constexpr int kEdge = 6;           // on both sides of a break
constexpr int kMeasured = 72;      // of the time after it
// Logarithms: a change by less is left to the members, which follow it.
constexpr double kLeast = 0.12;
// A change by more is another series, of which history tells nothing by a mere factor.
constexpr double kMost = 1.8;
// A series that breaks more often has no level that could break.
constexpr std::size_t kMostBreaks = 3;
// Multiples of the usual difference over the same time.
constexpr double kClear = 2.5;
constexpr double kClearSoon = 4;
constexpr double kUsual = 0.8;  // quantile
constexpr int kFewestElsewhere = 48;
constexpr double kSimilar = 0.6;      // a precedent's share of the size
constexpr double kPrecedents = 0.01;  // share of the past that may be similar
constexpr double kStays = 0.5;        // of the size, at both ends of the evidence
constexpr double kOfOneSign = 0.8;    // share of the hours beyond kPart of the size
constexpr double kPart = 0.3;
constexpr double kBefore = 0.35;  // of the size, at most, in the hours before

// What is counted of hours is rounded a little to the side on which nothing is missed.
constexpr double kNearly = 0.9999;

// The upper one of two in the middle. Values are reordered.
double Median(std::span<float> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// +1 where that median is large, −1 where minus it is, 0 where neither; told by counts alone.
int LargeMedian(const UsualHours::Counts& counts) {
  if (counts.known == 0) return 0;
  if (counts.up >= counts.known - counts.known / 2) return 1;
  return counts.down > counts.known / 2 ? -1 : 0;
}

// How many lie as far from zero as `bound` or farther, on its side.
int CountBeyond(std::span<const float> values, float bound) {
  int count = 0;
  for (const float v : values) count += (bound > 0 ? v >= bound : v <= bound) ? 1 : 0;
  return count;
}

// Of how many runs of `width` differences, each beginning one later than the one before, the median
// is `size` or more, or minus that or less.
int CountLarge(std::span<const float> differences, int width, float size) {
  int up = 0;
  int down = 0;
  int large = 0;
  for (int i = 0; i < static_cast<int>(differences.size()); ++i) {
    up += differences[i] >= size ? 1 : 0;
    down += differences[i] <= -size ? 1 : 0;
    if (i + 1 < width) continue;
    large += up >= width - width / 2 || down > width / 2 ? 1 : 0;
    up -= differences[i + 1 - width] >= size ? 1 : 0;
    down -= differences[i + 1 - width] <= -size ? 1 : 0;
  }
  return large;
}

// What differences are usual, at other times than those around a break.
class Usual {
 public:
  explicit Usual(UsualHours& hours)
      : first_(hours.Warmup()), still_((UsualHours::kSeasonsBefore / 2 + 1) * hours.Period()) {
    const std::span<float> all = hours.AllDifferences();
    differences_.assign(all.begin(), all.end());
  }
  /// Of all runs of `width` hours away from `at`: before that, and from when half of the seasons
  /// before lie behind.
  struct Runs {
    int all = 0;
    int large = 0;  ///< with a median of at least `size`, either way
  };
  [[nodiscard]] Runs AwayFrom(int at, int width, double size) const {
    Runs out;
    const int count = static_cast<int>(differences_.size());
    for (const auto& [begin, end] : {std::pair(0, std::min(at - 1 - first_, count)),
                                     std::pair(std::max(0, at + still_ - first_), count)}) {
      if (end - begin < width) continue;
      out.all += end - begin - width + 1;
      out.large += CountLarge(std::span(differences_).subspan(begin, end - begin), width,
                              static_cast<float>(size));
    }
    return out;
  }

 private:
  int first_;
  int still_;
  std::vector<float> differences_;
};

// Finds the breaks of one series.
class Finder {
 public:
  explicit Finder(UsualHours& hours) : hours_(hours), usual_(hours) {}

  /// The logarithm of the change at hour `at`; 0 where there is none that is sure.
  [[nodiscard]] double BreakAt(int at);
  /// How much more the hours after `at` differ than those before, in the direction of `sign`.
  [[nodiscard]] double Contrast(int at, double sign);

 private:
  /// The direction that a look at counts leaves possible for a break at `at`, with so many hours of
  /// evidence; 0 where none is.
  [[nodiscard]] int PossibleSign(int at, int evidence);
  /// Whether a change of this size is far beyond what is usual.
  [[nodiscard]] bool Unusual(int at, double size, int evidence) const;

  UsualHours& hours_;
  Usual usual_;
};

// The newest hours that tell of a break at `at` end here.
int Seen(const UsualHours& hours, int at) { return std::min(hours.size(), at + kEvidence.back()); }

int Finder::PossibleSign(int at, int evidence) {
  // Both ends must hold half of a size that is kLeast at least, and nearly all hours a part of it.
  const UsualHours::Counts first = hours_.Count(at, at + kEdge, at);
  const int sign = first.known == kEdge ? LargeMedian(first) : 0;
  if (sign == 0) return 0;
  const int seen = Seen(hours_, at);
  if (LargeMedian(hours_.Count(seen - kEdge, seen, at)) != sign) return 0;
  const UsualHours::Counts all = hours_.Count(at, at + evidence, at);
  return (sign > 0 ? all.some_up : all.some_down) >= kOfOneSign * all.known ? sign : 0;
}

bool Finder::Unusual(int at, double size, int evidence) const {
  const double large = std::abs(size);
  const bool sure = evidence >= kSure;
  const Usual::Runs like = usual_.AwayFrom(at, evidence, large / (sure ? kClear : kClearSoon));
  if (like.all < kFewestElsewhere || like.all - like.large <= kUsual * like.all) return false;
  if (sure) return true;
  const Usual::Runs soon = usual_.AwayFrom(at, kEvidence[0], kSimilar * large);
  return soon.large <= kPrecedents * soon.all;
}

double Finder::BreakAt(int at) {
  const auto longer = std::upper_bound(kEvidence.begin(), kEvidence.end(), hours_.size() - at);
  if (longer == kEvidence.begin()) return 0;
  const int evidence = *std::prev(longer);
  const int sign = PossibleSign(at, evidence);
  if (sign == 0) return 0;
  const auto before = hours_.Differences(at - kEdge, at, at - kEdge);
  if (static_cast<int>(before.size()) < kEdge) return 0;
  // The size must be this at least, so half of the hours are beyond it: counting is faster.
  const double change_before = Median(before);
  const double least = std::max(kLeast, sign * change_before / kBefore);
  const std::span<float> all = hours_.Differences(at, at + evidence, at);
  const auto bound = static_cast<float>(kNearly * least * sign);
  if (2 * CountBeyond(all, bound) < static_cast<int>(all.size())) return 0;
  const double size = Median(all);
  if (std::abs(size) < kLeast || change_before / size > kBefore) return 0;
  if (size < 0 && hours_.size() - at < kLeastForFall) return 0;
  const auto agree =
      std::count_if(all.begin(), all.end(), [&](double d) { return d / size > kPart; });
  if (static_cast<double>(agree) < kOfOneSign * static_cast<double>(all.size())) return 0;
  const double first = Median(hours_.Differences(at, at + kEdge, at));
  if (first / size < kStays) return 0;
  const int seen = Seen(hours_, at);
  if (Median(hours_.Differences(seen - kEdge, seen, at)) / size < kStays) return 0;
  if (!Unusual(at, size, evidence)) return 0;
  const double measured = Median(hours_.Differences(at, at + kMeasured, at));
  return std::abs(measured) <= kMost ? measured : 0;
}

double Finder::Contrast(int at, double sign) {
  double sum = 0;
  for (const double d : hours_.Differences(at, at + kEdge, at - kEdge)) sum += sign * d;
  for (const double d : hours_.Differences(at - kEdge, at, at - kEdge)) sum -= sign * d;
  return sum;
}

}  // namespace

std::vector<LevelBreak> FindLevelBreaks(const Prepared& p) {
  std::vector<LevelBreak> out;
  UsualHours hours(p, static_cast<float>(kNearly * kStays * kLeast),
                   static_cast<float>(kNearly * kPart * kLeast));
  if (!hours.Seasonal() || hours.size() < hours.Warmup() + 2 * kEdge) return out;
  std::optional<Finder> finder(std::in_place, hours);
  for (int at = hours.Warmup() + kEdge; at + kEdge <= hours.size(); ++at) {
    double size = finder->BreakAt(at);
    if (size == 0) continue;
    int best = at;
    double most = finder->Contrast(at, size);
    for (int later = at + 1; later < at + kEdge && later + kEdge <= hours.size(); ++later) {
      const double contrast = finder->Contrast(later, size);
      const double there = contrast > most ? finder->BreakAt(later) : 0;
      if (there * size <= 0) continue;
      best = later;
      most = contrast;
    }
    size = finder->BreakAt(best);
    out.push_back({.at = p.start + p.step * hours.Step(best, p.hour), .factor = std::exp(size)});
    hours.Raise(best, static_cast<float>(size));
    finder.emplace(hours);
    at = best + kEdge - 1;
  }
  if (out.size() > kMostBreaks) out.clear();
  return out;
}

Series AtPresentLevel(Series observed, const std::vector<LevelBreak>& breaks) {
  for (const LevelBreak& found : breaks) {
    for (std::size_t i = 0; i < observed.size() && observed.TimeOf(i) < found.at; ++i) {
      observed.values[i] *= found.factor;
    }
  }
  return observed;
}

std::string Describe(const LevelBreak& found) {
  return fmt::format("the level changed by ×{:.2f} on {}: history before it was rescaled",
                     found.factor, FormatTime(found.at));
}

}  // namespace tidewright
