#include "core/money.h"

#include <cmath>

namespace tidewright {

Money Money::FromUnits(double units) { return {std::llround(units * 1e6)}; }

std::string ToString(Money money, const std::string& currency) {
  const double units = money.Units();
  return std::abs(units) >= 1 ? fmt::format("{:.2f} {}", units, currency)
                              : fmt::format("{:.4f} {}", units, currency);
}

}  // namespace tidewright
