#include "bench/loadgen/throttle.h"

#include <signal.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>

#include "bench/loadgen/cluster_harness.h"
#include "io/subprocess.h"

using namespace tidewright;
using namespace std::chrono_literals;
using loadgen::ThrottleKind;

namespace {

/// A process that burns whatever it is given.
struct Burner {
  Burner() {
    auto spawned = io::Subprocess::Spawn({.command = {"sh", "-c", "while :; do :; done"},
                                          .working_directory = "",
                                          .output_file = ""});
    BOOST_REQUIRE_MESSAGE(spawned.ok(), spawned.status());
    process.emplace(*std::move(spawned));
  }
  ~Burner() { process->Stop(0s, clock); }

  /// Share of a core used over a span of real time.
  double ShareOver(Duration span) {
    const auto from = loadgen::MainThreadNanoseconds(process->pid());
    const MonoTime start = clock.Monotonic();
    clock.WaitFor(span, {});
    const auto to = loadgen::MainThreadNanoseconds(process->pid());
    BOOST_REQUIRE(from.ok() && to.ok());
    return static_cast<double>(*to - *from) * 1e-9 / Seconds(clock.Monotonic() - start);
  }

  RealClock clock;
  std::optional<io::Subprocess> process;
};

/// Its state letter: R, S, T (stopped), …
char StateOf(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return text.at(text.rfind(')') + 2);
}

void HoldsABurner(ThrottleKind kind) {
  Burner burner;
  auto throttle = loadgen::Throttle::Start({.share = 0.1, .watch_folder = "", .kind = kind});
  if (!throttle.ok()) {
    BOOST_TEST_MESSAGE("not to be had on this machine: " << throttle.status());
    const bool must_work = kind == ThrottleKind::kSignals || kind == ThrottleKind::kBest;
    BOOST_TEST(!must_work);
    return;
  }
  BOOST_TEST_MESSAGE((*throttle)->Name());
  BOOST_REQUIRE((*throttle)->Add(burner.process->pid()).ok());
  BOOST_TEST(burner.ShareOver(700ms) < 0.2);
  throttle->reset();
  BOOST_TEST(StateOf(burner.process->pid()) != 'T');
  // Free again, whatever else this machine is doing.
  const MonoTime deadline = burner.clock.Monotonic() + 20s;
  double share = 0;
  while ((share = burner.ShareOver(200ms)) <= 0.2 && burner.clock.Monotonic() < deadline) {
  }
  BOOST_TEST(share > 0.2);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(throttle)

BOOST_AUTO_TEST_CASE(a_process_is_held_to_its_share_and_free_afterwards) {
  HoldsABurner(ThrottleKind::kBest);
}
BOOST_AUTO_TEST_CASE(so_it_is_by_cgroup_1) { HoldsABurner(ThrottleKind::kCgroup1); }
BOOST_AUTO_TEST_CASE(so_it_is_by_cgroup_2) { HoldsABurner(ThrottleKind::kCgroup2); }
BOOST_AUTO_TEST_CASE(so_it_is_by_signals) { HoldsABurner(ThrottleKind::kSignals); }

BOOST_AUTO_TEST_CASE(a_share_that_is_none_is_refused) {
  BOOST_TEST(!loadgen::Throttle::Start({.share = 0, .watch_folder = ""}).ok());
  BOOST_TEST(!loadgen::Throttle::Start({.share = 1.5, .watch_folder = ""}).ok());
}

BOOST_AUTO_TEST_CASE(servers_below_the_folder_are_found_whoever_starts_them_and_no_others) {
  const auto mine = loadgen::MakeTemporaryDirectory("tidewright-throttle-test");
  const auto other = loadgen::MakeTemporaryDirectory("tidewright-throttle-test");
  BOOST_REQUIRE(mine.ok() && other.ok());
  {
    auto cluster = loadgen::ClusterHarness::Start(
        {.directory = *mine, .shards = 1, .replicas_per_shard = 0, .arguments = {}});
    auto stranger = loadgen::ClusterHarness::Start(
        {.directory = *other, .shards = 1, .replicas_per_shard = 0, .arguments = {}});
    BOOST_REQUIRE(cluster.ok() && stranger.ok());
    auto throttle = loadgen::Throttle::Start({.share = 0.5, .watch_folder = *mine});
    BOOST_REQUIRE(throttle.ok());
    const auto later = (*cluster)->StartServer();
    BOOST_REQUIRE(later.ok());
    RealClock clock;
    const MonoTime deadline = clock.Monotonic() + 20s;
    while ((*throttle)->Held().size() < 2 && clock.Monotonic() < deadline) clock.WaitFor(20ms, {});
    auto held = (*throttle)->Held();
    BOOST_TEST(held.size() == 2u);
    const pid_t strangers = (*stranger)->servers().begin()->second.process.pid();
    BOOST_TEST(std::count(held.begin(), held.end(), strangers) == 0);
    // One that ends is forgotten.
    (*cluster)->Kill(*later, SIGKILL);
    while ((*throttle)->Held().size() > 1 && clock.Monotonic() < deadline) clock.WaitFor(20ms, {});
    BOOST_TEST((*throttle)->Held().size() == 1u);
  }
  std::filesystem::remove_all(*mine);
  std::filesystem::remove_all(*other);
}

BOOST_AUTO_TEST_SUITE_END()
