#include "forecast/partition_shares.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>

#include "forecast/hierarchy.h"

namespace tidewright {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint64_t kSeed = 1;  // the same partition has the same share on the same path

void PutNumber(std::uint32_t value, std::string& out) {
  for (int shift = 0; shift < 32; shift += 8) {
    out.push_back(static_cast<char>((value >> shift) & 0xff));
  }
}

std::uint32_t NumberAt(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value |= std::uint32_t{static_cast<std::uint8_t>(bytes[at + i])} << (8 * i);
  }
  return value;
}

bool Known(const PartitionShares& shares, Resource r) { return shares[r].weight > 0; }

}  // namespace

void ShareMemory::Update(Resource resource, std::span<const double> shares, double whole,
                         WallTime at) {
  if (shares.empty() || shares.size() > kMostPartitions) return;
  if (shares.size() != partitions_.size()) partitions_.assign(shares.size(), {});
  for (std::size_t p = 0; p < shares.size(); ++p) {
    UpdateShare(partitions_[p][resource], shares[p] * whole, whole, at, kTimeConstant);
  }
}

std::vector<Share> ShareMemory::Shares(Resource resource, WallTime now) const {
  std::vector<Share> out;
  double sum = 0;
  for (const PartitionShares& partition : partitions_) {
    out.push_back(ShareAt(partition[resource], now));
    sum += out.back().mean;
  }
  if (!(sum > 0)) out.clear();
  return out;
}

std::vector<double> ShareMemory::Means(Resource resource, WallTime now) const {
  std::vector<double> out;
  for (const Share& share : Shares(resource, now)) out.push_back(share.mean);
  const double sum = std::accumulate(out.begin(), out.end(), 0.0);
  for (double& mean : out) mean /= sum;
  return out;
}

// The version, how many partitions, which resources are known of any; then partition by partition
// what share_state.h encodes, cut down to these.
std::string ShareMemory::Encode() const {
  std::string out(1, static_cast<char>(kVersion));
  PutNumber(static_cast<std::uint32_t>(partitions_.size()), out);
  std::uint8_t known = 0;
  for (const PartitionShares& partition : partitions_) {
    for (std::size_t r = 0; r < kResourceCount; ++r) {
      if (Known(partition, kAllResources[r])) known |= static_cast<std::uint8_t>(1U << r);
    }
  }
  out.push_back(static_cast<char>(known));
  constexpr std::size_t kEach = (kShareBytes - 1) / kResourceCount;
  for (const PartitionShares& partition : partitions_) {
    const std::string all = EncodeShares(partition);
    for (std::size_t r = 0; r < kResourceCount; ++r) {
      if ((known >> r & 1U) != 0) out.append(all, 1 + r * kEach, kEach);
    }
  }
  return out;
}

StatusOr<ShareMemory> ShareMemory::Decode(const std::string& bytes) {
  const auto bad = [](const char* what) {
    return Error(StatusCode::kDataLoss, "partitions' shares: {}", what);
  };
  constexpr std::size_t kHead = 6;
  constexpr std::size_t kEach = (kShareBytes - 1) / kResourceCount;
  if (bytes.size() < kHead) return bad("cut short");
  if (static_cast<std::uint8_t>(bytes[0]) != kVersion) return bad("of an unknown version");
  const std::size_t count = NumberAt(bytes, 1);
  const auto known = static_cast<std::uint8_t>(bytes[5]);
  if (count > kMostPartitions || known >> kResourceCount != 0) return bad("not a number");
  std::size_t resources = 0;
  for (std::size_t r = 0; r < kResourceCount; ++r) resources += known >> r & 1U;
  if (bytes.size() != kHead + count * resources * kEach) return bad("of the wrong size");
  ShareMemory out;
  out.partitions_.resize(count);
  std::size_t at = kHead;
  const std::string empty = EncodeShares({});
  for (PartitionShares& partition : out.partitions_) {
    std::string one = empty;
    for (std::size_t r = 0; r < kResourceCount; ++r) {
      if ((known >> r & 1U) == 0) continue;
      one.replace(1 + r * kEach, kEach, bytes, at, kEach);
      at += kEach;
    }
    TW_ASSIGN_OR_RETURN(partition, DecodeShares(one));
  }
  return out;
}

StatusOr<Forecast> ForecastPart(const Forecast& whole, std::span<const Share> shares,
                                std::span<const int> partitions) {
  if (whole.paths.values.empty() || shares.empty()) {
    return Error(StatusCode::kFailedPrecondition, "{} yet",
                 shares.empty() ? "no partition's share is known" : "there is no forecast");
  }
  const auto count = static_cast<int>(shares.size());
  std::vector<std::uint64_t> ids(shares.size());
  std::iota(ids.begin(), ids.end(), std::uint64_t{0});
  const SharePaths all = DrawShares(shares, ids, whole.paths.paths, kSeed);
  std::vector<float> share(static_cast<std::size_t>(whole.paths.paths), 0.0F);
  double mean = 0;
  double known = 0;
  for (const Share& one : shares) known += one.mean;
  for (const int p : partitions) {
    if (p < 0 || p >= count) {
      return Error(StatusCode::kInvalidArgument, "there is no partition {}: they go from 0 to {}",
                   p, count - 1);
    }
    mean += shares[static_cast<std::size_t>(p)].mean / known;
    for (int k = 0; k < all.paths; ++k) share[static_cast<std::size_t>(k)] += all.At(p, k);
  }
  Forecast out = whole;
  float* row = out.paths.values.data();
  for (const float s : share) {
    for (int h = 0; h < whole.paths.steps; ++h) *row++ *= s;
  }
  ForecastRequest request;
  request.step = whole.step;
  request.levels = whole.levels;
  for (const WindowMaximum& maximum : whole.maxima) request.windows.push_back(maximum.window);
  ReadOff(out.paths, request, out);
  out.notes.insert(out.notes.begin(),
                   fmt::format("{:.2g} % of the cluster's forecast: the share that {} had lately",
                               100 * mean, partitions.size() == 1 ? "it" : "its partitions"));
  return out;
}

}  // namespace tidewright
