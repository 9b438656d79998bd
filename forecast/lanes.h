// Four floats at a time, in the compilers' own vector type: SSE2 or NEON without special flags.
#pragma once

#include <cmath>
#include <concepts>
#include <cstring>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace tidewright {

inline constexpr int kLanes = 4;
using Floats = float __attribute__((vector_size(kLanes * sizeof(float))));
using Mask = int __attribute__((vector_size(kLanes * sizeof(int))));

[[nodiscard]] inline Floats Load(const float* from) {
  Floats v;
  std::memcpy(&v, from, sizeof v);
  return v;
}
inline void Store(Floats v, float* to) { std::memcpy(to, &v, sizeof v); }
[[nodiscard]] inline Floats Splat(float v) { return Floats{v, v, v, v}; }
[[nodiscard]] inline Floats Abs(Floats v) {
  const Mask no_sign = {0x7fffffff, 0x7fffffff, 0x7fffffff, 0x7fffffff};
  return reinterpret_cast<Floats>(reinterpret_cast<Mask>(v) & no_sign);
}
[[nodiscard]] inline float Sum(Floats v) { return (v[0] + v[2]) + (v[1] + v[3]); }
/// v where the mask is set, else 0.
[[nodiscard]] inline Floats Only(Mask mask, Floats v) {
  return reinterpret_cast<Floats>(mask & reinterpret_cast<Mask>(v));
}

#ifdef __SSE2__  // else the compilers make a comparison and a selection of each
[[nodiscard]] inline Floats Min(Floats a, Floats b) { return _mm_min_ps(a, b); }
[[nodiscard]] inline Floats Max(Floats a, Floats b) { return _mm_max_ps(a, b); }
[[nodiscard]] inline Floats Sqrt(Floats v) { return _mm_sqrt_ps(v); }
#else
[[nodiscard]] inline Floats Min(Floats a, Floats b) { return a < b ? a : b; }
[[nodiscard]] inline Floats Max(Floats a, Floats b) { return a < b ? b : a; }
[[nodiscard]] inline Floats Sqrt(Floats v) {
  return Floats{std::sqrt(v[0]), std::sqrt(v[1]), std::sqrt(v[2]), std::sqrt(v[3])};
}
#endif

[[nodiscard]] inline Floats Clamp(Floats v, Floats lowest, Floats highest) {
  return Min(Max(v, lowest), highest);
}

/// e^x to a few units in the last place; x is taken within what a float can hold (±87). The
/// argument is reduced to ±½·ln 2 by a power of two; the polynomial is Cephes' (expf.c).
[[nodiscard]] inline Floats Exp(Floats x) {
  constexpr float kRounder = 12582912.0F;  // 1.5·2²³: adding it rounds to an integer
  x = Clamp(x, Splat(-87.0F), Splat(87.0F));
  const Floats shifted = x * 1.44269504F + kRounder;
  const Floats times = shifted - kRounder;
  const Floats r = (x - times * 0.693359375F) + times * 2.12194440e-4F;
  Floats tail = 1.9875691500e-4F * r + 1.3981999507e-3F;
  tail = tail * r + 8.3334519073e-3F;
  tail = tail * r + 4.1665795894e-2F;
  tail = tail * r + 1.6666665459e-1F;
  tail = tail * r + 5.0000001201e-1F;
  const Floats reduced = tail * (r * r) + r + 1.0F;
  const Mask exponent = (reinterpret_cast<Mask>(shifted) - reinterpret_cast<Mask>(Splat(kRounder)))
                        << 23;
  return reinterpret_cast<Floats>(reinterpret_cast<Mask>(reduced) + exponent);
}

/// The first `count` < kLanes floats, zeros behind them.
[[nodiscard]] inline Floats LoadSome(const float* from, int count) {
  return Floats{count > 0 ? from[0] : 0, count > 1 ? from[1] : 0, count > 2 ? from[2] : 0, 0};
}

/// Σ change(v) over `count` floats; change(0) must be 0.
template <typename Change>
[[nodiscard]] float SumOf(const float* values, int count, Change change) {
  Floats even = Splat(0);
  Floats odd = Splat(0);
  int i = 0;
  for (; i + 2 * kLanes <= count; i += 2 * kLanes) {
    even += change(Load(values + i));
    odd += change(Load(values + i + kLanes));
  }
  for (; i + kLanes <= count; i += kLanes) even += change(Load(values + i));
  odd += change(LoadSome(values + i, count - i));
  return Sum(even + odd);
}
[[nodiscard]] inline float SumOf(const float* values, int count) {
  return SumOf(values, count, [](Floats v) { return v; });
}

/// Replaces v by change(v, …) for each of `count` floats, … being what `others` have there.
template <typename Change, std::same_as<const float*>... Others>
void Transform(float* values, int count, Change change, Others... others) {
  int i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    Store(change(Load(values + i), Load(others + i)...), values + i);
  }
  if (i == count) return;
  const Floats last = change(LoadSome(values + i, count - i), LoadSome(others + i, count - i)...);
  for (int lane = 0; i + lane < count; ++lane) values[i + lane] = last[lane];
}

}  // namespace tidewright
