// The production arithmetic of leases in seeded worlds: answers that come late or never, processes
// that stand still at any instant, an etcd that is away for ten minutes. At no instant do two
// controllers believe that they may write.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <memory>
#include <vector>

#include "actuator/leadership.h"
#include "journal/leader_term.h"
#include "tests/sim/etcd.h"

namespace tidewright::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kStep = 20ms;
constexpr Duration kSlowCall = 6s;  // three round trips of 2 s at the most
constexpr char kLeader[] = "/tidewright/cache/leader";

struct Controller {
  std::string instance;
  std::unique_ptr<LeaderTerm> term;  ///< null: dead
  Duration next{0};
  Duration returns{0};  ///< when dead
  Duration frozen_until{0};
  Duration awake_since{0};
  bool calling = false;
};

struct Tally {
  std::vector<std::string> violations;
  int takeovers = 0;
  int freezes = 0;
  int deaths = 0;
  int outages = 0;
};

class LeaseWorld {
 public:
  LeaseWorld(std::uint64_t seed, Duration margin)
      : random_(seed),
        clock_([this] { return now_; }),
        etcd_(seed ^ 0xe7, [this] { return now_; }) {
    options_.cluster = "cache";
    options_.margin = margin;
    etcd_.answer_lost = random_.Below(2) == 0 ? 0.1 * random_.Uniform() : 0;
    etcd_.on_the_way = [this] { OnTheWay(); };
    for (const char* name : {"a", "b", "c"}) {
      controllers_.emplace_back().instance = name;
      Start(controllers_.back());
    }
  }

  Tally Run(Duration length) {
    while (now_ < length && tally_.violations.size() < 5) {
      Step();
      MayFail();
    }
    return tally_;
  }

 private:
  void Start(Controller& one) {
    LeaseOptions options = options_;
    options.instance = one.instance;
    one.term = std::make_unique<LeaderTerm>(etcd_, options, clock_);
    one.next = now_;
    one.awake_since = now_;
  }
  [[nodiscard]] bool Frozen(const Controller& one) const { return now_ < one.frozen_until; }

  void Step() {
    now_ += kStep;
    for (auto& one : controllers_) {
      if (!one.term && now_ >= one.returns) Start(one);
    }
    if (now_ >= outage_until_ && etcd_.silent) {
      etcd_.silent = false;
      answers_since_ = now_;
    }
    Check();
    for (auto& one : controllers_) {
      if (!one.term || one.calling || Frozen(one) || now_ < one.next) continue;
      const Duration called = now_;
      one.calling = true;
      calls_.push_back(&one);
      const MonoTime next = one.term->Turn();
      calls_.pop_back();
      one.calling = false;
      // As good as frozen: it waited for those that called meanwhile, and they stood still.
      if (now_ - called > kSlowCall) one.awake_since = now_;
      one.next = next - MonoTime(1h);
    }
  }

  /// A call takes its time, in which the others go on, and the caller may stand still for longer
  /// than its lease lasts.
  void OnTheWay() {
    Controller& caller = *calls_.back();
    const Duration latency =
        random_.Below(10) == 0 ? FromSeconds(2 * random_.Uniform()) : FromSeconds(0.03);
    const Duration until = now_ + latency;
    if (random_.Below(60) == 0) Freeze(caller);
    // Those that call meanwhile end before it: a call takes as long as those within it.
    while (now_ < until || Frozen(caller)) Step();
  }

  void Freeze(Controller& one) {
    one.frozen_until = now_ + FromSeconds(40 * random_.Uniform());
    one.awake_since = one.frozen_until;
    ++tally_.freezes;
  }

  void MayFail() {
    const auto often = [&](int seconds) {
      return random_.Below(static_cast<std::uint64_t>(seconds * (1s / kStep))) == 0;
    };
    auto& one = controllers_[random_.Below(controllers_.size())];
    if (often(30) && one.term && !Frozen(one)) Freeze(one);
    if (often(60) && one.term && !one.calling) {
      one.term.reset();  // as a kill: nothing is given back
      one.returns = now_ + FromSeconds(random_.Below(2) == 0 ? 1 : 40);
      ++tally_.deaths;
    }
    if (often(120) && one.term && !one.calling && !Frozen(one)) {
      calls_.push_back(&one);
      one.calling = true;
      one.term->GiveBack();
      one.calling = false;
      calls_.pop_back();
    }
    if (often(200) && !etcd_.silent) {
      etcd_.silent = true;
      outage_since_ = now_;
      outage_until_ =
          now_ + (random_.Below(2) == 0 ? Duration(10min) : FromSeconds(20 * random_.Uniform()));
      ++tally_.outages;
    }
  }

