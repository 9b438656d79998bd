// Cholesky factors of a few dimensions, without an allocation. Inside the room only.
#pragma once

#include <array>
#include <cmath>

namespace tidewright {

inline constexpr int kSmallSize = 16;
using SmallVector = std::array<double, kSmallSize>;

/// Symmetric; the lower triangle counts.
struct SmallMatrix {
  int size = 0;
  std::array<double, kSmallSize * kSmallSize> values;

  [[nodiscard]] double& At(int row, int column) { return values[row * kSmallSize + column]; }
  [[nodiscard]] double At(int row, int column) const { return values[row * kSmallSize + column]; }
};

/// matrix + shift·I = L·L'; it must be positive definite.
class SmallCholesky {
 public:
  SmallCholesky(const SmallMatrix& matrix, double shift) {
    lower_.size = matrix.size;
    for (int i = 0; i < lower_.size; ++i) {
      for (int j = 0; j < i; ++j) {
        double sum = matrix.At(i, j);
        for (int k = 0; k < j; ++k) sum -= lower_.At(i, k) * lower_.At(j, k);
        lower_.At(i, j) = sum * inverse_[j];
      }
      double sum = matrix.At(i, i) + shift;
      for (int k = 0; k < i; ++k) sum -= lower_.At(i, k) * lower_.At(i, k);
      inverse_[i] = 1.0 / std::sqrt(sum);
    }
  }

  [[nodiscard]] SmallVector Solve(const SmallVector& right) const {
    SmallVector out{};
    for (int i = 0; i < lower_.size; ++i) {
      double sum = right[i];
      for (int k = 0; k < i; ++k) sum -= lower_.At(i, k) * out[k];
      out[i] = sum * inverse_[i];
    }
    for (int i = lower_.size - 1; i >= 0; --i) {
      out[i] *= inverse_[i];
      for (int k = 0; k < i; ++k) out[k] -= lower_.At(i, k) * out[i];
    }
    return out;
  }

  /// Of (matrix + shift·I)⁻¹: the squares of L⁻¹ added up.
  [[nodiscard]] double InverseTrace() const {
    double trace = 0;
    SmallVector column;
    for (int j = 0; j < lower_.size; ++j) {
      column[j] = inverse_[j];
      trace += column[j] * column[j];
      for (int i = j + 1; i < lower_.size; ++i) {
        double sum = 0;
        for (int k = j; k < i; ++k) sum -= lower_.At(i, k) * column[k];
        column[i] = sum * inverse_[i];
        trace += column[i] * column[i];
      }
    }
    return trace;
  }

 private:
  SmallMatrix lower_;     ///< below the diagonal
  SmallVector inverse_;  ///< of the diagonal
};

}  // namespace tidewright
