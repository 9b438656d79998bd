#include "forecast/level_break.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <optional>

namespace tidewright {
namespace {

// All in hours.
constexpr int kDay = 24;
constexpr std::array<int, 4> kEvidence = {6, 12, 24, 48};
constexpr int kLeastForFall = 30;  // more than a holiday
constexpr int kSure = 24;          // shorter evidence must be without precedent
constexpr int kEdge = 6;           // on both sides of a break
constexpr int kMeasured = 72;      // of the time after it
constexpr int kSeasonsBefore = 7;
constexpr int kFewestSeasons = 3;
constexpr int kFewestLongSeasons = 2;
constexpr double kEnoughLongSeasons = 3.5;  // to know what is usual, besides
// Logarithms: a change by less is left to the members, which follow it.
constexpr double kLeast = 0.12;
// A change by more is another series, of which history tells nothing by a mere factor.
constexpr double kMost = 1.8;
// A series that breaks more often has no level that could break.
constexpr std::size_t kMostBreaks = 3;
// Multiples of the usual difference over the same time.
constexpr double kClear = 2.5;
constexpr double kClearSoon = 4;
constexpr double kUsual = 0.8;  // percentile
constexpr int kFewestElsewhere = 48;
constexpr double kSimilar = 0.6;      // a precedent's share of the size
constexpr double kPrecedents = 0.01;  // share of the past that may be similar
constexpr double kStays = 0.5;        // of the size, at both ends of the evidence
constexpr double kOfOneSign = 0.8;    // share of the hours beyond kPart of the size
constexpr double kPart = 0.3;
constexpr double kBefore = 0.35;  // of the size, at most, in the hours before

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Hourly logarithms, the newest hour last and whole.
class Hours {
 public:
  explicit Hours(const Prepared& p) {
    const int count = p.size() / p.hour;
    first_ = p.size() - count * p.hour;
    for (int c = 0; c < count; ++c) {
      const int begin = first_ + c * p.hour;
      logs_.push_back(std::log(p.level.Mean(begin, begin + p.hour) + Prepared::kLogShift));
    }
    if (p.season > 0 && p.season % p.hour == 0) {
      // Of a season of an hour or so as many as make a day.
      const int season = p.season / p.hour;
      period_ = (kDay + season - 1) / season * season;
    }
    if (p.long_season > 0 && p.long_season % p.hour == 0 &&
        p.size() >= kEnoughLongSeasons * p.long_season) {
      period_ = p.long_season / p.hour;
      fewest_ = kFewestLongSeasons;
    }
  }

  [[nodiscard]] int size() const { return static_cast<int>(logs_.size()); }
  [[nodiscard]] int Step(int hour, int per_hour) const { return first_ + hour * per_hour; }
  [[nodiscard]] bool Seasonal() const { return period_ > 0; }
  [[nodiscard]] int Period() const { return period_; }
  [[nodiscard]] int Warmup() const { return period_ * fewest_; }

  /// Of each hour from what was usual in the seasons before it, the newest `seasons` of them left
  /// out; NaN where that is not known.
  [[nodiscard]] const std::vector<double>& LeavingOut(int seasons) const {
    while (static_cast<int>(differences_.size()) <= seasons) differences_.emplace_back();
    std::vector<double>& known = differences_[static_cast<std::size_t>(seasons)];
    if (known.empty()) {
      known.reserve(logs_.size());
      for (int c = 0; c < size(); ++c) known.push_back(Compute(c, seasons));
    }
    return known;
  }
  /// Of [begin, end), without what is not known; `before` is not after `begin`.
  [[nodiscard]] std::vector<double> Differences(int begin, int end, int before) const {
    std::vector<double> out;
    begin = std::max(0, begin);
    end = std::min(end, size());
    if (begin < end) out.reserve(static_cast<std::size_t>(end - begin));
    while (begin < end) {
      const int left_out = (begin - before) / period_;
      const int until = std::min(end, before + (left_out + 1) * period_);
      for (const std::vector<double>& known = LeavingOut(left_out); begin < until; ++begin) {
        const double d = known[static_cast<std::size_t>(begin)];
        if (!std::isnan(d)) out.push_back(d);
      }
    }
    return out;
  }
  void Raise(int end, double by) {
    for (int c = 0; c < end; ++c) logs_[c] += by;
    differences_.clear();
  }

 private:
  [[nodiscard]] double Compute(int c, int left_out) const {
    std::array<double, kSeasonsBefore> past{};
    int count = 0;
    for (int i = c - (left_out + 1) * period_; i >= 0 && count < kSeasonsBefore; i -= period_) {
      past[count++] = logs_[i];
    }
    if (count < fewest_) return Series::kGap;
    const auto middle = past.begin() + count / 2;
    std::nth_element(past.begin(), middle, past.begin() + count);
    double median = *middle;
    if (count % 2 == 0) median = 0.5 * (median + *std::max_element(past.begin(), middle));
    return logs_[c] - median;
  }

