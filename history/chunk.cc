#include "history/chunk.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>

#include "history/bits.h"

// Layout of version 1:
//   u8 version, varint count,
//   gap runs:  varints, observed and missing in turn, until they sum to count,
//   flag runs: pairs of varints (flags, length) over the observed samples, until they sum to them,
//   values of the observed samples, nothing if there are none:
//     u8 form; form 3: raw doubles, little-endian,
//     form 0, 1, 2 = differenced so many times: zigzag varint exponent, u8 Rice parameter, as many
//     zigzag varints as the form says, then the bits of the others' residuals,
//   u16 checksum.
namespace tidewright {
namespace {

constexpr char kVersion = 1;
constexpr unsigned char kRaw = 3;
constexpr int kDigits = 7;
constexpr int kMaxExponent = 15;
constexpr std::size_t kMaxTimes = 2;
constexpr int kMaxParameter = 56;      ///< what BitWriter takes at once
constexpr std::uint64_t kEscape = 24;  ///< so many ones: the whole number follows in 64 bits
constexpr double kGap = std::numeric_limits<double>::quiet_NaN();

constexpr std::array<double, 23> kPowersOfTen = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                 1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/// mantissa × 10^exponent.
struct Decimal {
  std::int64_t mantissa = 0;
  int exponent = 0;
};

/// Powers up to 1e22 are exact, and so one division or multiplication rounds correctly: equal
/// decimals give equal doubles, whatever exponent they are written with.
double ToDouble(std::int64_t mantissa, int exponent) {
  const auto m = static_cast<double>(mantissa);
  return exponent < 0 ? m / kPowersOfTen[static_cast<std::size_t>(-exponent)]
                      : m * kPowersOfTen[static_cast<std::size_t>(exponent)];
}

/// Absent for what is too large or too small.
std::optional<Decimal> Round(double value) {
  if (value == 0) return Decimal{};
  const double magnitude = std::abs(value);
  if (!(magnitude >= 1e-15 && magnitude < 1e15)) return std::nullopt;
  int exponent = static_cast<int>(std::floor(std::log10(magnitude))) - (kDigits - 1);
  exponent = std::clamp(exponent, -22, kMaxExponent);
  const double scaled = exponent < 0 ? value * kPowersOfTen[static_cast<std::size_t>(-exponent)]
                                     : value / kPowersOfTen[static_cast<std::size_t>(exponent)];
  std::int64_t mantissa = std::llround(scaled);
  while (mantissa != 0 && mantissa % 10 == 0) {
    mantissa /= 10;
    ++exponent;
  }
  return Decimal{mantissa, mantissa == 0 ? 0 : exponent};
}

/// All values as multiples of one power of ten; absent when they do not fit.
struct Scaled {
  int exponent = 0;
  std::vector<std::int64_t> multiples;
};
std::optional<Scaled> Scale(const std::vector<double>& values) {
  std::vector<Decimal> decimals;
  decimals.reserve(values.size());
  Scaled scaled{.exponent = kMaxExponent, .multiples = {}};
  for (double v : values) {
    const auto decimal = Round(v);
    if (!decimal) return std::nullopt;
    decimals.push_back(*decimal);
    if (decimal->mantissa != 0) scaled.exponent = std::min(scaled.exponent, decimal->exponent);
  }
  for (const Decimal& d : decimals) {
    const int shift = d.mantissa == 0 ? 0 : d.exponent - scaled.exponent;
    // Twice differenced, a multiple grows fourfold at most: 2^60 leaves room.
    const double multiple = static_cast<double>(d.mantissa) *
                            kPowersOfTen[static_cast<std::size_t>(std::min(shift, 22))];
    if (shift > 18 || std::abs(multiple) > 0x1p60 ||
        ToDouble(d.mantissa, d.exponent) !=
            ToDouble(static_cast<std::int64_t>(multiple), scaled.exponent)) {
      return std::nullopt;
    }
    scaled.multiples.push_back(static_cast<std::int64_t>(multiple));
  }
  return scaled;
}

/// The first `times` values stay what they are at their order: v0, v1 - v0.
std::vector<std::uint64_t> Difference(std::vector<std::int64_t> values, std::size_t times) {
  for (std::size_t t = 0; t < times; ++t) {
    for (std::size_t i = values.size(); i-- > t + 1;) values[i] -= values[i - 1];
  }
  std::vector<std::uint64_t> residuals(values.size());
  std::transform(values.begin(), values.end(), residuals.begin(), ZigZag);
  return residuals;
}

/// In unsigned arithmetic: damaged input may overflow.
std::vector<std::int64_t> Integrate(const std::vector<std::uint64_t>& residuals,
                                    std::size_t times) {
  std::vector<std::uint64_t> values(residuals.size());
  std::transform(residuals.begin(), residuals.end(), values.begin(),
                 [](std::uint64_t r) { return static_cast<std::uint64_t>(UnZigZag(r)); });
  for (std::size_t t = times; t-- > 0;) {
    for (std::size_t i = t + 1; i < values.size(); ++i) values[i] += values[i - 1];
  }
  return {values.begin(), values.end()};
}

using Residuals = std::span<const std::uint64_t>;

std::uint64_t RiceLength(Residuals residuals, int parameter) {
  std::uint64_t bits = 0;
  for (std::uint64_t r : residuals) {
    const std::uint64_t quotient = r >> parameter;
    bits +=
        quotient < kEscape ? quotient + 1 + static_cast<std::uint64_t>(parameter) : kEscape + 64;
  }
  return bits;
}

struct RiceChoice {
  int parameter = 0;
  std::uint64_t bits = 0;
};

/// The best parameter lies between the median's length and the mean's, which outliers pull up.
RiceChoice BestRice(Residuals residuals) {
  if (residuals.empty()) return {};
  std::vector<std::uint64_t> sorted(residuals.begin(), residuals.end());
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  double mean = 0;
  for (std::uint64_t r : residuals) mean += static_cast<double>(r);
  mean /= static_cast<double>(residuals.size());
  const int low = std::max(0, static_cast<int>(std::bit_width(*middle)) - 3);
  const int high = std::clamp(static_cast<int>(std::log2(mean + 1)) + 1, low, kMaxParameter);
  RiceChoice best{.parameter = 0, .bits = std::numeric_limits<std::uint64_t>::max()};
  for (int k = std::min(low, kMaxParameter); k <= high; ++k) {
    if (const auto bits = RiceLength(residuals, k); bits < best.bits) {
      best = {.parameter = k, .bits = bits};
    }
  }
  return best;
}

void PutRaw(const std::vector<double>& values, std::string& out) {
  out.push_back(static_cast<char>(kRaw));
  for (double v : values) {
    const auto bits = std::bit_cast<std::uint64_t>(RoundForStorage(v));
    for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(bits >> (8 * i)));
  }
}

/// The multiples differenced so many times: `heads` of them stand in full, the others are
/// Rice-coded.
struct Differenced {
  std::size_t times = 0;
  std::vector<std::uint64_t> residuals;
  std::size_t heads = 0;
  RiceChoice rice;
  std::uint64_t bits = 0;

