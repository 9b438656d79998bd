#include <boost/test/unit_test.hpp>

#include "tests/journal/journal_support.h"

using namespace tidewright;
using namespace tidewright::testing;
using std::chrono::minutes;

BOOST_AUTO_TEST_CASE(action_ids_are_never_given_twice) {
  JournalWorld world;
  BOOST_TEST(world.journal->NextActionId().value() == "a-0001");
  BOOST_TEST(world.journal->NextActionId().value() == "a-0002");
  world.Reopen();
  BOOST_TEST(world.journal->NextActionId().value() == "a-0003");
}

BOOST_AUTO_TEST_CASE(an_action_comes_back_as_it_was_saved_last) {
  JournalWorld world;
  ActionRecord record = MakeAction("a-0001");
  BOOST_TEST(world.journal->SaveAction(record).ok());
  record.steps[0].state = StepState::kIntended;
  BOOST_TEST(world.journal->SaveAction(record).ok());
  record.steps[0].state = StepState::kDone;
  record.steps[1].state = StepState::kIntended;
  record.steps[1].attempts = 2;
  record.steps[1].error = "it did not answer";
  record.state = ActionState::kPaused;
  record.error = "paused by ann";
  record.cancelled_by = "ann";
  record.partitions_moved = 64;
  record.keys_moved = 1e6;
  record.bytes_moved = 2.5e8;
  BOOST_TEST(world.journal->SaveAction(record).ok());
  world.Reopen();
  const auto found = world.journal->OpenAction("c").value();
  BOOST_REQUIRE(found.has_value());
  BOOST_TEST(found->id == "a-0001");
  BOOST_TEST((found->plan == record.plan));
  BOOST_TEST(found->plan_hash == record.plan_hash);
  BOOST_TEST((found->state == ActionState::kPaused));
  BOOST_TEST(found->actor == "auto");
  BOOST_TEST(found->error == "paused by ann");
  BOOST_TEST((found->created == kNow));
  BOOST_TEST((found->ended == WallTime{}));
  BOOST_TEST(found->cancelled_by == "ann");
  BOOST_TEST(found->partitions_moved == 64);
  BOOST_TEST(found->keys_moved == 1e6);
  BOOST_TEST(found->bytes_moved == 2.5e8);
  BOOST_REQUIRE(found->steps.size() == 3u);
  BOOST_TEST((found->steps[0].state == StepState::kDone));
  BOOST_TEST((found->steps[1].state == StepState::kIntended));
  BOOST_TEST((found->steps[2].state == StepState::kPending));
  BOOST_TEST(found->steps[1].attempts == 2);
  BOOST_TEST(found->steps[1].error == "it did not answer");
  BOOST_TEST(found->steps[1].step.index == 1);
  BOOST_TEST(found->steps[1].step.kind == "move");
  BOOST_TEST(found->steps[1].step.args == record.steps[1].step.args);
  BOOST_TEST(found->steps[1].step.title == "move");
}

BOOST_AUTO_TEST_CASE(illegal_changes_are_refused_and_leave_what_was) {
  JournalWorld world;
  ActionRecord record = MakeAction("a-0001");
  record.steps[0].state = StepState::kDone;
  BOOST_TEST(world.journal->SaveAction(record).ok());

  ActionRecord back = record;
  back.steps[0].state = StepState::kPending;
  ActionRecord other_plan = record;
  other_plan.plan_hash = PlanHash(MakePlan(7));
  ActionRecord shorter = record;
  shorter.steps.pop_back();
  for (const ActionRecord& bad : {back, other_plan, shorter}) {
    const Status refused = world.journal->SaveAction(bad);
    BOOST_TEST((refused.code() == StatusCode::kFailedPrecondition), Message(refused));
  }
  record.state = ActionState::kDone;
  record.ended = kNow + minutes(5);
  BOOST_TEST(world.journal->SaveAction(record).ok());
  ActionRecord undead = record;
  undead.state = ActionState::kRunning;
  const Status refused = world.journal->SaveAction(undead);
  BOOST_TEST((refused.code() == StatusCode::kFailedPrecondition));
  BOOST_TEST(Says(refused, "action a-0001 is done and cannot become running"), Message(refused));
  const auto kept = world.journal->Actions(1).value().front();
  BOOST_TEST((kept.state == ActionState::kDone));
  BOOST_TEST((kept.steps[0].state == StepState::kDone));
  BOOST_TEST((world.journal->SaveAction(MakeAction("")).code() == StatusCode::kInvalidArgument));
}

