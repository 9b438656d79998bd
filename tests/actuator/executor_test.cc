#include "actuator/executor.h"

#include <boost/test/unit_test.hpp>
#include <future>
#include <stdexcept>
#include <thread>

#include "tests/actuator/fake_world.h"

namespace tidewright {
namespace {

using testing::FakeWorld;
using testing::Faults;
using testing::InstantClock;
using testing::MakeAction;

/// A store whose Do is the test's.
class ScriptedStore : public StoreActuator {
 public:
  std::function<Status(const Step&, StepContext&)> on_do;
  std::function<Status(const Step&)> on_verify = [](const Step&) { return OkStatus(); };

  StatusOr<std::vector<Step>> Expand(const Plan&, const Topology&) override {
    return std::vector<Step>{};
  }
  StatusOr<StepCheck> Check(const Step&, StepContext&) override { return StepCheck::kReady; }
  Status Do(const Step& step, StepContext& context) override { return on_do(step, context); }
  Status Undo(const Step&, StepContext&) override { return OkStatus(); }
  Status Verify(const Step& step, StepContext&) override { return on_verify(step); }
};

class MemoryLog : public ActionLog {
 public:
  Status next = OkStatus();  ///< of the saves from now on
  std::vector<ActionRecord> saved;
  std::map<std::string, std::string> notes;

  Status SaveAction(const ActionRecord& record) override {
    if (next.ok()) saved.push_back(record);
    return next;
  }
  Status SaveNote(const std::string&, const std::string& key, const std::string& value) override {
    notes[key] = value;
    return OkStatus();
  }
  StatusOr<std::map<std::string, std::string>> Notes(const std::string&) const override {
    return notes;
  }
};

struct Bench {
  MemoryLog log;
  ScriptedStore store;
  InstantClock clock;
  std::vector<std::string> changes;
  Executor executor{log, store, clock,
                    [this](const ActionRecord& r) { changes.push_back(ActionStateName(r.state)); }};
  std::promise<void> reached;  ///< the store is in the midst of its Do

