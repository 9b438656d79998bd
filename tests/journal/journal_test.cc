#include <atomic>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <thread>

#include "journal/file_lock.h"
#include "tests/journal/journal_support.h"

using namespace tidewright;
using namespace tidewright::testing;

BOOST_AUTO_TEST_CASE(a_second_controller_is_refused_and_told_whose_it_is) {
  JournalWorld world;
  const auto second = Journal::Open(world.path);
  BOOST_TEST((second.status().code() == StatusCode::kFailedPrecondition));
  BOOST_TEST(Says(second.status(), "process " + std::to_string(getpid())),
             Message(second.status()));

  Child child([&](const Child::Say& say) { say(Message(Journal::Open(world.path).status())); });
  const std::string line = child.Line();
  BOOST_TEST(line.find("process " + std::to_string(getpid())) != std::string::npos, line);
  child.Wait();  // a fork shares our lock
  world.Reopen();
}

BOOST_AUTO_TEST_CASE(the_lock_ends_with_its_holder_and_not_with_its_holders_children) {
  const TempFolder folder;
  Child holder([&](const Child::Say& say) {
    auto lock = FileLock::Acquire(folder / "lock");
    if (!lock.ok()) _exit(2);
    // As a redis-server that the local provisioner starts.
    const pid_t server = fork();
    if (server == 0) {
      execlp("sleep", "sleep", "60", nullptr);
      _exit(127);
    }
    say(std::to_string(server));
    pause();
  });
  const pid_t server = std::stoi(holder.Line());
  BOOST_TEST(!FileLock::Acquire(folder / "lock").ok());
  // Only once it runs another program is the descriptor closed there.
  const std::string comm = "/proc/" + std::to_string(server) + "/comm";
  for (std::string name; name != "sleep";) {
    std::ifstream(comm) >> name;
    std::this_thread::yield();
  }
  holder.Kill();
  BOOST_TEST(FileLock::Acquire(folder / "lock").ok());
  kill(server, SIGKILL);
}

BOOST_AUTO_TEST_CASE(facts_are_kept_under_their_names) {
  JournalWorld world;
  BOOST_TEST(!world.journal->Fact("experience").value().has_value());
  BOOST_TEST(world.journal->SaveFact("experience", "1").ok());
  BOOST_TEST(world.journal->SaveFact("experience", "{\"a\":2}").ok());
  BOOST_TEST(world.journal->SaveFact("retired:10.0.0.7:6379", "").ok());
  world.Reopen();
  BOOST_TEST(world.journal->Fact("experience").value().value() == "{\"a\":2}");
  BOOST_TEST(world.journal->Fact("retired:10.0.0.7:6379").value().value().empty());
}

BOOST_AUTO_TEST_CASE(a_damaged_file_is_data_loss_that_names_it) {
  JournalWorld world;
  for (int i = 0; i < 200; ++i) {
    BOOST_REQUIRE(world.journal->Audit(kNow, "a", "b", "\"" + std::string(300, 'x') + "\"").ok());
  }
  world.journal.reset();
  const auto size = std::filesystem::file_size(world.path);
  Overwrite(world.path, static_cast<std::streamoff>(size / 4096 / 2 * 4096),
            std::string(3000, '\x7f'));
  const auto damaged = Journal::Open(world.path);
  BOOST_TEST((damaged.status().code() == StatusCode::kDataLoss));
  BOOST_TEST(Says(damaged.status(), world.path), Message(damaged.status()));

  Overwrite(world.path, 0, std::string(4096, 'x'));
  BOOST_TEST((Journal::Open(world.path).status().code() == StatusCode::kDataLoss));
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_missing_is_named) {
  const TempFolder folder;
  const auto missing = Journal::Open(folder / "none/journal.db");
  BOOST_TEST((missing.status().code() == StatusCode::kFailedPrecondition));
  BOOST_TEST(Says(missing.status(), "its folder must exist"), Message(missing.status()));
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_an_error_and_no_half_of_a_change_is_kept) {
  const TempFolder folder;
  Child child([&](const Child::Say& say) {
    LimitDisk(folder.path(), 600'000);
    auto journal = Journal::Open(folder / "journal.db");
    if (!journal.ok()) _exit(2);
    ActionRecord record = MakeAction("a-0001");
    if (!(*journal)->SaveAction(record).ok()) _exit(3);
    say(CodeName((*journal)->SaveNote("a-0001", "large", std::string(2'000'000, 'k')).code()));
    say((*journal)->Notes("a-0001").value().empty() ? "none" : "half");
    Status status;
    int saved = 0;
    while (status.ok() && saved < 10'000) {
      status = (*journal)->Audit(kNow, "a", "b", "\"" + std::string(1000, 'x') + "\"");
      if (status.ok()) ++saved;
    }
    say(CodeName(status.code()));
    const auto log = (*journal)->AuditLog(WallTime{}, 20'000);
    say(log.ok() && static_cast<int>(log->size()) == saved ? "all there" : "lost");
    say((*journal)->VerifyAudit().ok() ? "holds" : "broken");
  });
  for (const char* wanted :
       {"resource exhausted", "none", "resource exhausted", "all there", "holds"}) {
    BOOST_TEST(child.Line() == wanted);
  }
  BOOST_TEST(child.Wait() == 0);
}

BOOST_AUTO_TEST_CASE(several_threads_may_use_it) {
  JournalWorld world;
  std::atomic<int> failures = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 25; ++i) {
          if (!world.journal->Audit(kNow, std::to_string(t), "w", "{}").ok()) ++failures;
          if (!world.journal->SaveFact(std::to_string(t), std::to_string(i)).ok()) ++failures;
          if (!world.journal->AuditLog(WallTime{}, 10).ok()) ++failures;
        }
      });
    }
  }
  BOOST_TEST(failures == 0);
  BOOST_TEST(world.journal->AuditLog(WallTime{}, 1000).value().size() == 100u);
  BOOST_TEST(world.journal->VerifyAudit().ok());
}
