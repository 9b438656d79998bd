// tidewright: the daemon.
#include <pthread.h>
#include <signal.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <thread>

#include "config/config.h"
#include "controller/calendar_file.h"
#include "controller/process_guard.h"
#include "controller/wiring.h"

namespace tidewright {
namespace {

constexpr char kFooter[] =
    "Example:\n"
    "  tidewright --config /etc/tidewright/tidewright.yaml\n"
    "  tidewright --config tidewright.yaml --check     only check the file\n"
    "\n"
    "SIGTERM and SIGINT stop it; an action under way is left at a boundary at which no slot is\n"
    "open, and goes on at the next start. Exit codes: 0 stopped; 1 failed; 2 wrong usage or\n"
    "configuration.\n";

/// Waits for a signal on a thread of its own, so that no code runs inside a handler.
class SignalWatch {
 public:
  explicit SignalWatch(std::stop_source stop) : stop_(std::move(stop)) {
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
    // Before any thread is started: all of them inherit it.
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    signal(SIGPIPE, SIG_IGN);
    thread_ = std::thread([this] {
      int number = 0;
      sigwait(&set_, &number);
      if (!stop_.stop_requested()) spdlog::info("stopping on {}", strsignal(number));
      stop_.request_stop();
    });
  }
  ~SignalWatch() {
    stop_.request_stop();
    pthread_kill(thread_.native_handle(), SIGTERM);  // ends the wait where no signal came
    thread_.join();
  }

 private:
  std::stop_source stop_;
  sigset_t set_;
  std::thread thread_;
};

int Main(int argc, char** argv) {
  CLI::App app{"tidewright: a predictive auto-scaling controller for NoSQL stores", "tidewright"};
  app.footer(kFooter);
  std::string path;
  bool check = false;
  app.add_option("--config", path, "The configuration, a YAML file")->required();
  app.add_flag("--check", check, "Check the configuration and stop");
  app.set_version_flag("--version", std::string("tidewright ") + TIDEWRIGHT_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const auto config = LoadConfig(path);
  if (!config.ok()) {
    std::fprintf(stderr, "%s\n", Message(config.status()).c_str());
    return 2;
  }
  if (const auto read = CalendarFile(config->calendar).Refresh(); !read.ok()) {
    std::fprintf(stderr, "%s\n", Message(read.status()).c_str());
    return 2;
  }
  if (check) {
    std::printf("%s is in order: cluster %s, %s mode\n", path.c_str(), config->cluster.c_str(),
                ModeName(config->mode));
    return 0;
  }
  spdlog::set_default_logger(spdlog::stderr_color_mt("tidewright"));
  spdlog::set_level(spdlog::level::from_str(config->log_level));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");
  for (const auto& warning : config->warnings) spdlog::warn("{}", warning);
  // Before any secret is read.
  if (const Status guarded = KeepMemoryPrivate(); !guarded.ok()) {
    spdlog::warn("core dumps of this process may hold passwords: {}", Message(guarded));
  }
  std::stop_source stop;
  SignalWatch watch(stop);
  const Status ran = RunController(*config, stop.get_token());
  if (!ran.ok()) {
    std::fprintf(stderr, "tidewright: %s\n", Message(ran).c_str());
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace tidewright

int main(int argc, char** argv) { return tidewright::Main(argc, argv); }
