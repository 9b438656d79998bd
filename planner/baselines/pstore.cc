#include "planner/baselines/pstore.h"

#include <limits>

#include "planner/baselines/reactive.h"

namespace tidewright::baselines {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr double kRounding = 1 + 1e-9;

// The dynamic programme, forward over (step, shards).
class Schedule {
 public:
  Schedule(const std::vector<double>& load, int shards, MoveTable& table)
      : load_(load), table_(table), steps_(static_cast<int>(load.size())) {
    const double highest = *std::max_element(load.begin(), load.end());
    const double needed = std::min<double>(std::ceil(highest), table.most());
    most_ = std::max(shards, static_cast<int>(needed));
    cost_.assign(Cell(steps_ + 1, 0), kNever);
    first_.assign(cost_.size(), shards);
    cost_[Cell(0, shards)] = 0;
  }

  [[nodiscard]] std::optional<int> Solve() {
    for (int t = 0; t < steps_; ++t) {
      LookAhead(t);
      // What serves less than this step needs leads nowhere.
      const int least = std::max(1, static_cast<int>(std::ceil(Load(t) / kRounding)));
      for (int from = least; from <= most_; ++from) {
        if (cost_[Cell(t, from)] < kNever) Leave(t, from);
      }
    }
    for (int n = table_.fewest(); n <= most_; ++n) {
      if (cost_[Cell(steps_, n)] < kNever) return first_[Cell(steps_, n)];
    }
    return std::nullopt;
  }

 private:
  [[nodiscard]] std::size_t Cell(int t, int n) const {
    return static_cast<std::size_t>(t) * static_cast<std::size_t>(most_ + 1) +
           static_cast<std::size_t>(n);
  }
  [[nodiscard]] double Load(int t) const { return load_[static_cast<std::size_t>(t)]; }

  // The highest load of the next 1, 2, … steps.
  void LookAhead(int t) {
    ahead_.clear();
    double highest = 0;
    for (int i = t; i < steps_; ++i) ahead_.push_back(highest = std::max(highest, Load(i)));
  }

  void Leave(int t, int from) {
    Arrive(t, from, t + 1, from);
    for (int to = table_.fewest(); to <= std::min(most_, table_.most()); ++to) {
      if (to == from) continue;
      const std::vector<double>& capacity = table_.Capacity(from, to);
      const int end = t + static_cast<int>(capacity.size());
      if (end > steps_) continue;
      bool bears = ahead_[capacity.size() - 1] <= std::min(capacity.front(), capacity.back());
      for (std::size_t j = 0; !bears; ++j) {
        if (j == capacity.size()) {
          bears = true;
        } else if (Load(t + static_cast<int>(j)) > capacity[j] * kRounding) {
          break;
        }
      }
      if (bears) Arrive(t, from, end, to);
    }
  }

  void Arrive(int t, int from, int end, int to) {
    const double cost = cost_[Cell(t, from)] + static_cast<double>(std::max(from, to)) * (end - t);
    double& best = cost_[Cell(end, to)];
    if (cost >= best) return;
    best = cost;
    first_[Cell(end, to)] = t == 0 ? to : first_[Cell(t, from)];
  }

  const std::vector<double>& load_;
  MoveTable& table_;
  int steps_;
  int most_ = 1;
  std::vector<double> cost_;   // shard-steps
  std::vector<int> first_;     // the size that the way here sets out for at step 0
  std::vector<double> ahead_;  // [steps − 1], from the step at hand
};

class LargerOfBoth : public ScalingPolicy {
 public:
  LargerOfBoth(const ScalingTerms& terms, double penalty)
      : proactive_(terms), reactive_(terms, penalty) {}

  [[nodiscard]] std::string Name() const override { return "ahpa"; }
  void Learn(const Series& history) override {
    proactive_.Learn(history);
    reactive_.Learn(history);
  }
  [[nodiscard]] int Shards(const ScalingQuestion& question) override {
    const int proactive = proactive_.Shards(question);
    return std::max(proactive, reactive_.Shards(question));
  }

 private:
  PStore proactive_;
  Reactive reactive_;
};

}  // namespace

const std::vector<double>& MoveTable::Capacity(int from, int to) {
  const auto width = static_cast<std::size_t>(most_ + 1);
  const auto cell = static_cast<std::size_t>(from) * width + static_cast<std::size_t>(to);
  if (rows_.size() <= cell) rows_.resize(std::max(cell + 1, width * width));
  std::vector<double>& row = rows_[cell];
  if (row.empty()) {
    for (int j = 0; j < moves_.Steps(from, to); ++j) row.push_back(moves_.Capacity(from, to, j));
  }
  return row;
}

std::optional<int> FirstFeasibleMove(const std::vector<double>& load, int shards,
                                     MoveTable& table) {
  return Schedule(load, shards, table).Solve();
}

PStore::PStore(const ScalingTerms& terms, PStoreSettings settings)
    : terms_(terms), settings_(settings), table_(terms) {}

void PStore::Refit(const std::vector<double>& values, WallTime now) {
  SparShape shape;
  shape.period = StepsOf(std::chrono::days(1), terms_);
  shape.recent = std::max(2, StepsOf(std::chrono::minutes(30), terms_));
  shape.horizon = std::min(StepsOf(settings_.horizon, terms_), shape.period);
  const auto days = static_cast<int>(values.size() / static_cast<std::size_t>(shape.period));
  // Half of the history is looked back at, the other half is fitted on.
  shape.periods = std::clamp(days / 2, 1, 7);
  Spar spar(shape);
  const bool fitted = spar.Fit(values);
  if (fitted) spar_ = std::move(spar);
  refit_at_ = now + (fitted ? settings_.refit_every : Duration(std::chrono::hours(6)));
}

std::vector<double> PStore::Load(const std::vector<double>& values, WallTime now) {
  if (now >= refit_at_) Refit(values, now);
  std::vector<double> load =
      spar_ ? spar_->Forecast(values)
            : std::vector<double>(static_cast<std::size_t>(StepsOf(settings_.horizon, terms_)),
                                  values.back());
  for (double& d : load) d *= (1 + settings_.inflation) / terms_.shard_capacity;
  return load;
}

int PStore::Shards(const ScalingQuestion& question) {
  const std::vector<double>& values = filled_.With(question.demand);
  const std::vector<double> load = Load(values, question.demand.end());
  const auto planned = FirstFeasibleMove(load, question.shards, table_);
  if (!planned) {
    wanted_scale_in_ = 0;
    const auto reach = std::min<std::ptrdiff_t>(
        static_cast<std::ptrdiff_t>(load.size()),
        std::max(1, terms_.moves.Steps(question.shards, question.shards + 1)));
    const double highest =
        std::max(*std::max_element(load.begin(), load.begin() + reach),
                 (1 + settings_.inflation) * values.back() / terms_.shard_capacity);
    return std::max(question.shards, ShardsFor(highest * terms_.shard_capacity, 1, terms_));
  }
  if (*planned >= question.shards) {
    wanted_scale_in_ = 0;
    return *planned;
  }
  if (++wanted_scale_in_ < settings_.scale_in_after) return question.shards;
  wanted_scale_in_ = 0;
  return *planned;
}

std::unique_ptr<ScalingPolicy> MakeLargerOfBoth(const ScalingTerms& terms, double penalty) {
  return std::make_unique<LargerOfBoth>(terms, penalty);
}

}  // namespace tidewright::baselines
