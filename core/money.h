// Money as whole micro-units of a currency: sums are exact.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "core/status.h"

namespace tidewright {

struct Money {
  std::int64_t micros = 0;

  static Money FromUnits(double units);
  [[nodiscard]] double Units() const { return static_cast<double>(micros) * 1e-6; }

  friend auto operator<=>(const Money&, const Money&) = default;
  friend Money operator+(Money a, Money b) { return {a.micros + b.micros}; }
  friend Money operator-(Money a, Money b) { return {a.micros - b.micros}; }
  /// Rounded to the nearest micro-unit.
  friend Money operator*(Money a, double factor) { return FromUnits(a.Units() * factor); }
};

/// "12.34 USD"; amounts below one unit keep four decimals.
[[nodiscard]] std::string ToString(Money money, const std::string& currency);

}  // namespace tidewright