  int first_ = 0;
  int period_ = 0;
  int fewest_ = kFewestSeasons;
  std::vector<double> logs_;
  /// [seasons left out][hour], filled when first asked for.
  mutable std::deque<std::vector<double>> differences_;
};

// What differences are usual over as much evidence, at other times than those around a break.
class Usual {
 public:
  explicit Usual(const Hours& hours) : hours_(hours) {}
  /// Rising sizes away from `at`: before that, and from when half of the seasons before lie behind.
  [[nodiscard]] std::vector<double> AwayFrom(int at, std::size_t w) const {
    const auto& all = Sizes(w);
    const int first = hours_.Warmup();
    const int size = static_cast<int>(all.size());
    const int before = std::clamp(at - kEvidence[w] - first, 0, size);
    const int after =
        std::clamp(at + (kSeasonsBefore / 2 + 1) * hours_.Period() - first, before, size);
    std::vector<double> out(all.begin(), all.begin() + before);
    out.insert(out.end(), all.begin() + after, all.end());
    std::sort(out.begin(), out.end());
    return out;
  }

 private:
  const std::vector<double>& Sizes(std::size_t w) const {
    std::vector<double>& sizes = sizes_[w];
    const int width = kEvidence[w];
    if (!sizes.empty()) return sizes;
    std::vector<double> window;
    const std::vector<double>& differences = hours_.LeavingOut(0);
    for (int c = hours_.Warmup(); c + width <= hours_.size(); ++c) {
      window.assign(differences.begin() + c, differences.begin() + c + width);
      const auto middle = window.begin() + width / 2;
      std::nth_element(window.begin(), middle, window.end());
      sizes.push_back(std::abs(*middle));
    }
    return sizes;
  }

  const Hours& hours_;
  mutable std::array<std::vector<double>, kEvidence.size()> sizes_;  // filled when first asked for
};

// The logarithm of the change at hour `at`; 0 where there is none that is sure.
double BreakAt(const Hours& hours, const Usual& usual, int at) {
  std::size_t w = kEvidence.size();
  while (w > 0 && kEvidence[w - 1] > hours.size() - at) --w;
  if (w-- == 0) return 0;
  const int evidence = kEvidence[w];
  const auto edge = hours.Differences(at, at + kEdge, at);
  if (static_cast<int>(edge.size()) < kEdge) return 0;
  const double first = Median(edge);
  if (std::abs(first) < kStays * kLeast) return 0;
  // Both ends must hold half of a size that is kLeast at least: asked first, it spares the rest.
  const int seen = std::min(hours.size(), at + kEvidence.back());
  const double last = Median(hours.Differences(seen - kEdge, seen, at));
  if (last / first <= 0 || std::abs(last) < kStays * kLeast) return 0;
  const auto all = hours.Differences(at, at + evidence, at);
  const double size = Median(all);
  const double large = std::abs(size);
  const bool sure = evidence >= kSure;
  if (large < kLeast) return 0;
  if (size < 0 && hours.size() - at < kLeastForFall) return 0;
  if (first / size < kStays) return 0;
  if (last / size < kStays) return 0;
  const auto agree =
      std::count_if(all.begin(), all.end(), [&](double d) { return d / size > kPart; });
  if (static_cast<double>(agree) < kOfOneSign * static_cast<double>(all.size())) return 0;
  const auto before = hours.Differences(at - kEdge, at, at - kEdge);
  if (static_cast<int>(before.size()) < kEdge || Median(before) / size > kBefore) return 0;
  const auto elsewhere = usual.AwayFrom(at, w);
  if (static_cast<int>(elsewhere.size()) < kFewestElsewhere) return 0;
  const auto count = static_cast<double>(elsewhere.size());
  const double common = elsewhere[static_cast<std::size_t>(kUsual * count)];
  if (large < (sure ? kClear : kClearSoon) * common) return 0;
  if (!sure) {
    const auto soon = usual.AwayFrom(at, 0);
    const auto similar = soon.end() - std::lower_bound(soon.begin(), soon.end(), kSimilar * large);
    if (static_cast<double>(similar) > kPrecedents * static_cast<double>(soon.size())) return 0;
  }
  const double measured = Median(hours.Differences(at, at + kMeasured, at));
  return std::abs(measured) <= kMost ? measured : 0;
}

// How much more the hours after `at` differ than those before, in the direction of `sign`.
double Contrast(const Hours& hours, int at, double sign) {
  double sum = 0;
  for (const double d : hours.Differences(at, at + kEdge, at - kEdge)) sum += sign * d;
  for (const double d : hours.Differences(at - kEdge, at, at - kEdge)) sum -= sign * d;
  return sum;
}

}  // namespace

std::vector<LevelBreak> FindLevelBreaks(const Prepared& p) {
  std::vector<LevelBreak> out;
  Hours hours(p);
  if (!hours.Seasonal() || hours.size() < hours.Warmup() + 2 * kEdge) return out;
  std::optional<Usual> usual(std::in_place, hours);
  for (int at = hours.Warmup() + kEdge; at + kEdge <= hours.size(); ++at) {
    double size = BreakAt(hours, *usual, at);
    if (size == 0) continue;
    int best = at;
    double most = Contrast(hours, at, size);
    for (int later = at + 1; later < at + kEdge && later + kEdge <= hours.size(); ++later) {
      const double contrast = Contrast(hours, later, size);
      const double there = contrast > most ? BreakAt(hours, *usual, later) : 0;
      if (there * size <= 0) continue;
      best = later;
      most = contrast;
    }
    size = BreakAt(hours, *usual, best);
    out.push_back({.at = p.start + p.step * hours.Step(best, p.hour), .factor = std::exp(size)});
    hours.Raise(best, size);
    usual.emplace(hours);
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
