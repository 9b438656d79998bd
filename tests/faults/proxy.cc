#include "tests/faults/proxy.h"

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <thread>
#include <utility>

#include "core/random.h"

namespace tidewright::faults {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

tcp::endpoint Loopback(int port) {
  return {asio::ip::make_address("127.0.0.1"), static_cast<unsigned short>(port)};
}

/// Known to the loop's thread alone, save the counters.
struct Shared {
  ProxyFaults faults;
  Random random{1};
  std::atomic<long> resets{0};
  std::atomic<long> pieces{0};
};

/// A client's connection and the one to the server behind it.
class Pair : public std::enable_shared_from_this<Pair> {
 public:
  Pair(tcp::socket client, std::shared_ptr<Shared> shared)
      : client_(std::move(client)), server_(client_.get_executor()), shared_(std::move(shared)) {}

  void Start(int port) {
    server_.async_connect(Loopback(port), [self = shared_from_this()](const error_code& error) {
      if (error) return self->Reset();
      error_code ignored;
      self->client_.set_option(tcp::no_delay(true), ignored);
      self->server_.set_option(tcp::no_delay(true), ignored);
      self->Pump(self->client_, self->server_, self->upward_);
      self->Pump(self->server_, self->client_, self->downward_);
    });
  }

 private:
  struct Direction {
    explicit Direction(const asio::any_io_executor& executor) : timer(executor) {}
    std::array<char, 16384> buffer;
    asio::steady_timer timer;
  };

  void Pump(tcp::socket& from, tcp::socket& to, Direction& way) {
    from.async_read_some(asio::buffer(way.buffer), [self = shared_from_this(), &from, &to, &way](
                                                       const error_code& error, std::size_t size) {
      if (error) return self->Close();
      self->Pass(from, to, way, size);
    });
  }

  void Pass(tcp::socket& from, tcp::socket& to, Direction& way, std::size_t size) {
    ++shared_->pieces;
    if (shared_->random.Uniform() < shared_->faults.reset_chance) return Reset();
    const bool swallow = shared_->faults.swallow;
    way.timer.expires_after(swallow ? std::chrono::milliseconds(20) : shared_->faults.delay);
    way.timer.async_wait(
        [self = shared_from_this(), &from, &to, &way, size, swallow](const error_code& error) {
          if (error) return;
          // Held back until something passes again.
          if (swallow && self->client_.is_open()) {
            if (self->shared_->faults.swallow) return self->Pass(from, to, way, size);
          }
          asio::async_write(to, asio::buffer(way.buffer, size),
                            [self, &from, &to, &way](const error_code& failed, std::size_t) {
                              if (failed) return self->Close();
                              self->Pump(from, to, way);
                            });
        });
  }

  void Reset() {
    ++shared_->resets;
    error_code ignored;
    for (tcp::socket* socket : {&client_, &server_}) {
      socket->set_option(asio::socket_base::linger(true, 0), ignored);
    }
    Close();
  }

  void Close() {
    error_code ignored;
    client_.close(ignored);
    server_.close(ignored);
    upward_.timer.cancel();
    downward_.timer.cancel();
  }

  tcp::socket client_;
  tcp::socket server_;
  std::shared_ptr<Shared> shared_;
  Direction upward_{client_.get_executor()};
  Direction downward_{client_.get_executor()};
};

}  // namespace

class Proxy::Impl {
 public:
  explicit Impl(const std::vector<int>& ports) : shared_(std::make_shared<Shared>()) {
    for (int port : ports) {
      const auto& acceptor = acceptors_[port] =
          std::make_unique<tcp::acceptor>(context_, Loopback(0));
      listeners_[port] = acceptor->local_endpoint().port();
      Accept(*acceptor, port);
    }
    thread_ = std::thread([this] { context_.run(); });
  }
  ~Impl() {
    context_.stop();
    thread_.join();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void Set(const ProxyFaults& faults) {
    asio::post(context_, [shared = shared_, faults] {
      shared->faults = faults;
      shared->random = Random(faults.seed);
    });
  }

  [[nodiscard]] const std::map<int, int>& listeners() const { return listeners_; }
  [[nodiscard]] const Shared& shared() const { return *shared_; }

 private:
  void Accept(tcp::acceptor& acceptor, int port) {
    acceptor.async_accept([this, &acceptor, port](const error_code& error, tcp::socket client) {
      if (error) return;
      std::make_shared<Pair>(std::move(client), shared_)->Start(port);
      Accept(acceptor, port);
    });
  }

  asio::io_context context_;
  std::shared_ptr<Shared> shared_;
  std::map<int, int> listeners_;
  std::map<int, std::unique_ptr<tcp::acceptor>> acceptors_;
  std::thread thread_;
};

Proxy::Proxy(const std::vector<int>& ports) : impl_(std::make_unique<Impl>(ports)) {}
Proxy::~Proxy() = default;
const std::map<int, int>& Proxy::listeners() const { return impl_->listeners(); }
void Proxy::Set(const ProxyFaults& faults) { impl_->Set(faults); }
long Proxy::resets() const { return impl_->shared().resets; }
long Proxy::pieces() const { return impl_->shared().pieces; }

}  // namespace tidewright::faults
