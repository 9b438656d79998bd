// Slots on their way between several pairs of shards at once.
#include <boost/test/unit_test.hpp>

#include "stores/redis/step_args.h"
#include "tests/stores/redis/actuator_world.h"

using namespace tidewright;
using namespace tidewright::testing;
using namespace std::chrono_literals;

namespace {

constexpr int kKeys = 2000;

struct TwoPairs : World {
  TwoPairs() : World(4, 0) {
    for (const int port : ports) ids.push_back(Id(port));
    Fill(kKeys);
  }

  [[nodiscard]] redis::RedisActuatorOptions Options() const {
    auto options = World::Options();
    options.allow_unprotected_targets = true;
    options.open_slots = 3;
    options.open_patience = 0s;
    return options;
  }
  /// From the first two masters to the last two, or back.
  [[nodiscard]] Step Both(const PartitionSet& first, const PartitionSet& second,
                          bool back = false) const {
    redis::StepArgs args;
    args.moves = {{ids[0], ids[2], first}, {ids[1], ids[3], second}};
    if (back) {
      for (auto& move : args.moves) std::swap(move.from, move.to);
    }
    return {5, redis::kMove, redis::Encode(args), "move both"};
  }
  Status Run(const Step& step, Journal& journal, bool undo = false) {
    redis::Client fresh({});
    redis::RedisActuator actuator(fresh, Options(), nullptr, clock);
    return Persistently(*this, [&] {
      return undo ? actuator.Undo(step, journal) : RunSteps(actuator, {step}, journal);
    });
  }
  /// A controller that dies after so many writes to servers.
  bool Dies(const Step& step, Journal& journal, int writes, bool undo) {
    auto fuse = std::make_shared<Fuse>();
    fuse->writes_left = writes;
    fuse->last_one_arrives = writes % 2 == 0;
    redis::Client dying({.credentials = {}, .timeout = 2s, .transport = FusedTransport(fuse)});
    redis::RedisActuator actuator(dying, Options(), nullptr, clock);
    journal.stop = [&] { return fuse->blown.load(); };
    (void)(undo ? actuator.Undo(step, journal) : RunSteps(actuator, {step}, journal));
    journal.stop = nullptr;
    for (const int port : ports) Do(port, {"PING"});
    return fuse->blown;
  }
  bool OpenAt(int port) {
    const redis::ClusterNodes told = Nodes(port);
    return !told.Myself()->migrating.empty() || !told.Myself()->importing.empty();
  }
  /// Whether both pairs have slots open.
  bool BothOpen() {
    return (OpenAt(ports[0]) || OpenAt(ports[2])) && (OpenAt(ports[1]) || OpenAt(ports[3]));
  }
  void CheckOwners(const std::string& of_first, const std::string& of_second) {
    for (const int port : ports) {
      BOOST_TEST_REQUIRE(Nodes(port).Owner(5) == of_first);
      BOOST_TEST_REQUIRE(Nodes(port).Owner(4101) == of_second);
    }
    BOOST_TEST_REQUIRE(OpenSlots() == 0);
  }
  void CheckKeys() {
    for (int i = 0; i < kKeys; ++i) {
      const std::string key = "key:" + std::to_string(i);
      BOOST_TEST_REQUIRE(Ask({"STRLEN", key}).integer == static_cast<int>(89 + key.size()), key);
    }
    const Status clean = cluster->Check();
    BOOST_TEST(clean.ok(), clean);
  }

  std::vector<std::string> ids;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(redis_actuator_pairs)

BOOST_FIXTURE_TEST_CASE(two_pairs_move_at_once_under_writes_and_none_is_lost_or_undone, TwoPairs) {
  Writer writer(*this);
  Journal journal;
  const Status done = Run(Both({{0, 149}}, {{4096, 4245}}), journal);
  writer.Stop();
  BOOST_TEST_REQUIRE(done.ok(), done);
  BOOST_TEST(journal.partitions == 300);
  BOOST_TEST(journal.Note("batch:5").has_value());
  BOOST_TEST(journal.Note("batch:5@1").has_value());
  CheckOwners(ids[2], ids[3]);
  BOOST_TEST(writer.errors.empty(), First(writer.errors));
  const auto damage = writer.Damage();
  BOOST_TEST(damage.empty(), First(damage));
  CheckKeys();
}

BOOST_FIXTURE_TEST_CASE(a_controller_cut_off_with_both_pairs_open_is_taken_up_or_undone, TwoPairs) {
  const PartitionSet first = {{0, 11}};
  const PartitionSet second = {{4096, 4107}};
  bool back = false;
  int cut = 0;
  int both_open = 0;
  for (int writes = 5;; writes += 7) {
    Journal journal;
    const Step step = Both(first, second, back);
    const bool died = Dies(step, journal, writes, /*undo=*/false);
    both_open += BothOpen() ? 1 : 0;
    const bool undo = died && ++cut % 3 == 0;
    if (undo && cut % 6 == 0) {
      (void)Dies(step, journal, writes, /*undo=*/true);
      both_open += BothOpen() ? 1 : 0;
    }
    const Status ended = Run(step, journal, undo);
    BOOST_TEST_REQUIRE(ended.ok(), "cut after " << writes << ": " << ended);
    back = back != !undo;
    CheckOwners(ids[back ? 2 : 0], ids[back ? 3 : 1]);
    if (!died) break;
  }
  BOOST_TEST(cut > 10);
  BOOST_TEST(both_open > 2);
  CheckKeys();
}

BOOST_FIXTURE_TEST_CASE(a_pair_that_cannot_go_on_stops_the_other_with_nothing_open, TwoPairs) {
  for (int i = 0;; ++i) {
    const std::string big = "big:" + std::to_string(i);
    if (SlotOf(big) < 4096 || SlotOf(big) > 8191) continue;
    Ask({"SETRANGE", big, std::to_string(11 << 20), "x"});
    Journal journal;
    const Status refused = Run(Both({{0, 2999}}, {{SlotOf(big), SlotOf(big)}}), journal);
    BOOST_TEST((refused.code() == StatusCode::kFailedPrecondition), refused);
    BOOST_TEST(Message(refused).find(big) != std::string::npos, refused);
    BOOST_TEST(journal.partitions < 3000);
    break;
  }
  BOOST_TEST(OpenSlots() == 0);
  CheckKeys();
}

BOOST_AUTO_TEST_CASE(a_step_of_an_older_journal_is_one_move) {
  const auto args = redis::ParseStepArgs(
      R"({"cluster":"","token":"","names":[],"from":"a","to":"b","slots":"3-5","shards":[],)"
      R"("retired":[],"members":[]})");
  BOOST_REQUIRE_MESSAGE(args.ok(), args.status());
  BOOST_REQUIRE(args->moves.size() == 1u);
  BOOST_TEST(args->moves.front().from == "a");
  BOOST_TEST(args->moves.front().to == "b");
  BOOST_TEST(ToString(args->moves.front().slots) == "3-5");
}

BOOST_AUTO_TEST_SUITE_END()