  [[nodiscard]] Residuals tail() const { return Residuals(residuals).subspan(heads); }
};

Differenced DifferenceAndMeasure(const Scaled& scaled, std::size_t times) {
  Differenced d;
  d.times = times;
  d.residuals = Difference(scaled.multiples, times);
  d.heads = std::min(times, d.residuals.size());
  d.rice = BestRice(d.tail());
  d.bits = d.rice.bits;
  for (std::size_t i = 0; i < d.heads; ++i) d.bits += 8 * VarintSize(d.residuals[i]);
  return d;
}

void PutValues(const std::vector<double>& values, std::string& out) {
  const auto scaled = Scale(values);
  if (!scaled) return PutRaw(values, out);
  Differenced best = DifferenceAndMeasure(*scaled, 0);
  for (std::size_t times = 1; times <= kMaxTimes; ++times) {
    Differenced other = DifferenceAndMeasure(*scaled, times);
    if (other.bits < best.bits) best = std::move(other);
  }
  out.push_back(static_cast<char>(best.times));
  PutVarint(ZigZag(scaled->exponent), out);
  out.push_back(static_cast<char>(best.rice.parameter));
  for (std::size_t i = 0; i < best.heads; ++i) PutVarint(best.residuals[i], out);
  BitWriter bits;
  for (std::uint64_t r : best.tail()) {
    const std::uint64_t quotient = r >> best.rice.parameter;
    const auto ones = static_cast<int>(std::min(quotient, kEscape));
    bits.Bits((std::uint64_t{1} << ones) - 1, ones);
    if (quotient < kEscape) {
      bits.Bits(0, 1);
      bits.Bits(r, best.rice.parameter);
    } else {
      bits.Bits(r, 32);
      bits.Bits(r >> 32, 32);
    }
  }
  out += bits.Finish();
}

/// FNV-1a, folded.
std::uint16_t Checksum(std::string_view bytes) {
  std::uint32_t hash = 2166136261u;
  for (char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return static_cast<std::uint16_t>(hash ^ (hash >> 16));
}

/// false: damaged.
bool TakeRaw(std::string_view bytes, std::vector<double>& values) {
  if (bytes.size() != values.size() * 8) return false;
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::uint64_t bits = 0;
    for (std::size_t b = 0; b < 8; ++b) {
      bits |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i * 8 + b])) << (8 * b);
    }
    values[i] = std::bit_cast<double>(bits);
    if (!std::isfinite(values[i])) return false;
  }
  return true;
}