  /// Do blocks until it is asked to stop.
  void BlockInDo() {
    store.on_do = [this](const Step&, StepContext& context) {
      reached.set_value();
      while (!context.StopRequested()) std::this_thread::yield();
      return Error(StatusCode::kCancelled, "stopped between two slots");
    };
  }
};

BOOST_AUTO_TEST_CASE(an_action_runs_to_its_end_and_tells_each_durable_state) {
  Bench bench;
  bench.store.on_do = [](const Step&, StepContext& context) {
    context.Progress(3, 100, 2000);
    context.Progress(1, 50, 1000);
    return OkStatus();
  };
  BOOST_REQUIRE(bench.executor.Start(MakeAction(2)).ok());
  bench.executor.Wait();
  BOOST_TEST(!bench.executor.Busy());
  BOOST_TEST(ActionStateName(bench.executor.Current()->state) == "done");
  BOOST_TEST((bench.executor.Current()->ended == bench.clock.Wall()));
  BOOST_TEST(bench.changes ==
                 (std::vector<std::string>{"running", "running", "running", "running", "done"}),
             boost::test_tools::per_element());
  const ActionProgress progress = bench.executor.Progress();
  BOOST_TEST(progress.action_id == "a-0001");
  BOOST_TEST(progress.step == 1);
  BOOST_TEST(progress.partitions_moved == 0);  // all of it is in the record by now
  BOOST_TEST(bench.log.saved.back().partitions_moved == 8);
  BOOST_TEST(bench.log.saved.back().keys_moved == 300);
  BOOST_TEST(bench.log.saved.back().bytes_moved == 6000);
}

BOOST_AUTO_TEST_CASE(a_second_action_is_refused_while_one_runs) {
  Bench bench;
  bench.BlockInDo();
  BOOST_REQUIRE(bench.executor.Start(MakeAction(1)).ok());
  bench.reached.get_future().wait();
  BOOST_TEST((bench.executor.Start(MakeAction(1)).code() == StatusCode::kFailedPrecondition));
  bench.executor.Stop();
}

BOOST_AUTO_TEST_CASE(an_action_that_has_ended_is_not_started) {
  Bench bench;
  ActionRecord record = MakeAction(1);
  record.state = ActionState::kFailed;
  BOOST_TEST((bench.executor.Start(record).code() == StatusCode::kFailedPrecondition));
  BOOST_TEST(bench.log.saved.empty());
}

BOOST_AUTO_TEST_CASE(stop_leaves_the_action_running_in_the_journal_and_a_start_resumes_it) {
  Bench bench;
  bench.BlockInDo();
  BOOST_REQUIRE(bench.executor.Start(MakeAction(1)).ok());
  bench.reached.get_future().wait();
  bench.executor.Stop();
  BOOST_TEST(!bench.executor.Busy());
  const ActionRecord left = bench.log.saved.back();
  BOOST_TEST(ActionStateName(left.state) == "running");
  BOOST_TEST(StepStateName(left.steps[0].state) == "intended");
  BOOST_TEST(left.steps[0].attempts == 0);

  bench.store.on_do = [](const Step&, StepContext&) { return OkStatus(); };
  BOOST_REQUIRE(bench.executor.Start(left).ok());
  bench.executor.Wait();
  BOOST_TEST(ActionStateName(bench.log.saved.back().state) == "done");
}

BOOST_AUTO_TEST_CASE(the_destructor_stops_at_a_safe_boundary) {
  auto bench = std::make_unique<Bench>();
  bench->BlockInDo();
  BOOST_REQUIRE(bench->executor.Start(MakeAction(1)).ok());
  bench->reached.get_future().wait();
  bench.reset();  // would hang if it did not ask to stop
}

BOOST_AUTO_TEST_CASE(pause_marks_the_action_and_a_start_resumes_it) {
  Bench bench;
  bench.BlockInDo();
  BOOST_REQUIRE(bench.executor.Start(MakeAction(1)).ok());
  bench.reached.get_future().wait();
  BOOST_TEST(bench.executor.Pause("latency doubled").ok());
  BOOST_TEST(!bench.executor.Busy());
  const ActionRecord left = bench.log.saved.back();
  BOOST_TEST(ActionStateName(left.state) == "paused");
  BOOST_TEST(left.error == "latency doubled");
  BOOST_TEST(bench.changes.back() == "paused");

  bench.store.on_do = [](const Step&, StepContext&) { return OkStatus(); };
  BOOST_REQUIRE(bench.executor.Start(left).ok());
  bench.executor.Wait();
  BOOST_TEST(ActionStateName(bench.log.saved.back().state) == "done");
}

BOOST_AUTO_TEST_CASE(a_pause_that_cannot_be_saved_says_so_and_still_stops) {
  Bench bench;
  bench.BlockInDo();
  BOOST_REQUIRE(bench.executor.Start(MakeAction(1)).ok());
  bench.reached.get_future().wait();
  bench.log.next = Error(StatusCode::kResourceExhausted, "disk full");
  BOOST_TEST((bench.executor.Pause("by ann").code() == StatusCode::kResourceExhausted));
  BOOST_TEST(!bench.executor.Busy());
  BOOST_TEST(ActionStateName(bench.executor.Current()->state) == "running");
}

BOOST_AUTO_TEST_CASE(pausing_when_nothing_runs_is_harmless) {
  Bench bench;
  BOOST_TEST(bench.executor.Pause("by ann").ok());
  bench.executor.Stop();
  bench.executor.Wait();
  BOOST_TEST(bench.log.saved.empty());
}

BOOST_AUTO_TEST_CASE(a_wait_before_another_attempt_is_cut_short_by_stop) {
  MemoryLog log;
  ScriptedStore store;
  SimulatedClock clock{WallTime()};  // nobody moves it: the wait would last for ever
  store.on_do = [](const Step&, StepContext&) { return Error(StatusCode::kUnavailable, "busy"); };
  std::promise<void> failed;
  Executor executor(log, store, clock, [&](const ActionRecord& record) {
    if (record.steps[0].attempts == 1) failed.set_value();
  });
  BOOST_REQUIRE(executor.Start(MakeAction(1)).ok());
  failed.get_future().wait();
  executor.Stop();
  BOOST_TEST(!executor.Busy());
  BOOST_TEST(log.saved.back().steps[0].error == "unavailable: busy");
}

BOOST_AUTO_TEST_CASE(nothing_starts_when_the_action_cannot_be_saved) {
  Bench bench;
  bench.log.next = Error(StatusCode::kResourceExhausted, "disk full");
  BOOST_TEST((bench.executor.Start(MakeAction(1)).code() == StatusCode::kResourceExhausted));
  BOOST_TEST(!bench.executor.Busy());
  BOOST_TEST(!bench.executor.Current().has_value());
}

BOOST_AUTO_TEST_CASE(a_failed_save_stops_the_action_before_the_next_effect) {
  Bench bench;
  int effects = 0;
  bench.store.on_do = [&](const Step&, StepContext&) {
    ++effects;
    return OkStatus();
  };
  bench.store.on_verify = [&](const Step&) {
    bench.log.next = Error(StatusCode::kResourceExhausted, "disk full");
    return OkStatus();
  };
  BOOST_REQUIRE(bench.executor.Start(MakeAction(3)).ok());
  bench.executor.Wait();
  BOOST_TEST(effects == 1);
  const auto current = bench.executor.Current();
  BOOST_TEST(ActionStateName(current->state) == "running");
  BOOST_TEST(StepStateName(current->steps[0].state) == "intended");
  BOOST_TEST(current->error == "save the action: disk full");

  bench.log.next = OkStatus();
  bench.store.on_verify = [](const Step&) { return OkStatus(); };
  BOOST_REQUIRE(bench.executor.Start(bench.log.saved.back()).ok());
  bench.executor.Wait();
  BOOST_TEST(ActionStateName(bench.log.saved.back().state) == "done");
}

BOOST_AUTO_TEST_CASE(an_exception_of_the_store_rolls_back_and_does_not_escape) {
  Faults faults;
  faults.throwing_step = 1;
  FakeWorld world(MakeAction(2), faults, 1);
  InstantClock clock;
  Executor executor(world, world, clock, nullptr);
  BOOST_REQUIRE(executor.Start(world.durable()).ok());
  executor.Wait();
  BOOST_TEST(ActionStateName(world.durable().state) == "rolled-back");
  BOOST_TEST(world.durable().error ==
             "step 2 (put piece 1): internal: the store threw: broken store");
}

BOOST_AUTO_TEST_CASE(a_store_that_stops_unasked_pauses_the_action_for_a_person) {
  Bench bench;
  bench.store.on_do = [](const Step&, StepContext&) {
    return Error(StatusCode::kCancelled, "tired");
  };
  BOOST_REQUIRE(bench.executor.Start(MakeAction(1)).ok());
  bench.executor.Wait();
  BOOST_TEST(ActionStateName(bench.log.saved.back().state) == "paused");
  BOOST_TEST(bench.log.saved.back().error == "the store stopped unasked: tired");
}

BOOST_AUTO_TEST_CASE(notes_survive_a_restart) {
  Bench bench;
  bench.log.notes["node"] = "127.0.0.1:7001";
  std::optional<std::string> seen;
  std::optional<std::string> missing = "something";
  bench.store.on_do = [&](const Step&, StepContext& context) {
    seen = context.Note("node");
    missing = context.Note("none");
    return context.SaveNote("slot", "812");
  };
  BOOST_REQUIRE(bench.executor.Start(MakeAction(1)).ok());
  bench.executor.Wait();
  BOOST_TEST(seen.value_or("") == "127.0.0.1:7001");
  BOOST_TEST(!missing.has_value());
  BOOST_TEST(bench.log.notes["slot"] == "812");
}

BOOST_AUTO_TEST_CASE(cancel_ends_the_action_at_a_boundary_and_keeps_what_was_moved) {
  Bench bench;
  bench.store.on_do = [&](const Step& step, StepContext& context) -> Status {
    if (step.index == 0) {
      context.Progress(3, 0, 0);
      return OkStatus();
    }
    context.Progress(2, 0, 0);
    bench.reached.set_value();
    while (!context.StopRequested()) std::this_thread::yield();
    return Error(StatusCode::kCancelled, "stopped between two slots");
  };
  BOOST_REQUIRE(bench.executor.Start(MakeAction(3)).ok());
  bench.reached.get_future().wait();
  const auto cancelled = bench.executor.Cancel(MakeAction(3), "ann", "not now", false);
  BOOST_REQUIRE_MESSAGE(cancelled.ok(), cancelled.status());
  BOOST_TEST(!bench.executor.Busy());
  const ActionRecord& left = bench.log.saved.back();
  BOOST_TEST(ActionStateName(left.state) == "cancelled");
  BOOST_TEST(left.cancelled_by == "ann");
  BOOST_TEST(left.partitions_moved == 5);
  BOOST_TEST((left.ended == bench.clock.Wall()));
  BOOST_TEST(bench.changes.back() == "cancelled");
  BOOST_TEST((bench.executor.Cancel(left, "ann", "", false).status().code() ==
              StatusCode::kFailedPrecondition));
}

BOOST_AUTO_TEST_CASE(cancel_goes_back_when_asked_to_or_when_there_is_nothing_to_keep) {
  for (const bool roll_back : {true, false}) {
    Bench bench;
    bench.BlockInDo();
    BOOST_REQUIRE(bench.executor.Start(MakeAction(2)).ok());
    bench.reached.get_future().wait();
    const auto cancelled = bench.executor.Cancel(MakeAction(2), "ann", "", roll_back);
    BOOST_REQUIRE_MESSAGE(cancelled.ok(), cancelled.status());
    BOOST_TEST(ActionStateName(cancelled->state) == "rolling-back");
    bench.executor.Wait();
    BOOST_TEST(ActionStateName(bench.log.saved.back().state) == "rolled-back");
    BOOST_TEST(bench.log.saved.back().cancelled_by == "ann");
  }
}

BOOST_AUTO_TEST_CASE(a_paused_action_is_cancelled_without_having_run_in_this_process) {
  Bench bench;
  ActionRecord record = MakeAction(2);
  record.state = ActionState::kPaused;
  record.steps[0].state = StepState::kDone;
  record.partitions_moved = 4;
  BOOST_REQUIRE(bench.executor.Cancel(record, "ann", "", false).ok());
  BOOST_TEST(ActionStateName(bench.log.saved.back().state) == "cancelled");
  bench.log.next = Error(StatusCode::kResourceExhausted, "disk full");
  Bench full;
  full.log.next = bench.log.next;
  BOOST_TEST((full.executor.Cancel(record, "ann", "", false).status().code() ==
              StatusCode::kResourceExhausted));
}

struct SwitchedBench : Bench {
  std::atomic<bool> thrown{false};
  Executor switched{log, store, clock,
                    [this](const ActionRecord& r) { changes.push_back(ActionStateName(r.state)); },
                    [this] { return thrown.load(); }};
};

BOOST_AUTO_TEST_CASE(the_kill_switch_reaches_the_store_in_mid_step_and_pauses_the_action) {
  SwitchedBench bench;
  bench.BlockInDo();
  BOOST_REQUIRE(bench.switched.Start(MakeAction(2)).ok());
  bench.reached.get_future().wait();
  bench.thrown = true;  // nobody calls the executor
  bench.switched.Wait();
  const ActionRecord left = bench.log.saved.back();
  BOOST_TEST(ActionStateName(left.state) == "paused");
  BOOST_TEST(left.error == "the kill switch is thrown");
  BOOST_TEST((bench.switched.Start(left).code() == StatusCode::kFailedPrecondition));
  BOOST_TEST((bench.switched.Cancel(left, "ann", "", true).status().code() ==
              StatusCode::kFailedPrecondition));
  bench.thrown = false;
  bench.store.on_do = [](const Step&, StepContext&) { return OkStatus(); };
  BOOST_REQUIRE(bench.switched.Start(left).ok());
  bench.switched.Wait();
  BOOST_TEST(ActionStateName(bench.log.saved.back().state) == "done");
}

BOOST_AUTO_TEST_CASE(the_kill_switch_is_obeyed_before_each_effect) {
  // Thrown after so many questions: whatever effect comes next does not happen.
  for (int questions = 0; questions < 8; ++questions) {
    Bench bench;
    int asked = 0;
    int effects = 0;
    Executor executor(bench.log, bench.store, bench.clock, nullptr,
                      [&] { return asked++ >= questions; });
    bench.store.on_do = [&](const Step&, StepContext&) {
      ++effects;
      return OkStatus();
    };
    const Status started = executor.Start(MakeAction(1));
    executor.Wait();
    if (questions == 0) {
      BOOST_TEST((started.code() == StatusCode::kFailedPrecondition));
      BOOST_TEST(bench.log.saved.empty());
      continue;
    }
    // One question before the start, then one before check, do and verify.
    BOOST_TEST(effects == (questions > 2 ? 1 : 0));
    BOOST_TEST(ActionStateName(bench.log.saved.back().state) ==
               (questions > 3 ? "done" : "paused"));
  }
}

BOOST_AUTO_TEST_CASE(the_kill_switch_cuts_a_wait_short) {
  SwitchedBench bench;
  bench.store.on_do = [&](const Step&, StepContext&) -> Status {
    bench.thrown = true;
    return Error(StatusCode::kUnavailable, "busy");
  };
  BOOST_REQUIRE(bench.switched.Start(MakeAction(1)).ok());
  bench.switched.Wait();
  BOOST_TEST(ActionStateName(bench.log.saved.back().state) == "paused");
}

}  // namespace
}  // namespace tidewright
