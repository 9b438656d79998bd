#include "io/subprocess.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

namespace tidewright::io {
namespace {

constexpr Duration kPollInterval = std::chrono::milliseconds(10);

/// Runs in the child, between fork and exec: async-signal-safe calls alone.
[[noreturn]] void BecomeProgram(const SpawnOptions& options, char* const* arguments,
                                int error_pipe) {
  if (options.own_session) setsid();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  bool ok = options.working_directory.empty() || chdir(options.working_directory.c_str()) == 0;
  const int input =
      open(options.input_file.empty() ? "/dev/null" : options.input_file.c_str(), O_RDONLY);
  const char* target = options.output_file.empty() ? "/dev/null" : options.output_file.c_str();
  const int output = open(target, O_WRONLY | O_CREAT | O_APPEND, 0644);
  const int errors = options.error_file.empty()
                         ? output
                         : open(options.error_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  ok = ok && input >= 0 && output >= 0 && errors >= 0 && dup2(input, 0) >= 0 &&
       dup2(output, 1) >= 0 && dup2(errors, 2) >= 0;
  if (ok) {
    // Nothing of ours leaks into a process that may outlive us, but the pipe that exec closes.
    for (int fd = 3; fd < 1024; ++fd) {
      if (fd != error_pipe) close(fd);
    }
    execvp(arguments[0], arguments);
  }
  const int error = errno;
  [[maybe_unused]] const auto written = write(error_pipe, &error, sizeof(error));
  _exit(127);
}

}  // namespace

StatusOr<Subprocess> Subprocess::Spawn(const SpawnOptions& options) {
  if (options.command.empty()) return Error(StatusCode::kInvalidArgument, "no program to start");
  std::vector<char*> arguments;
  for (const auto& word : options.command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) {
    return Error(StatusCode::kResourceExhausted, "pipe: {}", std::strerror(errno));
  }
  const pid_t pid = fork();
  if (pid == 0) BecomeProgram(options, arguments.data(), fds[1]);
  close(fds[1]);
  int error = pid < 0 ? errno : 0;
  if (pid > 0 && read(fds[0], &error, sizeof(error)) != sizeof(error)) error = 0;
  close(fds[0]);
  if (error == 0) return Subprocess(pid);
  if (pid > 0) waitpid(pid, nullptr, 0);
  return Error(error == ENOENT ? StatusCode::kNotFound : StatusCode::kInternal, "start {}: {}",
               options.command.front(), std::strerror(error));
}

std::optional<int> Subprocess::Poll() {
  if (exit_code_) return exit_code_;
  int status = 0;
  const pid_t result = waitpid(pid_, &status, WNOHANG);
  if (result == pid_) {
    exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  } else if (result < 0 && errno == ECHILD) {
    exit_code_ = 0;
  }
  return exit_code_;
}

void Subprocess::Signal(int signal) {
  if (!Poll()) kill(pid_, signal);
}

std::optional<int> Subprocess::Wait(Duration timeout, Clock& clock) {
  const MonoTime deadline = clock.Monotonic() + timeout;
  while (!Poll()) {
    if (clock.Monotonic() >= deadline) return std::nullopt;
    clock.WaitFor(kPollInterval, {});
  }
  return exit_code_;
}

int Subprocess::Stop(Duration grace, Clock& clock) {
  Signal(SIGCONT);
  Signal(SIGTERM);
  if (!Wait(grace, clock)) {
    Signal(SIGKILL);
    Wait(std::chrono::seconds(10), clock);
  }
  return exit_code_.value_or(128 + SIGKILL);
}

int Subprocess::StopSession(Duration grace, Clock& clock) {
  kill(-pid_, SIGCONT);
  kill(-pid_, SIGTERM);
  Wait(grace, clock);
  // What it started may outlive it, also when it ended by itself.
  kill(-pid_, SIGKILL);
  Wait(std::chrono::seconds(10), clock);
  return exit_code_.value_or(128 + SIGKILL);
}

StatusOr<RunResult> Run(const std::vector<std::string>& command, Duration timeout, Clock& clock) {
  char path[] = "/tmp/tidewright-run-XXXXXX";
  const int fd = mkstemp(path);
  if (fd < 0) return Error(StatusCode::kResourceExhausted, "mkstemp: {}", std::strerror(errno));
  close(fd);
  auto child = Subprocess::Spawn(
      {.command = command, .working_directory = "", .output_file = path, .own_session = false});
  if (!child.ok()) {
    unlink(path);
    return child.status();
  }
  const auto code = child->Wait(timeout, clock);
  if (!code) child->Stop(std::chrono::seconds(1), clock);
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  unlink(path);
  if (!code) {
    return Error(StatusCode::kDeadlineExceeded, "{} did not end within {}", command.front(),
                 FormatDuration(timeout));
  }
  return RunResult{*code, text.str()};
}

bool ProcessExists(pid_t pid) { return kill(pid, 0) == 0 || errno == EPERM; }

StatusOr<int> FreePort() {
  const auto bind_to = [](int port) -> std::pair<int, int> {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    socklen_t size = sizeof(address);
    if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0) {
      close(fd);
      return {-1, 0};
    }
    getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    return {fd, ntohs(address.sin_port)};
  };
  // Below the range from which the kernel takes ports of outgoing connections.
  for (int attempt = 0; attempt < 200; ++attempt) {
    const auto [probe, seed] = bind_to(0);
    if (probe >= 0) close(probe);
    const int port = 10000 + (seed * 7 + attempt * 131) % 11000;
    const auto [fd, bound] = bind_to(port);
    if (fd < 0) continue;
    const auto [bus, bus_port] = bind_to(port + 10000);
    close(fd);
    if (bus < 0) continue;
    close(bus);
    return port;
  }
  return Error(StatusCode::kResourceExhausted, "no free port on 127.0.0.1");
}

}  // namespace tidewright::io
