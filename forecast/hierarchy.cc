#include "forecast/hierarchy.h"

#include <algorithm>
#include <cmath>

#include "core/random.h"
#include "forecast/path_quantiles.h"

namespace tidewright {
namespace {

// What does not vary at all may still be wrong by this much of itself.
constexpr double kLeastVariation = 0.03;
constexpr float kLargest = 1e37F;
// Children that add up to less than this share of their parent are nothing that could be scaled.
constexpr double kNothing = 1e-9;
constexpr double kExact = 3e-7;

std::size_t Row(const SamplePaths& paths, int path) {
  return static_cast<std::size_t>(path) * static_cast<std::size_t>(paths.steps);
}

bool Countable(float v) { return v >= 0 && v <= kLargest; }

// A log-normal variable of this mean and deviation is mean·exp(sigma·z − sigma²/2).
double Sigma(const Share& share) {
  if (!(share.mean > 0) || !(share.deviation > 0)) return 0.0;
  const double relative = share.deviation / share.mean;
  return std::sqrt(std::log1p(relative * relative));
}

// Variance over the paths ÷ mean, both added up over the steps. What does not count becomes zero.
double Dispersion(SamplePaths& paths) {
  const auto steps = static_cast<std::size_t>(paths.steps);
  std::vector<double> sums(steps, 0.0);
  std::vector<double> squares(steps, 0.0);
  for (int k = 0; k < paths.paths; ++k) {
    float* row = paths.values.data() + Row(paths, k);
    for (std::size_t h = 0; h < steps; ++h) {
      const float v = Countable(row[h]) ? row[h] : 0.0F;
      row[h] = v;
      sums[h] += v;
      squares[h] += static_cast<double>(v) * v;
    }
  }
  double mean = 0;
  double variance = 0;
  for (std::size_t h = 0; h < steps; ++h) {
    const double m = sums[h] / paths.paths;
    mean += m;
    variance +=
        std::max(squares[h] / paths.paths - m * m, kLeastVariation * kLeastVariation * m * m);
  }
  return mean > 0 ? variance / mean : 0.0;
}

// What a child of dispersion d is multiplied by: same + more·d.
struct Move {
  double same = 1;
  double more = 0;
};

// So that children whose sum is `sum`, and `spread` when weighted by their dispersions (at most 1),
// add up to `whole`.
Move Towards(double whole, double sum, double spread) {
  const double gap = whole - sum;
  double blend = 0;                   // of dispersions towards 1
  const double least = spread + gap;  // ÷ spread: the multiplier at dispersion 1
  if (least < 0) blend = least / (least - whole);
  const double lambda = gap / ((1 - blend) * spread + blend * sum);
  return {.same = 1 + lambda * blend, .more = lambda * (1 - blend)};
}

// One path at a time.
class RowReconciler {
 public:
  RowReconciler(std::span<SamplePaths* const> children, std::vector<double> dispersions, int steps)
      : children_(children),
        dispersions_(std::move(dispersions)),
        sums_(static_cast<std::size_t>(steps)),
        spreads_(sums_.size()),
        moves_(sums_.size()) {}

  // `row` is where the path begins in every child.
  void Run(std::span<const float> parent, std::size_t row) {
    AddUp(row);
    for (std::size_t h = 0; h < parent.size(); ++h) {
      const double whole = parent[h];
      moves_[h] = {};
      if (!Countable(parent[h])) continue;
      if (spreads_[h] > (sums_[h] < whole ? kNothing * whole : 0.0)) {
        moves_[h] = Towards(whole, sums_[h], spreads_[h]);
      } else {
        children_.back()->values[row + h] += static_cast<float>(whole - sums_[h]);
      }
    }
    Apply(row);
    // What was cancelled out of far larger children has lost digits: once more, in proportion.
    bool exact = true;
    for (std::size_t h = 0; h < parent.size(); ++h) {
      moves_[h] = {};
      if (!Countable(parent[h]) || !(sums_[h] > 0)) continue;
      moves_[h].same = parent[h] / sums_[h];
      exact = exact && std::abs(moves_[h].same - 1) < kExact;
    }
    if (!exact) Apply(row);
  }

 private:
  void AddUp(std::size_t row) {
    std::fill(sums_.begin(), sums_.end(), 0.0);
    std::fill(spreads_.begin(), spreads_.end(), 0.0);
    for (std::size_t j = 0; j < children_.size(); ++j) {
      const float* values = children_[j]->values.data() + row;
      for (std::size_t h = 0; h < sums_.size(); ++h) {
        sums_[h] += values[h];
        spreads_[h] += dispersions_[j] * values[h];
      }
    }
  }

  void Apply(std::size_t row) {
    std::fill(sums_.begin(), sums_.end(), 0.0);
    for (std::size_t j = 0; j < children_.size(); ++j) {
      float* values = children_[j]->values.data() + row;
      const double d = dispersions_[j];
      for (std::size_t h = 0; h < sums_.size(); ++h) {
        const double value = values[h] * (moves_[h].same + moves_[h].more * d);
        values[h] = static_cast<float>(std::max(0.0, value));
        sums_[h] += values[h];
      }
    }
  }

