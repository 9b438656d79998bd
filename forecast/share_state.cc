#include "forecast/share_state.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>

namespace tidewright {
namespace {

constexpr double kMostDemand = 1e15;   // its square, over a day, stays a float
constexpr double kNewDeviation = 0.5;  // of a share that was just met
constexpr Duration kForgetAfter = std::chrono::hours(24);
constexpr double kKeep = 1.25;  // a full forecast goes to another who demands this much more
constexpr std::uint8_t kVersion = 1;

bool Plausible(double v) { return v >= 0 && v <= kMostDemand; }

std::uint32_t MinuteOf(WallTime at) {
  const auto minute = std::chrono::floor<std::chrono::minutes>(at).time_since_epoch().count();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(minute, 0, 0xffffffff));
}

std::array<std::uint32_t, 6> Words(const ShareState& s) {
  return {
      std::bit_cast<std::uint32_t>(s.child),         std::bit_cast<std::uint32_t>(s.whole),
      std::bit_cast<std::uint32_t>(s.error_squares), std::bit_cast<std::uint32_t>(s.whole_squares),
      std::bit_cast<std::uint32_t>(s.weight),        s.minute};
}

}  // namespace

void UpdateShare(ShareState& s, double child, double whole, WallTime at, Duration time_constant) {
  const std::uint32_t minute = MinuteOf(at);
  if (!Plausible(child) || !Plausible(whole) || !(whole > 0)) return;
  const bool first = !(s.weight > 0);
  if (!first && minute <= s.minute) return;
  const double passed = first ? 0.0 : 60.0 * (minute - s.minute);
  const double keep = std::exp(-passed / Seconds(time_constant));
  const double error = first || !(s.whole > 0) ? 0.0 : child - s.child / s.whole * whole;
  const auto add = [keep](float& sum, double value) {
    sum = static_cast<float>(keep * static_cast<double>(sum) + value);
  };
  add(s.child, child);
  add(s.whole, whole);
  add(s.error_squares, error * error);
  add(s.whole_squares, whole * whole);
  add(s.weight, 1.0);
  s.minute = minute;
}

Share ShareAt(const ShareState& s, WallTime now) {
  if (!(s.weight > 0) || !(s.whole > 0)) return {};
  const double mean = s.child / s.whole;
  const double one = s.whole_squares / s.weight;  // a sample's
  const double prior = kNewDeviation * kNewDeviation * mean * mean * one;
  const double variance = (s.error_squares + prior) / (s.whole_squares + one);
  const double age = 60.0 * (static_cast<double>(MinuteOf(now)) - s.minute) - Seconds(kForgetAfter);
  const double left = std::exp(-std::max(0.0, age) / Seconds(kForgetAfter));
  return {.mean = left * mean, .deviation = left * std::sqrt(std::max(0.0, variance))};
}

std::string EncodeShares(const PartitionShares& shares) {
  std::string bytes(1, static_cast<char>(kVersion));
  for (const ShareState& state : shares.values) {
    for (const std::uint32_t word : Words(state)) {
      for (int shift = 0; shift < 32; shift += 8) {
        bytes.push_back(static_cast<char>((word >> shift) & 0xff));
      }
    }
  }
  return bytes;
}

StatusOr<PartitionShares> DecodeShares(const std::string& bytes) {
  constexpr auto kBad = StatusCode::kDataLoss;
  if (bytes.empty() || static_cast<std::uint8_t>(bytes[0]) != kVersion) {
    return Error(kBad, "shares of version {}, not {}",
                 bytes.empty() ? 0 : static_cast<int>(static_cast<std::uint8_t>(bytes[0])),
                 static_cast<int>(kVersion));
  }
  if (bytes.size() != kShareBytes) {
    return Error(kBad, "shares of {} bytes, not {}", bytes.size(), kShareBytes);
  }
  std::size_t at = 1;
  const auto word = [&] {
    std::uint32_t value = 0;
    for (int shift = 0; shift < 32; shift += 8) {
      value |= std::uint32_t{static_cast<std::uint8_t>(bytes[at++])} << shift;
    }
    return value;
  };
  PartitionShares shares;
  for (ShareState& s : shares.values) {
    for (float* number : {&s.child, &s.whole, &s.error_squares, &s.whole_squares, &s.weight}) {
      *number = std::bit_cast<float>(word());
      if (!(*number >= 0) || std::isinf(*number)) {
        return Error(kBad, "shares hold a number that is negative or not finite");
      }
    }
    s.minute = word();
  }
  return shares;
}

std::vector<std::size_t> ChooseFull(std::span<const double> demand,
                                    std::span<const std::uint8_t> full, std::size_t budget) {
  std::vector<double> scores(demand.size());
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < demand.size(); ++i) {
    if (!(demand[i] > 0)) continue;
    scores[i] = i < full.size() && full[i] != 0 ? kKeep * demand[i] : demand[i];
    order.push_back(i);
  }
  if (order.size() > budget) {
    std::nth_element(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(budget),
                     order.end(), [&](std::size_t a, std::size_t b) {
                       return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
                     });
    order.resize(budget);
    std::sort(order.begin(), order.end());
  }
  return order;
}

}  // namespace tidewright
