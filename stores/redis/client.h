// Talks to all servers of a cluster: one connection for each address, made again when it broke.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/status.h"
#include "core/time.h"
#include "io/io_thread.h"
#include "stores/redis/connection.h"

namespace tidewright::redis {

struct ClientOptions {
  Credentials credentials;
  Duration timeout = std::chrono::seconds(2);  ///< of a call that names none
  io::TransportFactory transport = io::MakeTcpTransport;
  std::string client_name = {};           ///< as CLIENT LIST shows our connections; empty: none
  std::vector<std::string> secrets = {};  ///< beside our password: no error repeats them
  /// False: no thread; the event loop runs within the calls that wait, so that a simulated world
  /// sees the same commands in the same order every time. Then only one thread may use it at a
  /// time, and lets another go first in `before_wait` alone, which is called before each such wait.
  bool own_thread = true;
  std::function<void()> before_wait = nullptr;
};

/// Thread-safe. Nothing is retried here: a command may have been executed although its reply was
/// lost.
class Client {
 public:
  explicit Client(ClientOptions options) : options_(std::move(options)) {
    if (options_.own_thread) io_ = std::make_unique<io::IoThread>();
  }
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// `done` is called once, on the event loop's thread: do not block in it, do not Call from it.
  void Send(const std::string& host, int port, Batch batch, Duration timeout,
            Connection::Done done);
  /// Blocks until what a `done` makes ready is. Must not be called from a `done`.
  template <typename T>
  T Await(std::future<T> ready) {
    if (!io_ && options_.before_wait) options_.before_wait();
    while (!io_ && ready.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
      context().restart();
      context().run_one();
    }
    return ready.get();
  }
  /// Blocks. Must not be called from a `done`.
  StatusOr<std::vector<Reply>> Call(const std::string& host, int port, Batch batch,
                                    Duration timeout);
  StatusOr<std::vector<Reply>> Call(const std::string& host, int port, Batch batch) {
    return Call(host, port, std::move(batch), options_.timeout);
  }
  /// One command, its error reply turned into a status (Checked).
  StatusOr<Reply> Call1(const std::string& host, int port, Command command, Duration timeout);
  StatusOr<Reply> Call1(const std::string& host, int port, Command command) {
    return Call1(host, port, std::move(command), options_.timeout);
  }
  /// Drops the connection to an address that is no more.
  void Forget(const std::string& host, int port);

  [[nodiscard]] const ClientOptions& options() const { return options_; }

 private:
  std::shared_ptr<Connection> Get(const std::string& host, int port);
  boost::asio::io_context& context() { return io_ ? io_->context() : own_context_; }

  ClientOptions options_;
  std::map<std::pair<std::string, int>, std::shared_ptr<Connection>> connections_;  // loop's thread
  boost::asio::io_context own_context_;
  std::unique_ptr<io::IoThread> io_;
};

}  // namespace tidewright::redis
