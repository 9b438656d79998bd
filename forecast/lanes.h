// Four floats at a time, in the compilers' own vector type: SSE2 or NEON without special flags.
#pragma once

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
/// v where the mask is set, else 0.
[[nodiscard]] inline Floats Only(Mask mask, Floats v) {
  return reinterpret_cast<Floats>(mask & reinterpret_cast<Mask>(v));
}

#ifdef __SSE2__  // else the compilers make a comparison and a selection of each
[[nodiscard]] inline Floats Min(Floats a, Floats b) { return _mm_min_ps(a, b); }
[[nodiscard]] inline Floats Max(Floats a, Floats b) { return _mm_max_ps(a, b); }
#else
[[nodiscard]] inline Floats Min(Floats a, Floats b) { return a < b ? a : b; }
[[nodiscard]] inline Floats Max(Floats a, Floats b) { return a < b ? b : a; }
#endif

}  // namespace tidewright