bool TakeValues(std::string_view bytes, std::vector<double>& values) {
  if (values.empty()) return bytes.empty();
  if (bytes.empty()) return false;
  const auto form = static_cast<unsigned char>(bytes.front());
  bytes.remove_prefix(1);
  if (form == kRaw) return TakeRaw(bytes, values);
  std::uint64_t exponent_code = 0;
  if (form > kMaxTimes || !TakeVarint(bytes, exponent_code) || bytes.empty()) return false;
  const std::int64_t exponent = UnZigZag(exponent_code);
  const int parameter = static_cast<unsigned char>(bytes.front());
  bytes.remove_prefix(1);
  if (exponent < -22 || exponent > 22 || parameter > kMaxParameter) return false;
  std::vector<std::uint64_t> residuals(values.size());
  const std::size_t heads = std::min<std::size_t>(form, residuals.size());
  for (std::size_t i = 0; i < heads; ++i) {
    if (!TakeVarint(bytes, residuals[i])) return false;
  }
  BitReader bits(bytes);
  for (std::uint64_t& r : std::span(residuals).subspan(heads)) {
    std::uint64_t quotient = 0;
    while (quotient < kEscape && bits.Bits(1) == 1) ++quotient;
    if (quotient < kEscape) {
      r = (quotient << parameter) | bits.Bits(parameter);
    } else {
      r = bits.Bits(32);
      r |= bits.Bits(32) << 32;
    }
  }
  if (bits.failed() || !bits.AtEnd()) return false;
  const auto multiples = Integrate(residuals, form);
  std::transform(multiples.begin(), multiples.end(), values.begin(),
                 [&](std::int64_t m) { return ToDouble(m, static_cast<int>(exponent)); });
  return true;
}

/// The positions of the observed samples among `count`.
bool TakeGaps(std::string_view& bytes, std::uint64_t count, std::vector<std::size_t>& observed) {
  std::uint64_t position = 0;
  for (bool present = true; position < count; present = !present) {
    std::uint64_t run = 0;
    if (!TakeVarint(bytes, run) || run > count - position) return false;
    for (std::uint64_t i = 0; present && i < run; ++i) observed.push_back(position + i);
    if (run == 0 && position > 0) return false;
    position += run;
  }
  return true;
}

bool TakeFlags(std::string_view& bytes, const std::vector<std::size_t>& observed,
               std::vector<unsigned>& flags) {
  for (std::size_t i = 0; i < observed.size();) {
    std::uint64_t value = 0, run = 0;
    if (!TakeVarint(bytes, value) || !TakeVarint(bytes, run)) return false;
    if (run == 0 || run > observed.size() - i || value > 0xffffffffu) return false;
    for (; run > 0; --run) flags[observed[i++]] = static_cast<unsigned>(value);
  }
  return true;
}

}  // namespace

double RoundForStorage(double value) {
  const auto decimal = Round(value);
  return decimal ? ToDouble(decimal->mantissa, decimal->exponent) : value;
}

std::string EncodeChunk(const ChunkSamples& samples) {
  std::string out(1, kVersion);
  PutVarint(samples.values.size(), out);
  std::vector<double> values;
  std::vector<unsigned> flags;
  std::uint64_t run = 0;
  bool present = true;
  for (std::size_t i = 0; i < samples.values.size(); ++i) {
    const bool is_gap = std::isnan(samples.values[i]);
    if (is_gap == present) {
      PutVarint(run, out);
      run = 0;
      present = !present;
    }
    ++run;
    if (is_gap) continue;
    values.push_back(samples.values[i]);
    flags.push_back(samples.flags[i]);
  }
  if (!samples.values.empty()) PutVarint(run, out);
  for (std::size_t i = 0; i < flags.size();) {
    std::size_t end = i;
    while (end < flags.size() && flags[end] == flags[i]) ++end;
    PutVarint(flags[i], out);
    PutVarint(end - i, out);
    i = end;
  }
  if (!values.empty()) PutValues(values, out);
  const std::uint16_t sum = Checksum(out);
  out.push_back(static_cast<char>(sum));
  out.push_back(static_cast<char>(sum >> 8));
  return out;
}

StatusOr<ChunkSamples> DecodeChunk(std::string_view bytes) {
  const Status damaged =
      Error(StatusCode::kDataLoss, "a chunk of {} bytes is damaged", bytes.size());
  if (bytes.size() < 4) return damaged;
  const std::uint16_t sum =
      static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[bytes.size() - 2]) |
                                 static_cast<unsigned char>(bytes[bytes.size() - 1]) << 8);
  bytes.remove_suffix(2);
  if (Checksum(bytes) != sum || bytes.front() != kVersion) return damaged;
  bytes.remove_prefix(1);
  std::uint64_t count = 0;
  if (!TakeVarint(bytes, count) || count > kChunkSamples) return damaged;
  ChunkSamples samples{.values = std::vector<double>(count, kGap),
                       .flags = std::vector<unsigned>(count, 0)};
  std::vector<std::size_t> observed;
  observed.reserve(count);
  if (!TakeGaps(bytes, count, observed) || !TakeFlags(bytes, observed, samples.flags)) {
    return damaged;
  }
  std::vector<double> values(observed.size());
  if (!TakeValues(bytes, values)) return damaged;
  for (std::size_t i = 0; i < observed.size(); ++i) samples.values[observed[i]] = values[i];
  return samples;
}

}  // namespace tidewright
