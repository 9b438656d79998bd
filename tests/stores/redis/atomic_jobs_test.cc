// What servers of Valkey 9 tell about slots on their way as a whole: texts of a real 9.1.2.
#include "stores/redis/atomic_jobs.h"

#include <boost/test/unit_test.hpp>

#include "stores/redis/atomic_mover.h"

using namespace tidewright;

namespace {

redis::Reply Text(const std::string& text) {
  redis::Reply reply;
  reply.type = redis::Reply::Type::kString;
  reply.text = text;
  return reply;
}

redis::Reply List(const std::vector<redis::Reply>& elements) {
  redis::Reply reply;
  reply.type = redis::Reply::Type::kArray;
  reply.elements = elements;
  return reply;
}

redis::Reply Job(const std::string& operation, const std::string& ranges, const std::string& state,
                 const std::string& message) {
  std::vector<redis::Reply> fields;
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
           {"name", "70158b4c3bbe6714757249d4729b8de1fea8b458"},
           {"operation", operation},
           {"slot_ranges", ranges},
           {"target_node", "3e9f3fd469b20273900b44d54bb13da64cab7dcc"},
           {"source_node", "1d71220543bb9021e70e94ea162fedd10b4163d7"},
           {"create_time", "1796020679"},
           {"state", state},
           {"message", message},
           {"remaining_repl_size", "0"}}) {
    fields.push_back(Text(name));
    fields.push_back(Text(value));
  }
  return List(fields);
}

redis::AtomicJob One(const std::string& state, const std::string& message = "") {
  const auto jobs = redis::ParseAtomicJobs(List({Job("EXPORT", "0-9 20-29", state, message)}));
  BOOST_REQUIRE_MESSAGE(jobs.ok(), jobs.status());
  return jobs->front();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(redis_atomic_jobs)

BOOST_AUTO_TEST_CASE(both_ends_tell_who_sends_which_slots_to_whom_and_how_far_it_is) {
  const auto jobs = redis::ParseAtomicJobs(
      List({Job("EXPORT", "0-9 20-29", "replicating", ""), Job("IMPORT", "7-7", "failed", "so")}));
  BOOST_REQUIRE_MESSAGE(jobs.ok(), jobs.status());
  BOOST_REQUIRE(jobs->size() == 2u);
  const auto& first = jobs->front();
  BOOST_TEST(first.exports);
  BOOST_TEST((first.slots == PartitionSet{{0, 9}, {20, 29}}));
  BOOST_TEST(first.source == "1d71220543bb9021e70e94ea162fedd10b4163d7");
  BOOST_TEST(first.target == "3e9f3fd469b20273900b44d54bb13da64cab7dcc");
  BOOST_TEST(!first.Ended());
  BOOST_TEST(!jobs->back().exports);
  BOOST_TEST(jobs->back().message == "so");
  BOOST_TEST(redis::ParseAtomicJobs(List({}))->empty());

  const auto by_replica = redis::ParseAtomicJobs(List({List(
      {Text("name"), Text("0ac4"), Text("operation"), Text("IMPORT"), Text("slot_ranges"),
       Text("0-99"), Text("state"), Text("occurring-on-primary"), Text("message"), Text("")})}));
  BOOST_REQUIRE_MESSAGE(by_replica.ok(), by_replica.status());
  BOOST_TEST(!by_replica->front().Ended());
  BOOST_TEST(by_replica->front().target == "");
}

BOOST_AUTO_TEST_CASE(a_state_is_an_end_or_it_is_not) {
  for (const char* state : {"success", "failed", "cancelled"}) {
    BOOST_TEST(One(state).Ended(), state);
  }
  for (const char* state :
       {"connecting", "sending-auth-command", "waiting-to-snapshot", "snapshotting", "replicating",
        "waiting-to-pause", "failover-paused", "failover-granted", "cleaning-up", "unheard-of"}) {
    BOOST_TEST(!One(state).Ended(), state);
  }
  BOOST_TEST(One("failover-granted").Granted());
  BOOST_TEST(!One("failover-paused").Granted());
}

BOOST_AUTO_TEST_CASE(a_failure_tells_whether_it_may_have_cost_writes_and_whether_to_try_again) {
  BOOST_TEST(One("failed",
                 "Unpaused before migration completed (migration may have succeeded with lost "
                 "writes)")
                 .MayHaveLostWrites());
  const auto refused = One("failed",
                           "Failed to AUTH to target node: -WRONGPASS invalid username-password "
                           "pair or user is disabled.");
  BOOST_TEST(refused.Hopeless());
  BOOST_TEST(!refused.MayHaveLostWrites());
  BOOST_TEST(!One("failed", "Connection lost to target.").Hopeless());
}

BOOST_AUTO_TEST_CASE(other_shapes_are_refused) {
  BOOST_TEST(!redis::ParseAtomicJobs(Text("OK")).ok());
  BOOST_TEST(!redis::ParseAtomicJobs(List({Text("job")})).ok());
  BOOST_TEST(!redis::ParseAtomicJobs(List({Job("EXPORT", "nine", "failed", "")})).ok());
}

BOOST_AUTO_TEST_CASE(versions_that_damage_what_they_send_are_not_asked_to_begin) {
  for (const char* version : {"9.1.2", "9.1.10", "9.12.0", "10.0.1"}) {
    BOOST_TEST(redis::BeginsAtomicJobs(version), version);
  }
  for (const char* version : {"", "7.2.4", "8.1.3", "9.0.5", "9.1", "9.1.1", "nine"}) {
    BOOST_TEST(!redis::BeginsAtomicJobs(version), version);
  }
  BOOST_TEST(redis::KnowsAtomicJobs("9.0.0"));
  BOOST_TEST(!redis::KnowsAtomicJobs("8.1.3"));
  BOOST_TEST(!redis::KnowsAtomicJobs(""));
}

BOOST_AUTO_TEST_CASE(ranges_are_said_in_pairs_and_notes_give_back_what_they_took) {
  const std::vector<std::string> expected = {"SLOTSRANGE", "0", "9", "20", "20"};
  BOOST_TEST(redis::SlotsRange({{0, 9}, {20, 20}}) == expected, boost::test_tools::per_element());
  const redis::AtomicNote note{"batch:5", {{0, 9}, {20, 20}}, 3, 2, "a \"word\""};
  const auto parsed = redis::AtomicNote::Parse(note.Encode());
  BOOST_REQUIRE_MESSAGE(parsed.ok(), parsed.status());
  BOOST_TEST(parsed->step == note.step);
  BOOST_TEST((parsed->slots == note.slots));
  BOOST_TEST(parsed->tries == 3);
  BOOST_TEST(parsed->most == 2);
  BOOST_TEST(parsed->gave_up == note.gave_up);
  BOOST_TEST(redis::AtomicNote::Parse(redis::AtomicNote{}.Encode()).ok());
  BOOST_TEST(!redis::AtomicNote::Parse("{}").ok());
  BOOST_TEST(!redis::AtomicNote::Parse("not json").ok());
}

BOOST_AUTO_TEST_SUITE_END()
