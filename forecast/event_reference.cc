#include "forecast/event_reference.h"

#include <algorithm>
#include <cmath>

namespace tidewright {
namespace {

constexpr Duration kDay = std::chrono::days(1);
constexpr Duration kBeside = std::chrono::hours(12);
constexpr int kWeeks = 4;
constexpr std::size_t kEnoughWeeks = 2;
constexpr std::size_t kFewestBeside = 3;
constexpr double kLeastLevel = 0.2;
constexpr double kMostLevel = 5;
constexpr double kSmall = 1e-3;  // of the mean: keeps logarithms finite

double Median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return 0.5 * (*middle + *std::max_element(values.begin(), middle));
}

std::chrono::weekday Weekday(WallTime time) {
  return std::chrono::weekday(std::chrono::floor<std::chrono::days>(time));
}

}  // namespace

OrdinaryDemand::OrdinaryDemand(const Series& series, const std::vector<std::uint8_t>& special)
    : series_(series), special_(special) {
  double sum = 0;
  int count = 0;
  for (int i = 0; i < static_cast<int>(series.size()); ++i) {
    if (!Known(i)) continue;
    sum += series.values[static_cast<std::size_t>(i)];
    ++count;
  }
  if (count > 0 && sum > 0) mean_ = sum / count;
}

bool OrdinaryDemand::Known(int i) const {
  if (i < 0 || i >= static_cast<int>(series_.size())) return false;
  const auto at = static_cast<std::size_t>(i);
  return special_[at] == 0 && std::isfinite(series_.values[at]) && series_.values[at] >= 0;
}

int OrdinaryDemand::DaysLater(int i, int days) const {
  const double steps = Seconds(kDay) * days / Seconds(series_.step);
  return i + static_cast<int>(std::lround(steps));
}

void OrdinaryDemand::Gather(int i, int days, std::vector<double>& values) const {
  const int j = DaysLater(i, days);
  if (j != i && Known(j)) values.push_back(series_.values[static_cast<std::size_t>(j)]);
}

std::optional<double> OrdinaryDemand::Usual(int i) const {
  std::vector<double> values;
  for (int week = 1; week < kWeeks; ++week) {
    Gather(i, -7 * week, values);
    Gather(i, 7 * week, values);
  }
  if (values.size() < kEnoughWeeks) {
    for (int day = 1; day < 7; ++day) {
      Gather(i, -day, values);
      Gather(i, day, values);
    }
  }
  if (values.empty()) return std::nullopt;
  return Median(values);
}

double OrdinaryDemand::LevelBeside(int begin, int end) const {
  const int reach = static_cast<int>(std::max<Duration::rep>(1, kBeside / series_.step));
  std::vector<double> ratios;
  const auto look = [&](int i) {
    if (!Known(i)) return;
    const auto usual = Usual(i);
    if (!usual || *usual < kSmall * mean_) return;
    ratios.push_back(series_.values[static_cast<std::size_t>(i)] / *usual);
  };
  for (int i = begin - reach; i < begin; ++i) look(i);
  for (int i = end; i < end + reach; ++i) look(i);
  if (ratios.size() < kFewestBeside) return 1.0;
  return std::clamp(Median(ratios), kLeastLevel, kMostLevel);
}

std::optional<double> OrdinaryDemand::LikeDay(int i, std::chrono::weekday like) const {
  const auto own = Weekday(series_.TimeOf(0) + series_.step * i);
  const int ahead = static_cast<int>((like - own).count());  // 0 to 6
  if (ahead == 0) return std::nullopt;
  std::vector<double> other;
  std::vector<double> same;
  for (int week = -kWeeks; week <= kWeeks; ++week) {
    Gather(i, 7 * week, same);
    Gather(i, 7 * week + ahead, other);
  }
  if (other.empty() || same.empty()) return std::nullopt;
  const double small = kSmall * mean_;
  return std::log((Median(other) + small) / (Median(same) + small));
}

}  // namespace tidewright
