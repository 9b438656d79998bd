#include "cli/safety_options.h"

namespace tidewright::cli {

void AddAudit(CLI::App& app, SafetyArguments& args, std::function<int()>& run,
              const std::function<Session()>& open) {
  auto* parent = app.add_subcommand("audit", "Who changed what, when and why");
  parent->fallthrough();
  parent->add_option("--since", args.audit.since, "A duration before now, such as 2h, or a time");
  parent->add_option("--limit", args.audit.limit, "The newest so many")->check(CLI::Range(1, 1000));
  parent->add_option("--data-dir", args.audit.data_dir,
                     "Read the daemon's data_dir instead of asking the daemon");
  parent->footer(
      "Examples:\n"
      "  tidectl audit --since 1d\n"
      "  tidectl audit --data-dir /var/lib/tidewright --output json   without the daemon\n"
      "  tidectl audit verify --data-dir /var/lib/tidewright\n"
      "Verify exits with 1 when an entry was changed, removed or inserted, and names the first.\n"
      "Note the number and hash that it prints elsewhere and give them to a later run with\n"
      "--expect: that shows a log that was written anew as a whole.");
  auto* verify = parent->add_subcommand("verify", "Check the chain of hashes; changes nothing");
  verify->fallthrough();
  verify->add_option("--data-dir", args.audit.data_dir, "The daemon's data_dir")->required();
  verify->add_option("--expect", args.audit.expect, "NUMBER:HASH that was noted earlier");
  verify->callback([&run, &args, open] {
    run = [&args, open] { return VerifyAudit(args.audit, open().options().json); };
  });
  parent->callback([&run, &args, open, parent] {
    if (!parent->get_subcommands().empty()) return;
    run = [&args, open] {
      auto session = open();
      return ShowAudit(session, args.audit);
    };
  });
}

void AddStop(CLI::App& app, SafetyArguments& args, std::function<int()>& run,
             const std::function<Session()>& open) {
  auto* stop = app.add_subcommand("stop", "The kill switch: change nothing until it is cleared");
  stop->fallthrough();
  auto* all = stop->add_flag("--all", args.stop_all, "Throw it");
  stop->add_flag("--clear", args.stop.clear, "Take it back")->excludes(all);
  stop->add_option("--comment", args.stop.comment, "Why, for the audit log");
  stop->add_option("--data-dir", args.stop.data_dir,
                   "Write the daemon's data_dir instead of asking the daemon");
  stop->footer(
      "It has no expiry, is obeyed before each command that would change the store, and works "
      "with\n"
      "the daemon's API down. Slots that are open are brought to their end first.\n"
      "Examples:\n"
      "  tidectl stop --all --comment 'latency doubled'\n"
      "  tidectl stop --all --data-dir /var/lib/tidewright     without the API\n"
      "  tidectl stop --clear");
  stop->callback([&run, &args, open] {
    if (!args.stop_all && !args.stop.clear) {
      throw CLI::ValidationError("stop", "say --all to stop, or --clear to take it back");
    }
    run = [&args, open] {
      auto session = open();
      return StopOrClear(session, args.stop);
    };
  });
}

void AddHold(CLI::App& app, SafetyArguments& args, std::function<int()>& run,
             const std::function<Session()>& open) {
  auto* hold = app.add_subcommand("hold", "Let nothing begin until a time; lists what is held");
  hold->fallthrough();
  auto* until =
      hold->add_option("--until", args.hold.until, "A duration from now, such as 6h, or a time");
  hold->add_option("--clear", args.hold.clear, "End one of them: its id, such as h-1")
      ->excludes(until);
  hold->add_option("--comment", args.hold.comment, "Why: for whoever finds it, and the audit log");
  hold->footer(
      "An action that is under way goes on (`tidectl actions pause` stops it). An emergency "
      "begins\n"
      "all the same where the policy says emergency_ignores_windows.\n"
      "Examples:\n"
      "  tidectl hold --until 6h --comment 'index rebuild'\n"
      "  tidectl hold --until 2027-01-02T06:00:00Z --comment holidays\n"
      "  tidectl hold\n"
      "  tidectl hold --clear h-1");
  hold->callback([&run, &args, open] {
    if (!args.hold.until.empty() && args.hold.comment.empty()) {
      throw CLI::ValidationError("hold", "say why with --comment: others will want to know");
    }
    run = [&args, open] {
      auto session = open();
      return Hold(session, args.hold);
    };
  });
}

void AddLocks(CLI::App& app, SafetyArguments& args, std::function<int()>& run,
              const std::function<Session()>& open) {
  auto* unlock = app.add_subcommand("unlock", "Let auto mode act before it has earned it");
  auto* lock = app.add_subcommand("lock", "Let auto mode wait for approval until it is unlocked");
  for (const bool locks : {false, true}) {
    auto* sub = locks ? lock : unlock;
    sub->fallthrough();
    sub->add_option("--comment", args.comment, "Why, for the audit log")->required();
    sub->callback([&run, &args, open, locks] {
      run = [&args, open, locks] {
        auto session = open();
        return SetAutoLock(session, locks, args.comment);
      };
    });
  }
  auto* breaker = app.add_subcommand("breaker", "What holds auto mode back after failures");
  breaker->fallthrough();
  breaker->require_subcommand(1);
  auto* reset = breaker->add_subcommand("reset", "Forget the failures up to now");
  reset->fallthrough();
  reset->add_option("--comment", args.comment, "Why, for the audit log")->required();
  reset->callback([&run, &args, open] {
    run = [&args, open] {
      auto session = open();
      return ResetBreaker(session, args.comment);
    };
  });
}

void AddCancel(CLI::App& actions, SafetyArguments& args, std::function<int()>& run,
               const std::function<Session()>& open) {
  auto* cancel = actions.add_subcommand(
      "cancel", "End the open action at a slot boundary, as the cluster stands there");
  cancel->fallthrough();
  cancel->add_option("ID", args.action_id, "Its id, such as a-0001")->required();
  cancel->add_flag("--roll-back", args.roll_back, "Undo what was done");
  cancel->add_option("--comment", args.comment, "Why, for the audit log");
  cancel->callback([&run, &args, open] {
    run = [&args, open] {
      auto session = open();
      return CancelAction(session, args.action_id, args.roll_back, args.comment);
    };
  });
}

}  // namespace tidewright::cli
