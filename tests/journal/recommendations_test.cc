#include <boost/test/unit_test.hpp>
#include <map>

#include "tests/journal/journal_support.h"

using namespace tidewright;
using namespace tidewright::testing;
using std::chrono::minutes;
using State = RecommendationState;

namespace {

State StateOf(const Journal& journal, const std::string& hash) {
  const auto found = journal.FindRecommendation(hash);
  BOOST_REQUIRE_MESSAGE(found.ok(), Message(found.status()));
  return found->state;
}

std::string Save(Journal& journal, const Plan& plan) {
  const Recommendation recommendation = Recommend(plan);
  const Status status = journal.SaveRecommendation(recommendation);
  BOOST_REQUIRE_MESSAGE(status.ok(), Message(status));
  return recommendation.hash;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_recommendation_comes_back_whole_after_a_restart) {
  JournalWorld world;
  const Plan plan = MakePlan(4);
  const std::string hash = Save(*world.journal, plan);
  world.Reopen();
  const auto found = world.journal->FindRecommendation(hash).value();
  BOOST_TEST(found.hash == hash);
  BOOST_TEST((found.plan == plan));
  BOOST_TEST((found.state == State::kOpen));
  BOOST_TEST(PlanHash(found.plan) == hash);
}

BOOST_AUTO_TEST_CASE(the_same_plan_again_refreshes_reasons_and_expiry_of_the_open_one) {
  JournalWorld world;
  const std::string hash = Save(*world.journal, MakePlan(4));
  Plan again = MakePlan(4);
  again.created += minutes(5);
  again.expires += minutes(5);
  again.reasons = {{ReasonCode::kDemandExceedsCapacity, "second"}};
  BOOST_TEST(Save(*world.journal, again) == hash);
  BOOST_REQUIRE(world.journal->Recommendations(10).value().size() == 1u);
  const auto found = world.journal->FindRecommendation(hash).value();
  BOOST_TEST((found.plan.reasons == again.reasons));
  BOOST_TEST((found.plan.expires == again.expires));
  BOOST_TEST((found.plan.created == kNow));
}

BOOST_AUTO_TEST_CASE(another_plan_supersedes_the_open_one_of_its_cluster_alone) {
  JournalWorld world;
  const std::string first = Save(*world.journal, MakePlan(4));
  const std::string other = Save(*world.journal, MakePlan(4, "f", "other"));
  const std::string approved = Save(*world.journal, MakePlan(5));
  BOOST_TEST((StateOf(*world.journal, first) == State::kSuperseded));
  BOOST_TEST(world.journal->Decide(approved, State::kApproved, "ann", "", kNow).ok());
  const std::string last = Save(*world.journal, MakePlan(6));
  BOOST_TEST((StateOf(*world.journal, other) == State::kOpen));
  BOOST_TEST((StateOf(*world.journal, approved) == State::kApproved));
  BOOST_TEST((StateOf(*world.journal, last) == State::kOpen));
  const auto all = world.journal->Recommendations(2).value();
  BOOST_REQUIRE(all.size() == 2u);
  BOOST_TEST(all[0].hash == last);
  BOOST_TEST(all[1].hash == approved);
  BOOST_TEST(world.journal->Recommendations(0).value().empty());
  BOOST_TEST(world.journal->Recommendations(-1).value().empty());
}

BOOST_AUTO_TEST_CASE(two_plans_that_take_turns_do_not_fill_the_disk) {
  JournalWorld world;
  std::string newest;
  for (int i = 0; i < 20; ++i) newest = Save(*world.journal, MakePlan(4 + i % 2));
  const auto all = world.journal->Recommendations(100).value();
  BOOST_REQUIRE(all.size() == 2u);
  BOOST_TEST(all[0].hash == newest);
  BOOST_TEST((all[0].state == State::kOpen));
  BOOST_TEST((all[1].state == State::kSuperseded));
}

BOOST_AUTO_TEST_CASE(only_legal_decisions_are_taken) {
  const std::vector<State> all = {State::kOpen,    State::kApproved,   State::kRejected,
                                  State::kExpired, State::kSuperseded, State::kExecuted};
  for (State from : all) {
    for (State to : all) {
      BOOST_TEST_CONTEXT(RecommendationStateName(from) << " to " << RecommendationStateName(to)) {
        JournalWorld world;
        const std::string hash = Save(*world.journal, MakePlan(4));
        if (from == State::kExpired) {
          BOOST_REQUIRE(world.journal->ExpireRecommendations(kNow + minutes(15)).ok());
        } else if (from == State::kSuperseded) {
          Save(*world.journal, MakePlan(5));
        } else if (from != State::kOpen) {
          BOOST_REQUIRE(world.journal->Decide(hash, from, "ann", "why", kNow).ok());
        }
        const Status decided = world.journal->Decide(hash, to, "bob", "because", kNow);
        const bool by_somebody =
            to == State::kApproved || to == State::kRejected || to == State::kExecuted;
        const bool legal = (from == State::kOpen && by_somebody) ||
                           (from == State::kApproved && to == State::kExecuted);
        const auto wanted = legal         ? StatusCode::kOk
                            : by_somebody ? StatusCode::kFailedPrecondition
                                          : StatusCode::kInvalidArgument;
        BOOST_TEST((decided.code() == wanted), Message(decided));
        BOOST_TEST((StateOf(*world.journal, hash) == (legal ? to : from)));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(who_approved_stays_known_when_it_is_executed) {
  JournalWorld world;
  const std::string hash = Save(*world.journal, MakePlan(4));
  BOOST_TEST(world.journal->Decide(hash, State::kApproved, "ann", "go", kNow).ok());
  BOOST_TEST(
      world.journal->Decide(hash, State::kExecuted, "tidewright", "", kNow + minutes(1)).ok());
  const auto found = world.journal->FindRecommendation(hash).value();
  BOOST_TEST(found.decided_by == "ann");
  BOOST_TEST(found.comment == "go");
  BOOST_TEST((found.decided == kNow));
}

BOOST_AUTO_TEST_CASE(what_has_expired_cannot_be_decided_and_says_so) {
  JournalWorld world;
  const std::string hash = Save(*world.journal, MakePlan(4));
  const Status late = world.journal->Decide(hash, State::kApproved, "ann", "", kNow + minutes(15));
  BOOST_TEST((late.code() == StatusCode::kFailedPrecondition));
  BOOST_TEST(Says(late, "expired at 2026-03-01T12:15:00Z"), Message(late));
  // Approved in time, but not started in time.
  BOOST_TEST(world.journal->Decide(hash, State::kApproved, "ann", "", kNow + minutes(14)).ok());
  BOOST_TEST(
      (world.journal->Decide(hash, State::kExecuted, "auto", "", kNow + minutes(15)).code() ==
       StatusCode::kFailedPrecondition));
  BOOST_TEST(world.journal->ExpireRecommendations(kNow + minutes(14)).ok());
  BOOST_TEST((StateOf(*world.journal, hash) == State::kApproved));
  BOOST_TEST(world.journal->ExpireRecommendations(kNow + minutes(15)).ok());
  BOOST_TEST((StateOf(*world.journal, hash) == State::kExpired));
}

BOOST_AUTO_TEST_CASE(a_person_has_the_last_word_until_the_plan_would_have_expired) {
  JournalWorld world;
  Plan plan = MakePlan(4);
  const std::string hash = Save(*world.journal, plan);
  BOOST_TEST(world.journal->Decide(hash, State::kRejected, "ann", "not now", kNow).ok());
  plan.created += minutes(14);
  plan.expires += minutes(14);
  Save(*world.journal, plan);
  BOOST_TEST((StateOf(*world.journal, hash) == State::kRejected));
  plan.created += minutes(1);
  plan.expires += minutes(1);
  Save(*world.journal, plan);
  BOOST_TEST((StateOf(*world.journal, hash) == State::kOpen));
  BOOST_TEST(world.journal->Recommendations(10).value().size() == 2u);  // the rejection is kept
}

BOOST_AUTO_TEST_CASE(an_approved_plan_stays_as_it_was_approved_and_an_executed_one_may_come_again) {
  JournalWorld world;
  Plan plan = MakePlan(4);
  const std::string hash = Save(*world.journal, plan);
  BOOST_TEST(world.journal->Decide(hash, State::kApproved, "ann", "", kNow).ok());
  plan.expires += minutes(5);
  plan.reasons = {{ReasonCode::kDemandExceedsCapacity, "later"}};
  Save(*world.journal, plan);
  BOOST_TEST((world.journal->FindRecommendation(hash).value().plan == MakePlan(4)));
  BOOST_TEST(world.journal->Decide(hash, State::kExecuted, "auto", "", kNow).ok());
  Save(*world.journal, plan);
  BOOST_TEST((StateOf(*world.journal, hash) == State::kOpen));
  BOOST_TEST(world.journal->Recommendations(10).value().size() == 2u);
}

BOOST_AUTO_TEST_CASE(prefixes_find_one_or_say_why_not) {
  JournalWorld world;
  // So many that two of them begin with the same four characters.
  std::map<std::string, std::string> by_prefix;
  std::string one, other;
  for (int i = 0; one.empty(); ++i) {
    BOOST_REQUIRE(i < 5000);
    const std::string hash = PlanHash(MakePlan(4, std::to_string(i)));
    const auto [twin, is_new] = by_prefix.emplace(hash.substr(0, 4), std::to_string(i));
    if (is_new) continue;
    one = Save(*world.journal, MakePlan(4, twin->second));
    other = Save(*world.journal, MakePlan(4, std::to_string(i)));
  }
  const auto several = world.journal->FindRecommendation(one.substr(0, 4));
  BOOST_TEST((several.status().code() == StatusCode::kInvalidArgument));
  BOOST_TEST(Says(several.status(), ShortHash(one)), Message(several.status()));
  BOOST_TEST(Says(several.status(), ShortHash(other)), Message(several.status()));
  BOOST_TEST((world.journal->Decide(one.substr(0, 4), State::kApproved, "ann", "", kNow).code() ==
              StatusCode::kInvalidArgument));
  BOOST_TEST(world.journal->FindRecommendation(one.substr(0, 10)).value().hash == one);
  std::string upper = other.substr(0, 10);
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  BOOST_TEST(world.journal->FindRecommendation(upper).value().hash == other);
  BOOST_TEST(world.journal->Decide(other.substr(0, 10), State::kApproved, "ann", "", kNow).ok());

  const std::string absent = one[0] == '0' ? "1111111111" : "0000000000";
  BOOST_TEST((world.journal->FindRecommendation(absent).status().code() == StatusCode::kNotFound));
  for (const char* bad : {"", "abc", "%%%%", "xyzw", "12 34"}) {
    BOOST_TEST(
        (world.journal->FindRecommendation(bad).status().code() == StatusCode::kInvalidArgument));
  }
}

BOOST_AUTO_TEST_CASE(a_hash_that_is_not_the_plans_is_refused) {
  JournalWorld world;
  Recommendation recommendation = Recommend(MakePlan(4));
  recommendation.plan.to_shards = 9;
  BOOST_TEST(
      (world.journal->SaveRecommendation(recommendation).code() == StatusCode::kInvalidArgument));
  BOOST_TEST(world.journal->Recommendations(10).value().empty());
}

BOOST_AUTO_TEST_CASE(undecided_ones_are_dropped_in_the_end_and_decisions_kept) {
  JournalWorld world;
  const std::string undecided = Save(*world.journal, MakePlan(4));
  const std::string rejected = Save(*world.journal, MakePlan(5));
  BOOST_TEST(world.journal->Decide(rejected, State::kRejected, "ann", "", kNow).ok());
  BOOST_TEST(world.journal->ExpireRecommendations(kNow + std::chrono::days(91)).ok());
  BOOST_TEST(
      (world.journal->FindRecommendation(undecided).status().code() == StatusCode::kNotFound));
  BOOST_TEST((StateOf(*world.journal, rejected) == State::kRejected));
}
