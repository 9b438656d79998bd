#include "tests/sim/wire.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cstring>
#include <utility>

namespace tidewright::sim {
namespace {

Status Broken() { return Error(StatusCode::kUnavailable, "connection reset by the simulation"); }

class SimulatedWire : public io::Transport, public std::enable_shared_from_this<SimulatedWire> {
 public:
  SimulatedWire(boost::asio::io_context& context, Cluster& cluster, const WireRules& rules)
      : context_(context), cluster_(cluster), rules_(rules) {}

  void Connect(const std::string&, int port, Done done) override {
    port_ = port;
    run_ = Alive() ? cluster_.nodes().at(port_).run : 0;
    Later([this, done = std::move(done)] {
      done(Alive() ? OkStatus() : Error(StatusCode::kUnavailable, "connection refused"));
    });
  }

  void Read(char* data, std::size_t size, ReadDone done) override {
    data_ = data;
    size_ = size;
    read_done_ = std::move(done);
    Deliver();
  }

  void Write(const char* data, std::size_t size, Done done) override {
    incoming_.append(data, size);
    const auto batch = TakeCommands(incoming_);
    const auto fate = rules_.before ? rules_.before(port_, batch) : WireRules::Fate::kArrives;
    // What was decided may have killed it, and started it again.
    const bool same_process = Alive() && cluster_.nodes().at(port_).run == run_;
    const bool arrives = fate != WireRules::Fate::kLost && same_process;
    if (arrives) {
      for (const auto& command : batch) {
        outgoing_ += cluster_.Execute(port_, command, session_);
      }
      if (rules_.after) rules_.after(port_, batch);
    }
    broken_ = broken_ || !arrives || fate == WireRules::Fate::kReplyLost;
    Later([done = std::move(done)] { done(OkStatus()); });
    Deliver();
  }

  void Close() override {
    broken_ = true;
    Deliver();
  }

 private:
  [[nodiscard]] bool Alive() const {
    const auto node = cluster_.nodes().find(port_);
    return node != cluster_.nodes().end() && node->second.alive;
  }

  template <typename Handler>
  void Later(Handler handler) {
    boost::asio::post(context_, [self = shared_from_this(),
                                 handler = std::move(handler)]() mutable { handler(); });
  }

  void Deliver() {
    if (!read_done_ || (outgoing_.empty() && !broken_)) return;
    auto done = std::exchange(read_done_, nullptr);
    if (broken_) return Later([done = std::move(done)] { done(Broken()); });
    const std::size_t count = std::min(size_, outgoing_.size());
    std::memcpy(data_, outgoing_.data(), count);
    outgoing_.erase(0, count);
    Later([done = std::move(done), count] { done(count); });
  }

  boost::asio::io_context& context_;
  Cluster& cluster_;
  const WireRules& rules_;
  int port_ = 0;
  int run_ = 0;
  Session session_;
  bool broken_ = false;
  std::string incoming_;
  std::string outgoing_;
  char* data_ = nullptr;
  std::size_t size_ = 0;
  ReadDone read_done_;
};

}  // namespace

std::vector<redis::Command> TakeCommands(std::string& text) {
  std::vector<redis::Command> commands;
  std::size_t at = 0;
  const auto number = [&](char kind) -> std::optional<std::size_t> {
    const auto end = text.find("\r\n", at);
    if (end == std::string::npos || text[at] != kind) return std::nullopt;
    const std::size_t value = std::stoul(text.substr(at + 1, end - at - 1));
    at = end + 2;
    return value;
  };
  std::size_t complete = 0;
  while (at < text.size()) {
    const auto words = number('*');
    if (!words) break;
    redis::Command command;
    for (std::size_t i = 0; i < *words; ++i) {
      const auto length = number('$');
      if (!length || at + *length + 2 > text.size()) break;
      command.push_back(text.substr(at, *length));
      at += *length + 2;
    }
    if (command.size() < *words) break;
    commands.push_back(std::move(command));
    complete = at;
  }
  text.erase(0, complete);
  return commands;
}

io::TransportFactory SimulatedTransport(Cluster& cluster, const WireRules& rules) {
  return [&cluster, &rules](boost::asio::io_context& context) -> std::shared_ptr<io::Transport> {
    return std::make_shared<SimulatedWire>(context, cluster, rules);
  };
}

}  // namespace tidewright::sim
