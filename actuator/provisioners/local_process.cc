#include "actuator/provisioners/local_process.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace tidewright::local {
namespace {

namespace fs = std::filesystem;

constexpr timeval kPatience{.tv_sec = 0, .tv_usec = 500'000};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// Both "--port\0007001\0" and the title that Redis gives itself, "redis-server 127.0.0.1:7001".
bool NamesPort(const std::string& command_line, int port) {
  const std::string number = std::to_string(port);
  for (auto at = command_line.find(number); at != std::string::npos;
       at = command_line.find(number, at + 1)) {
    const auto end = at + number.size();
    const bool starts = at == 0 || !IsDigit(command_line[at - 1]);
    const bool ends = end == command_line.size() || !IsDigit(command_line[end]);
    if (starts && ends) return true;
  }
  return false;
}

std::optional<pid_t> ParseProcessId(const std::string& text) {
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (error != std::errc() || pid <= 0) return std::nullopt;
  return pid;
}

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

/// Closes itself.
class Socket {
 public:
  Socket() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

/// All that the server says to `question` until it closes; what came so far after kPatience of
/// silence.
std::string Converse(int port, const std::string& question) {
  const Socket socket;
  const sockaddr_in address = Loopback(port);
  setsockopt(socket.fd(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof(kPatience));
  setsockopt(socket.fd(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
  if (connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      send(socket.fd(), question.data(), question.size(), MSG_NOSIGNAL) !=
          static_cast<ssize_t>(question.size())) {
    return "";
  }
  constexpr std::size_t kEnough = 64 * 1024;
  std::string answer;
  char buffer[4096];
  while (answer.size() < kEnough) {
    const ssize_t count = recv(socket.fd(), buffer, sizeof(buffer), 0);
    if (count <= 0) break;
    answer.append(buffer, static_cast<std::size_t>(count));
  }
  return answer;
}

}  // namespace

std::vector<pid_t> ServerProcesses(const std::string& folder, int port) {
  std::vector<pid_t> found;
  std::error_code error;
  for (fs::directory_iterator entry("/proc", error), end; !error && entry != end;
       entry.increment(error)) {
    const auto pid = ParseProcessId(entry->path().filename().string());
    if (!pid) continue;
    std::error_code unreadable;  // gone since, or another user's
    const std::string where = fs::read_symlink(entry->path() / "cwd", unreadable).string();
    if (unreadable || (where != folder && where != folder + " (deleted)")) continue;
    std::ifstream file(entry->path() / "cmdline", std::ios::binary);
    const std::string command_line{std::istreambuf_iterator<char>(file), {}};
    // The command line of a process that is ending goes before its ports do.
    if (command_line.empty() || NamesPort(command_line, port)) found.push_back(*pid);
  }
  return found;
}

std::optional<Answer> Ask(int port) {
  const std::string text = Converse(port, "PING\r\nINFO server\r\nQUIT\r\n");
  const auto starts_with = [&](const std::string& word) { return text.rfind(word, 0) == 0; };
  // A server that wants a password first has begun to serve.
  if (!starts_with("+PONG") && !starts_with("-NOAUTH") && !starts_with("-NOPERM")) {
    return std::nullopt;
  }
  const std::string label = "process_id:";
  const auto at = text.find(label);
  if (at == std::string::npos) return Answer{};
  return Answer{ParseProcessId(text.substr(at + label.size(), 12))};
}

std::optional<Answer> Listens(int port) {
  const Socket socket;
  const sockaddr_in address = Loopback(port);
  if (connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return std::nullopt;
  }
  return Answer{};
}

bool PortIsFree(int port) {
  const Socket socket;
  const sockaddr_in address = Loopback(port);
  // As Redis does, so that connections that ended a moment ago do not count.
  const int yes = 1;
  setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  return bind(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

}  // namespace tidewright::local
