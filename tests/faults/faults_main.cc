// scripts/faults: the long form of the fault suite.
#include <CLI/CLI.hpp>
#include <iostream>

#include "tests/faults/suite.h"

int main(int argc, char** argv) {
  using namespace tidewright;
  CLI::App app(
      "Kills, stops and starves a controller that scales a real Redis Cluster 3 -> 4 -> 3 under "
      "writes, and its servers, network and disk; then reads every key back.");
  faults::SuiteOptions options;
  std::string only = "all";
  app.add_option("--runs", options.controller_runs,
                 "legs with a killed controller; 0: every journal boundary and 40 random instants");
  app.add_option("--seed", options.seed, "chooses instants, victims and places");
  app.add_option("--rounds", options.server_rounds, "how often each other fault is tried");
  app.add_option("--only", only, "controller, servers or other")
      ->check(CLI::IsMember({"all", "controller", "servers", "other"}));
  app.add_option("--filter", options.filter, "only legs whose description has this in it");
  CLI11_PARSE(app, argc, argv);
  options.controller = only == "all" || only == "controller";
  options.servers = only == "all" || only == "servers";
  options.network = only == "all" || only == "other";
  const auto report =
      faults::RunSuite(options, [](const std::string& line) { std::cerr << line << std::endl; });
  if (!report.ok()) {
    std::cerr << "faults: " << Message(report.status()) << "\n";
    return 2;
  }
  for (const auto& problem : report->problems) std::cerr << problem << "\n";
  std::cout << report->Table() << report->Runs() << " legs, " << report->problems.size()
            << " problems\n";
  return report->problems.empty() ? 0 : 1;
}