  void Check() {
    const auto holder = etcd_.Peek(kLeader);
    const Controller* writer = nullptr;
    Duration awake_since = Duration::max();
    for (const auto& one : controllers_) {
      if (!one.term || Frozen(one)) continue;
      if (!one.calling) awake_since = std::min(awake_since, one.awake_since);
      if (!one.term->MayWrite().ok()) continue;
      if (writer != nullptr) Violate(one.instance + " and " + writer->instance + " may write");
      writer = &one;
      const bool holds =
          holder && holder->value.find('"' + one.instance + '"') != std::string::npos;
      if (!holds) Violate(one.instance + " may write and does not lead");
      if (etcd_.silent && now_ - outage_since_ > options_.ttl) {
        Violate(one.instance + " may write while etcd is away");
      }
    }
    if (writer != nullptr) {
      if (writer->instance != led_by_) ++tally_.takeovers;
      led_by_ = writer->instance;
      led_ = now_;
    }
    if (etcd_.silent || etcd_.answer_lost > 0 || awake_since == Duration::max()) return;
    if (now_ - std::max({answers_since_, awake_since, led_}) > 2 * options_.ttl) {
      Violate("nobody leads for twice the lease");
      led_ = now_;
    }
  }

  void Violate(const std::string& text) {
    tally_.violations.push_back(fmt::format("at {:.2f} s: {}", Seconds(now_), text));
  }

  Random random_;
  Duration now_{0};
  LeaseClock clock_;
  SimulatedEtcd etcd_;
  LeaseOptions options_;
  std::vector<Controller> controllers_;
  std::vector<Controller*> calls_;
  Duration outage_since_{0};
  Duration outage_until_{0};
  Duration answers_since_{0};
  Duration led_{0};
  std::string led_by_;
  Tally tally_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(simulated_leases)

BOOST_AUTO_TEST_CASE(at_most_one_may_write_and_another_takes_over_within_twice_the_lease) {
  const char* text = std::getenv("TIDEWRIGHT_LEASE_SEEDS");
  const int seeds = text == nullptr ? 40 : std::atoi(text);
  Tally sum;
  for (int seed = 1; seed <= seeds; ++seed) {
    const Tally tally = LeaseWorld(static_cast<std::uint64_t>(seed), 5s).Run(1h);
    for (const auto& violation : tally.violations)
      BOOST_ERROR("seed " << seed << ": " << violation);
    sum.takeovers += tally.takeovers;
    sum.freezes += tally.freezes;
    sum.deaths += tally.deaths;
    sum.outages += tally.outages;
  }
  BOOST_TEST_MESSAGE(fmt::format("{} hours: {} takeovers, {} freezes, {} deaths, {} outages", seeds,
                                 sum.takeovers, sum.freezes, sum.deaths, sum.outages));
  BOOST_TEST(sum.takeovers > 10 * seeds);
  BOOST_TEST(sum.outages > 2 * seeds);
}

BOOST_AUTO_TEST_CASE(who_cannot_renew_opens_nothing_while_there_is_time_to_end_what_is_open) {
  Duration now{0};
  SimulatedEtcd etcd(1, [&] { return now; });
  LeaseClock clock([&] { return now; });
  LeaseOptions options;
  options.cluster = "cache";
  options.instance = "a";
  LeaderTerm term(etcd, options, clock);
  BOOST_TEST(!term.MayOpen().ok());
  (void)term.Turn();
  BOOST_TEST(term.MayOpen().ok());
  etcd.silent = true;
  const auto last = [&](auto may) {
    const Duration start = now;
    for (; may(); now += 100ms) (void)term.Turn();
    return now - start;
  };
  // A lease of 15 s, of which 5 s are the margin: half of the rest, and the other half.
  BOOST_TEST(Seconds(last([&] { return term.MayOpen().ok(); })) == 5.0);
  BOOST_TEST(Seconds(last([&] { return term.MayWrite().ok(); })) == 5.0);
  BOOST_TEST(Message(term.MayOpen()).starts_with(Leadership::kLeadLost));
}

BOOST_AUTO_TEST_CASE(a_controller_that_does_not_stop_before_its_lease_ends_is_found_out) {
  std::size_t found = 0;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    found += LeaseWorld(seed, -10s).Run(1h).violations.size();
  }
  BOOST_TEST(found > 0u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidewright::sim
