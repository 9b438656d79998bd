#include "forecast/usual_hours.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace tidewright {
namespace {

constexpr int kFewestSeasons = 3;
constexpr int kFewestLongSeasons = 2;
constexpr double kEnoughLongSeasons = 3.5;  // to know what is usual, besides

// Of kCount rows, `apart` from each other, at four places; of an even number the mean of the two in
// the middle. The rows are sorted by odd-even transposition.
template <int kCount>
Floats MedianOf(const float* newest, int apart) {
  Floats sorted[kCount];
  for (int k = 0; k < kCount; ++k) sorted[k] = Load(newest - k * apart);
  for (int round = 0; round < kCount; ++round) {
    for (int k = round % 2; k + 1 < kCount; k += 2) {
      const Floats lower = Min(sorted[k], sorted[k + 1]);
      sorted[k + 1] = Max(sorted[k], sorted[k + 1]);
      sorted[k] = lower;
    }
  }
  return (sorted[(kCount - 1) / 2] + sorted[kCount / 2]) * 0.5F;
}

// Writes count values to `to` and returns where they end.
float* Subtract(const float* from, const float* what, int count, float* __restrict to) {
  for (int i = 0; i < count; ++i) to[i] = from[i] - what[i];
  return to + count;
}

template <int... kCounts>
constexpr auto Medians(std::integer_sequence<int, kCounts...>) {
  return std::array{&MedianOf<kCounts + 1>...};
}
constexpr auto kMedians = Medians(std::make_integer_sequence<int, UsualHours::kSeasonsBefore>());

}  // namespace

UsualHours::UsualHours(const Prepared& p, float large, float some)
    : size_(p.size() / p.hour),
      first_(p.size() - size_ * p.hour),
      fewest_(kFewestSeasons),
      large_{large, large, some, some} {
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
  if (!Seasonal() || size_ <= Warmup()) return;
  logs_.resize(static_cast<std::size_t>(size_ + kLanes));
  for (int c = 0; c < size_; ++c) {
    const int begin = first_ + c * p.hour;
    logs_[c] = p.hour == 1 ? p.log.y[begin]
                           : static_cast<float>(std::log(p.level.Mean(begin, begin + p.hour) +
                                                         Prepared::kLogShift));
  }
  differences_.resize(logs_.size());
  FindUsual();
}

void UsualHours::FindUsual() {
  usual_.resize(logs_.size());
  for (int seasons = fewest_; seasons * period_ < size_; ++seasons) {
    const int end = std::min(size_, (seasons + 1) * period_);
    const auto median = kMedians[static_cast<std::size_t>(std::min(seasons, kSeasonsBefore)) - 1];
    // What a season's last four write beyond its end, the next one overwrites.
    for (int c = seasons * period_; c < end; c += kLanes) {
      Store(median(logs_.data() + c - period_, period_), usual_.data() + c);
    }
  }
}

template <typename Each>
void UsualHours::ForRuns(int begin, int end, int before, Each each) const {
  begin = std::max(0, begin);
  end = std::min(end, size_);
  for (int left_out = 0; begin < end; ++left_out) {
    const int until = std::min(end, before + (left_out + 1) * period_);
    if (until <= begin) continue;
    const int known = std::max(begin, FirstKnown(left_out));
    if (known < until) each(left_out, known, until);
    begin = until;
  }
}

std::span<float> UsualHours::Differences(int begin, int end, int before) {
  float* to = differences_.data();
  ForRuns(begin, end, before, [&](int left_out, int from, int until) {
    to = Subtract(logs_.data() + from, usual_.data() + from - left_out * period_, until - from, to);
  });
  return {differences_.data(), to};
}

std::span<float> UsualHours::AllDifferences() {
  float* to = differences_.data();
  return {to, Subtract(logs_.data() + Warmup(), usual_.data() + Warmup(), size_ - Warmup(), to)};
}

const std::vector<Mask>& UsualHours::CountsLeavingOut(int seasons) {
  while (static_cast<int>(counts_.size()) <= seasons) counts_.emplace_back();
  std::vector<Mask>& counts = counts_[static_cast<std::size_t>(seasons)];
  if (!counts.empty()) return counts;
  counts.resize(static_cast<std::size_t>(size_) + 1);
  const float* usual = usual_.data() - seasons * period_;
  Mask sum{};
  for (int c = FirstKnown(seasons); c < size_; ++c) {
    const float d = logs_[c] - usual[c];
    sum -= Floats{d, -d, d, -d} >= large_;
    counts[static_cast<std::size_t>(c) + 1] = sum;
  }
  return counts;
}

UsualHours::Counts UsualHours::Count(int begin, int end, int before) {
  int known = 0;
  Mask sum{};
  ForRuns(begin, end, before, [&](int left_out, int from, int to) {
    const std::vector<Mask>& counts = CountsLeavingOut(left_out);
    known += to - from;
    sum += counts[static_cast<std::size_t>(to)] - counts[static_cast<std::size_t>(from)];
  });
  return {.known = known, .up = sum[0], .down = sum[1], .some_up = sum[2], .some_down = sum[3]};
}

void UsualHours::Raise(int end, float by) {
  for (int c = 0; c < end; ++c) logs_[c] += by;
  FindUsual();
  counts_.clear();
}

}  // namespace tidewright
