// tidectl: the command line of Tidewright.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "cli/acl_command.h"
#include "cli/commands.h"
#include "cli/forecast_options.h"
#include "cli/replay_job.h"
#include "cli/safety_options.h"

namespace tidewright::cli {
namespace {

constexpr char kFooter[] =
    "Examples:\n"
    "  tidectl status                          what is going on, and why\n"
    "  tidectl explain                         why it does that, or nothing, and what would change "
    "it\n"
    "  tidectl top                             load of every node, live\n"
    "  tidectl forecast --resource memory      demand to come, as a picture\n"
    "  tidectl forecast --input load.csv       the same of a file, without a controller\n"
    "  tidectl replay --trace load.csv --baselines --optimum   what a policy would have done\n"
    "  tidectl recommendations                 what should be done\n"
    "  tidectl recommendations show 3fa9c1     one of them, in full\n"
    "  tidectl recommendations approve 3fa9c1  do it\n"
    "  tidectl actions                         what was done\n"
    "  tidectl rebalance --plan-only           what an even spread would move\n"
    "  tidectl savings                         what it saved, and what others would have\n"
    "  tidectl hold --until 6h --comment WHY   let nothing begin until then\n"
    "  tidectl stop --all                      change nothing until `tidectl stop --clear`\n"
    "  tidectl audit --since 1d                who changed what, and why\n"
    "  tidectl acl --capability act            the store's account for it, least rights\n"
    "  tidectl status --output json | jq .demand\n"
    "\n"
    "Exit codes: 0 done; 1 failed; 2 wrong usage; 3 the controller does not answer;\n"
    "4 refused (not found, expired, or not possible in this state).\n";

struct Arguments {
  Options options;
  std::string output = "table";
  TopOptions top;
  double top_interval = 2;
  ForecastOptions forecast;
  std::string forecast_history = "12h";
  ForecastFileOptions forecast_file;
  bool can_write_csv = false;  ///< the command that was chosen
  ReplayOptions replay;
  int limit = 20;
  std::string hash;
  std::string subject = "now";
  std::string action_id;
  std::string comment;
  HistoryOptions history;
  SafetyArguments safety;
  AclOptions acl;
  RebalanceOptions rebalance;
};

/// The leaf commands register what is to be done; main runs it after parsing.
using Run = std::function<int()>;

void AddRecommendations(CLI::App& app, Arguments& args, Run& run,
                        const std::function<Session()>& open) {
  auto* parent = app.add_subcommand("recommendations", "What should be done: list, show, decide");
  parent->alias("rec");
  parent->fallthrough();
  auto* list = parent->add_subcommand("list", "The newest ones");
  list->add_option("--limit", args.limit, "How many")->check(CLI::Range(1, 1000));
  auto* show = parent->add_subcommand("show", "One, with reasons, outlook and moves");
  auto* approve = parent->add_subcommand("approve", "Execute exactly this plan");
  auto* reject = parent->add_subcommand("reject", "Do not execute it");
  for (auto* sub : {show, approve, reject}) {
    sub->add_option("HASH", args.hash, "Its hash, or the beginning of it")->required();
  }
  for (auto* sub : {approve, reject}) {
    sub->add_option("--comment", args.comment, "Why, for the audit log");
  }
  for (auto* sub : {list, show, approve, reject}) sub->fallthrough();
  parent->callback([&, parent, open] {
    if (parent->get_subcommands().empty()) {
      run = [&args, open] {
        auto session = open();
        return ListRecommendations(session, args.limit);
      };
    }
  });
  list->callback([&run, &args, open] {
    run = [&args, open] {
      auto session = open();
      return ListRecommendations(session, args.limit);
    };
  });
  show->callback([&run, &args, open] {
    run = [&args, open] {
      auto session = open();
      return ShowRecommendation(session, args.hash);
    };
  });
  for (const bool yes : {true, false}) {
    (yes ? approve : reject)->callback([&run, &args, open, yes] {
      run = [&args, open, yes] {
        auto session = open();
        return Decide(session, args.hash, yes, args.comment);
      };
    });
  }
}

void AddActions(CLI::App& app, Arguments& args, Run& run, const std::function<Session()>& open) {
  auto* parent = app.add_subcommand("actions", "What is being done and was done to the cluster");
  parent->fallthrough();
  auto* list = parent->add_subcommand("list", "The newest ones");
  list->add_option("--limit", args.limit, "How many")->check(CLI::Range(1, 1000));
  auto* show = parent->add_subcommand("show", "One, step by step");
  show->add_option("ID", args.action_id, "Its id, such as a-0001")->required();
  auto* pause = parent->add_subcommand("pause", "Stop the open action at a safe boundary");
  auto* resume = parent->add_subcommand("resume", "Go on with the paused action");
  for (auto* sub : {list, show, pause, resume}) sub->fallthrough();
  AddCancel(*parent, args.safety, run, open);
  const auto set = [&run, open](CLI::App* sub, std::function<int(Session&)> body) {
    sub->callback([&run, open, body] {
      run = [open, body] {
        auto session = open();
        return body(session);
      };
    });
  };
  set(list, [&args](Session& session) { return ListActions(session, args.limit); });
  set(show, [&args](Session& session) { return ShowAction(session, args.action_id); });
  set(pause, [](Session& session) { return PauseAction(session); });
  set(resume, [](Session& session) { return ResumeAction(session); });
  parent->callback([&run, &args, open, parent] {
    if (!parent->get_subcommands().empty()) return;
    run = [&args, open] {
      auto session = open();
      return ListActions(session, args.limit);
    };
  });
}

void AddHistory(CLI::App& app, Arguments& args, Run& run) {
  auto* parent = app.add_subcommand("history", "Observed load: bring it in, take it out");
  parent->require_subcommand(1);
  parent->footer(
      "Works on the daemon's data folder, also while the daemon runs (it reads imported values\n"
      "when it starts). CSV columns: timestamp,scope,id,resource,value - or timestamp,value with\n"
      "--resource. Times are ISO 8601 in UTC or seconds since 1970.\n"
      "Example:\n"
      "  tidectl history import --data-dir /var/lib/tidewright --cluster cache \\\n"
      "      --resource requests load.csv");
  auto* import = parent->add_subcommand("import", "Read CSV into the history");
  auto* export_ = parent->add_subcommand("export", "Write the history as CSV");
  for (auto* sub : {import, export_}) {
    sub->add_option("--data-dir", args.history.data_dir, "The daemon's data_dir")->required();
    sub->add_option("--cluster", args.history.cluster, "The cluster's name")->required();
    sub->add_option("FILE", args.history.file, "A file, or - for stdin or stdout");
  }
  import->add_option(
      "--resource", args.history.resource,
      "What a file of timestamp,value measures: requests (RU/s), cpu, memory, network");
  export_->add_option("--from", args.history.from, "Only from this time on");
  export_->add_option("--to", args.history.to, "Only before this time");
  import->callback([&] { run = [&args] { return ImportHistory(args.history);
};
}  // namespace
);
export_->callback([&] { run = [&args] { return ExportHistory(args.history); }; });
}  // namespace tidewright::cli

void AddViews(CLI::App& app, Arguments& args, Run& run, const std::function<Session()>& open) {
  auto* status = app.add_subcommand("status", "What is going on, and why");
  status->fallthrough();
  status->callback([&run, open] {
    run = [open] {
      auto session = open();
      return ShowStatus(session);
    };
  });
  auto* savings = app.add_subcommand(
      "savings", "What was saved against what, and what other policies would have come to");
  savings->fallthrough();
  savings->footer(
      "Against what was provisioned before the first action, a static cluster of peak size, and "
      "each\n"
      "policy that runs in shadow on the same demand (estimated: simulated). Negative is lost.\n"
      "Examples:\n"
      "  tidectl savings\n"
      "  tidectl savings --output json | jq .savings.against");
  savings->callback([&run, open] {
    run = [open] {
      auto session = open();
      return ShowSavings(session);
    };
  });
  auto* top = app.add_subcommand("top", "Load of every node, live");
  top->fallthrough();
  top->add_option("--interval", args.top_interval, "Seconds between refreshes")
      ->check(CLI::Range(0.2, 3600.0));
  top->add_flag("--once", args.top.once, "Print once (as it does when piped)");
  top->callback([&run, &args, open] {
    run = [&args, open] {
      args.top.interval = FromSeconds(args.top_interval);
      auto session = open();
      return ShowTop(session, args.top);
    };
  });
}

void AddExplain(CLI::App& app, Arguments& args, Run& run, const std::function<Session()>& open) {
  auto* explain = app.add_subcommand(
      "explain", "Why this is done, or nothing: why now, why this much, what would change it");
  explain->fallthrough();
  explain
      ->add_option("WHAT", args.subject,
                   "now (what is planned now), latest (the newest recommendation), or the hash "
                   "of one")
      ->capture_default_str();
  explain->footer(
      "Examples:\n"
      "  tidectl explain             why is it scaling, or why is it not\n"
      "  tidectl explain 3fa9c1      a recommendation, also one that was carried out\n"
      "  tidectl explain latest --output json | jq .plan.basis.options");
  explain->callback([&run, &args, open] {
    run = [&args, open] {
      auto session = open();
      return ShowExplanation(session, args.subject);
    };
  });
}

void AddForecast(CLI::App& app, Arguments& args, Run& run, const std::function<Session()>& open) {
  auto* forecast = app.add_subcommand(
      "forecast", "Demand that is expected: the controller's, or of a file without one");
  forecast->fallthrough();
  forecast->add_option("--resource", args.forecast.resource, "requests, cpu, memory or network")
      ->check(CLI::IsMember({"requests", "cpu", "memory", "network"}));
  forecast->add_option("--history", args.forecast_history,
                       "How much of the past to draw, such as 12h");
  auto* partition =
      forecast->add_option("--partition", args.forecast.partition,
                           "Of this partition alone; all of them add up to the cluster");
  forecast
      ->add_option("--shard", args.forecast.shard,
                   "Of this shard alone: its id, the beginning of it, or its address")
      ->excludes(partition);
  AddForecastFileOptions(*forecast, args.forecast_file);
  forecast->callback([&run, &args, open, forecast] {
    CheckForecastOptions(*forecast);
    if (forecast->count("--input") > 0) {
      args.can_write_csv = true;
      run = [&args] {
        args.forecast_file.output = args.output;
        args.forecast_file.no_color = args.options.no_color;
        RealClock clock;
        return args.forecast_file.evaluate ? EvaluateFile(args.forecast_file, clock)
                                           : ForecastFile(args.forecast_file, clock);
      };
      return;
    }
    run = [&args, open] {
      const auto history = ParseDuration(args.forecast_history);
      if (!history.ok()) return Fail(Annotate(history.status(), "--history"));
      args.forecast.history = *history;
      auto session = open();
      return ShowForecast(session, args.forecast);
    };
  });
}

void AddReplay(CLI::App& app, Arguments& args, Run& run) {
  auto* replay = app.add_subcommand(
      "replay", "What policies would have done with a load, what it would have cost");
  replay->fallthrough();
  AddReplayOptions(*replay, args.replay);
  replay->callback([&] {
    run = [&args] {
      args.replay.json = args.output == "json";
      RealClock clock;
      return Replay(args.replay, clock);
    };
  });
}

void AddRebalance(CLI::App& app, Arguments& args, Run& run, const std::function<Session()>& open) {
  auto* rebalance = app.add_subcommand(
      "rebalance", "Spread the load over the shards that there are; no node is added or removed");
  rebalance->fallthrough();
  rebalance->add_flag("--plan-only", args.rebalance.plan_only, "Show what would move, and stop");
  rebalance->add_flag("--revert", args.rebalance.revert,
                      "Instead: move slots back to where they were before somebody else moved them");
  rebalance->add_option("--comment", args.rebalance.comment, "Why, for the audit log");
  rebalance->footer(
      "The plan is shown, then approved as any other: exactly it is carried out.\n"
      "Examples:\n"
      "  tidectl rebalance --plan-only\n"
      "  tidectl rebalance --yes --comment 'after the import'\n"
      "  tidectl rebalance --revert --plan-only");
  rebalance->callback([&run, &args, open] {
    run = [&args, open] {
      auto session = open();
      return Rebalance(session, args.rebalance);
    };
  });
}

void AddAcl(CLI::App& app, Arguments& args, Run& run) {
  auto* acl = app.add_subcommand("acl", "The line that makes an account of least rights at the store");
  acl->fallthrough();
  acl->add_option("--capability", args.acl.capabilities,
                  "What it is for: observe, plan, act, receive, compare, functions, slot-stats; "
                  "several add up")
      ->delimiter(',')
      ->capture_default_str();
  acl->add_option("--user", args.acl.user, "The account's name")->capture_default_str();
  acl->add_option("--password-file", args.acl.password_file,
                  "Its first line is the password; the line holds its SHA-256 alone");
  acl->add_flag("--list", args.acl.list, "What each capability is for, and its rules");
  acl->footer(
      "Examples:\n"
      "  tidectl acl --list\n"
      "  tidectl acl --capability act,receive --password-file /etc/tidewright/redis.password \\\n"
      "      | redis-cli -h 10.0.0.7       once for every node; then ACL SAVE or users.acl");
  acl->callback([&run, &args] { run = [&args] { return PrintAcl(args.acl); }; });
}

int Main(int argc, char** argv) {
  CLI::App app{"tidectl: talk to the Tidewright auto-scaling controller", "tidectl"};
  app.footer(kFooter);
  Arguments args;
  app.add_option("--address", args.options.address, "The controller's HOST:PORT")
      ->capture_default_str();
  app.add_option("--output", args.output, "table (or text) or json; of forecast --input csv too")
      ->check(CLI::IsMember({"table", "text", "json", "csv"}))
      ->capture_default_str();
  app.add_flag("--no-color", args.options.no_color, "Plain text, as with NO_COLOR");
  app.add_flag("-y,--yes", args.options.assume_yes, "Do not ask before approving");
  app.set_version_flag("--version", std::string("tidectl ") + TIDEWRIGHT_VERSION);
  Run run;
  const auto open = [&args] {
    args.options.json = args.output == "json";
    return Session(args.options);
  };
  AddViews(app, args, run, open);
  AddExplain(app, args, run, open);
  AddRecommendations(app, args, run, open);
  AddActions(app, args, run, open);
  AddForecast(app, args, run, open);
  AddHistory(app, args, run);
  AddAudit(app, args.safety, run, open);
  AddStop(app, args.safety, run, open);
  AddHold(app, args.safety, run, open);
  AddLocks(app, args.safety, run, open);
  AddReplay(app, args, run);
  AddAcl(app, args, run);
  AddRebalance(app, args, run, open);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  if (args.output == "text") args.output = "table";
  if (!run) {
    std::fputs(app.help().c_str(), stderr);
    return kExitUsage;
  }
  if (args.output == "csv" && !args.can_write_csv) {
    return Fail(Error(StatusCode::kInvalidArgument,
                      "--output csv is for `forecast --input` alone; use table or json"));
  }
  return run();
}

}  // namespace
}  // namespace tidewright::cli

int main(int argc, char** argv) { return tidewright::cli::Main(argc, argv); }