  std::span<SamplePaths* const> children_;
  std::vector<double> dispersions_;
  std::vector<double> sums_;
  std::vector<double> spreads_;  // sums, weighted by dispersion
  std::vector<Move> moves_;
};

}  // namespace

SamplePaths DrawRest(const SamplePaths& parent, const Share& share, std::uint64_t seed) {
  SamplePaths rest = parent;
  const double sigma = Sigma(share);
  Random random = Random(seed).Fork(1);
  for (int k = 0; k < rest.paths; ++k) {
    const double drawn = share.mean * std::exp(sigma * random.Normal() - 0.5 * sigma * sigma);
    const auto part = static_cast<float>(std::clamp(drawn, 0.0, 1.0));
    float* row = rest.values.data() + Row(rest, k);
    for (int h = 0; h < rest.steps; ++h) row[h] *= part;
  }
  return rest;
}

Status Reconcile(const SamplePaths& parent, std::span<SamplePaths* const> children) {
  for (const SamplePaths* child : children) {
    if (child->paths != parent.paths || child->steps != parent.steps ||
        child->values.size() != parent.values.size()) {
      return Error(StatusCode::kInvalidArgument,
                   "a child with {} paths of {} steps, its parent has {} of {}", child->paths,
                   child->steps, parent.paths, parent.steps);
    }
  }
  if (children.empty()) return OkStatus();
  std::vector<double> dispersions;
  for (SamplePaths* child : children) dispersions.push_back(Dispersion(*child));
  const double most = *std::max_element(dispersions.begin(), dispersions.end());
  for (double& d : dispersions) d = most > 0 ? d / most : 0.0;
  RowReconciler reconciler(children, std::move(dispersions), parent.steps);
  for (int k = 0; k < parent.paths; ++k) {
    const std::size_t row = Row(parent, k);
    reconciler.Run({parent.values.data() + row, static_cast<std::size_t>(parent.steps)}, row);
  }
  return OkStatus();
}

SharePaths DrawShares(std::span<const Share> shares, std::span<const std::uint64_t> ids, int paths,
                      std::uint64_t seed) {
  SharePaths out{.children = static_cast<int>(shares.size()), .paths = paths, .values = {}};
  const auto width = static_cast<std::size_t>(paths);
  out.values.resize(shares.size() * width);
  std::vector<double> sums(width, 0.0);
  const Random root(seed);
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (!(shares[i].mean > 0)) continue;
    Random random = root.Fork(ids[i]);
    const double sigma = Sigma(shares[i]);
    const double middle = shares[i].mean * std::exp(-0.5 * sigma * sigma);
    // Paths in opposite pairs.
    double factor = 1;
    for (std::size_t k = 0; k < width; ++k) {
      factor = k % 2 == 0 ? std::exp(sigma * random.Normal()) : 1.0 / factor;
      const auto value = static_cast<float>(middle * factor);
      out.values[i * width + k] = value;
      sums[k] += value;
    }
  }
  for (std::size_t k = 0; k < width; ++k) sums[k] = sums[k] > 0 ? 1.0 / sums[k] : 0.0;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    for (std::size_t k = 0; k < width; ++k) {
      float& value = out.values[i * width + k];
      value = static_cast<float>(value * sums[k]);
    }
  }
  return out;
}

SamplePaths ChildPaths(const SamplePaths& rest, const SharePaths& shares, int child) {
  SamplePaths out = rest;
  for (int k = 0; k < out.paths; ++k) {
    float* row = out.values.data() + Row(out, k);
    for (int h = 0; h < out.steps; ++h) row[h] *= shares.At(child, k);
  }
  return out;
}

std::vector<float> PathMaxima(const SamplePaths& paths, int steps) {
  std::vector<float> out;
  for (int k = 0; k < paths.paths; ++k) {
    const float* row = paths.values.data() + Row(paths, k);
    out.push_back(*std::max_element(row, row + steps));
  }
  return out;
}

std::vector<double> ChildMaximum(std::span<const float> rest_maxima, const SharePaths& shares,
                                 int child, const std::vector<double>& levels) {
  SamplePaths maxima{.paths = shares.paths, .steps = 1, .values = {}};
  maxima.values.resize(rest_maxima.size());
  for (int k = 0; k < shares.paths; ++k) {
    const auto at = static_cast<std::size_t>(k);
    maxima.values[at] = rest_maxima[at] * shares.At(child, k);
  }
  return MaximumQuantiles(maxima, 1, levels);
}

void ReadOff(const SamplePaths& paths, const ForecastRequest& request, Forecast& forecast) {
  forecast.mean = StepMeans(paths);
  forecast.levels = request.levels;
  forecast.quantiles = StepQuantiles(paths, request.levels);
  forecast.maxima.clear();
  for (const Duration window : request.windows) {
    const auto steps = static_cast<int>((window + request.step - Duration(1)) / request.step);
    forecast.maxima.push_back(
        {.window = window, .quantiles = MaximumQuantiles(paths, steps, request.levels)});
  }
}

}  // namespace tidewright
