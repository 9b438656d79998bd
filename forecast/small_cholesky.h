// Cholesky factors of a few dimensions, without an allocation. Inside the room only.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>

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

/// matrix + shift·I = L·L' for several shifts side by side, so that no step waits for the one
/// before it. Each of the matrices must be positive definite.
template <std::size_t kShifts>
class SmallCholesky {
 public:
  using Each = std::array<double, kShifts>;  ///< one number for each shift
  using EachVector = std::array<Each, kSmallSize>;

  SmallCholesky(const SmallMatrix& matrix, const Each& shifts) : size_(matrix.size) {
    for (int i = 0; i < size_; ++i) {
      for (int j = 0; j < i; ++j) {
        Each sum;
        sum.fill(matrix.At(i, j));
        for (int k = 0; k < j; ++k) Subtract(At(i, k), At(j, k), sum);
        for (std::size_t s = 0; s < kShifts; ++s) At(i, j)[s] = sum[s] * inverse_[j][s];
      }
      Each sum;
      for (std::size_t s = 0; s < kShifts; ++s) sum[s] = matrix.At(i, i) + shifts[s];
      for (int k = 0; k < i; ++k) Subtract(At(i, k), At(i, k), sum);
      for (std::size_t s = 0; s < kShifts; ++s) inverse_[i][s] = 1.0 / std::sqrt(sum[s]);
    }
  }

  /// x of (matrix + shift·I)·x = right.
  [[nodiscard]] EachVector Solve(const SmallVector& right) const {
    EachVector out;
    for (int i = 0; i < size_; ++i) {
      out[i].fill(right[i]);
      for (int k = 0; k < i; ++k) Subtract(At(i, k), out[k], out[i]);
      for (std::size_t s = 0; s < kShifts; ++s) out[i][s] *= inverse_[i][s];
    }
    for (int i = size_ - 1; i >= 0; --i) {
      for (std::size_t s = 0; s < kShifts; ++s) out[i][s] *= inverse_[i][s];
      for (int k = 0; k < i; ++k) Subtract(At(i, k), out[i], out[k]);
    }
    return out;
  }

  /// Of (matrix + shift·I)⁻¹: the squares of L⁻¹ added up.
  [[nodiscard]] Each InverseTrace() const {
    Each trace{};
    EachVector column;
    for (int j = 0; j < size_; ++j) {
      column[j] = inverse_[j];
      for (int i = j + 1; i < size_; ++i) {
        column[i].fill(0.0);
        for (int k = j; k < i; ++k) Subtract(At(i, k), column[k], column[i]);
        for (std::size_t s = 0; s < kShifts; ++s) column[i][s] *= inverse_[i][s];
      }
      for (int i = j; i < size_; ++i) {
        for (std::size_t s = 0; s < kShifts; ++s) trace[s] += column[i][s] * column[i][s];
      }
    }
    return trace;
  }

 private:
  static void Subtract(const Each& a, const Each& b, Each& from) {
    for (std::size_t s = 0; s < kShifts; ++s) from[s] -= a[s] * b[s];
  }
  [[nodiscard]] Each& At(int row, int column) { return lower_[row * kSmallSize + column]; }
  [[nodiscard]] const Each& At(int row, int column) const {
    return lower_[row * kSmallSize + column];
  }

  int size_;
  std::array<Each, kSmallSize * kSmallSize> lower_;  ///< below the diagonal
  EachVector inverse_;                               ///< of the diagonal
};

}  // namespace tidewright