BOOST_AUTO_TEST_CASE(a_cluster_has_one_open_action) {
  JournalWorld world;
  ActionRecord first = MakeAction("a-0001");
  BOOST_TEST(world.journal->SaveAction(first).ok());
  const Status second = world.journal->SaveAction(MakeAction("a-0002"));
  BOOST_TEST((second.code() == StatusCode::kFailedPrecondition));
  BOOST_TEST(Says(second, "a-0001"), Message(second));
  first.state = ActionState::kRolledBack;
  BOOST_TEST(world.journal->SaveAction(first).ok());
  BOOST_TEST(!world.journal->OpenAction("c").value().has_value());
  BOOST_TEST(world.journal->SaveAction(MakeAction("a-0002")).ok());
  BOOST_TEST(!world.journal->OpenAction("other").value().has_value());
  const auto all = world.journal->Actions(10).value();
  BOOST_REQUIRE(all.size() == 2u);
  BOOST_TEST(all[0].id == "a-0002");
  BOOST_TEST(world.journal->Actions(1).value().size() == 1u);
  BOOST_TEST(world.journal->Actions(-3).value().empty());
}

BOOST_AUTO_TEST_CASE(notes_are_kept_by_action_and_may_be_large_and_binary) {
  JournalWorld world;
  std::string large(3'000'000, 'k');
  large[17] = '\0';
  large[18] = '\xff';
  BOOST_TEST(world.journal->SaveNote("a-0001", "batch", "old").ok());
  BOOST_TEST(world.journal->SaveNote("a-0001", "batch", large).ok());
  BOOST_TEST(world.journal->SaveNote("a-0001", "empty", "").ok());
  BOOST_TEST(world.journal->SaveNote("a-0002", "batch", "other").ok());
  world.Reopen();
  const auto notes = world.journal->Notes("a-0001").value();
  BOOST_TEST(notes.size() == 2u);
  BOOST_TEST((notes.at("batch") == large));
  BOOST_TEST(notes.at("empty").empty());
  BOOST_TEST(world.journal->Notes("a-0003").value().empty());
}

BOOST_AUTO_TEST_CASE(notes_of_actions_long_ended_are_dropped) {
  JournalWorld world;
  const int count = Journal::kActionsWithNotes + 3;
  for (int i = 1; i <= count; ++i) {
    ActionRecord record = MakeAction("a-" + std::to_string(i));
    BOOST_TEST(world.journal->SaveAction(record).ok());
    BOOST_TEST(world.journal->SaveNote(record.id, "k", "v").ok());
    record.state = ActionState::kDone;
    BOOST_TEST(world.journal->SaveAction(record).ok());
  }
  for (int i = 1; i <= count; ++i) {
    const bool kept = !world.journal->Notes("a-" + std::to_string(i)).value().empty();
    BOOST_TEST(kept == (i > count - Journal::kActionsWithNotes));
  }
}

BOOST_AUTO_TEST_CASE(every_acknowledged_intent_survives_a_kill) {
  const TempFolder folder;
  Child child([&](const Child::Say& say) {
    auto journal = Journal::Open(folder / "journal.db");
    if (!journal.ok()) _exit(2);
    ActionRecord record = MakeAction("a-0001", 400);
    for (std::size_t i = 0; i < record.steps.size(); ++i) {
      for (StepState state : {StepState::kIntended, StepState::kDone}) {
        record.steps[i].state = state;
        if (!(*journal)->SaveAction(record).ok()) _exit(3);
        const std::string line = std::to_string(2 * i + (state == StepState::kDone ? 1 : 0));
        if (!(*journal)->SaveNote("a-0001", "newest", line).ok()) _exit(4);
        if (!(*journal)->Audit(kNow, "tidewright", "step", line).ok()) _exit(5);
        say(line);
      }
    }
  });
  std::size_t acknowledged = 0;
  while (acknowledged < 100) acknowledged = std::stoul(child.Line());
  child.Kill();
  for (std::string line = child.Line(); !line.empty(); line = child.Line()) {
    acknowledged = std::stoul(line);
  }
  // The lock went with its holder.
  auto journal = Journal::Open(folder / "journal.db");
  BOOST_REQUIRE_MESSAGE(journal.ok(), Message(journal.status()));
  const auto action = (*journal)->OpenAction("c").value();
  BOOST_REQUIRE(action.has_value());
  for (std::size_t i = 0; i < action->steps.size(); ++i) {
    const StepState state = action->steps[i].state;
    if (2 * i + 1 <= acknowledged) {
      BOOST_TEST((state == StepState::kDone));
    } else if (2 * i <= acknowledged) {
      BOOST_TEST((state != StepState::kPending));
    }
  }
  BOOST_TEST(std::stoul((*journal)->Notes("a-0001").value().at("newest")) >= acknowledged);
  BOOST_TEST((*journal)->AuditLog(WallTime{}, 10'000).value().size() > acknowledged);
  BOOST_TEST((*journal)->VerifyAudit().ok());
}
