#include "io/transport.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace tidewright::io {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

Status ToStatus(const error_code& error) {
  return error ? Error(StatusCode::kUnavailable, "{}", error.message()) : OkStatus();
}

class TcpTransport : public Transport, public std::enable_shared_from_this<TcpTransport> {
 public:
  explicit TcpTransport(asio::io_context& context) : resolver_(context), socket_(context) {}

  void Connect(const std::string& host, int port, Done done) override {
    auto self = shared_from_this();
    resolver_.async_resolve(
        host, std::to_string(port),
        [self, done = std::move(done)](const error_code& error, const auto& endpoints) mutable {
          if (error) return done(ToStatus(error));
          asio::async_connect(self->socket_, endpoints,
                              [self, done = std::move(done)](const error_code& e, const auto&) {
                                error_code ignored;
                                if (!e) {
                                  self->socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
                                }
                                done(ToStatus(e));
                              });
        });
  }

  void Read(char* data, std::size_t size, ReadDone done) override {
    socket_.async_read_some(asio::buffer(data, size),
                            [self = shared_from_this(), done = std::move(done)](
                                const error_code& error, std::size_t count) {
                              if (error) return done(ToStatus(error));
                              done(count);
                            });
  }

  void Write(const char* data, std::size_t size, Done done) override {
    asio::async_write(socket_, asio::buffer(data, size),
                      [self = shared_from_this(), done = std::move(done)](
                          const error_code& error, std::size_t) { done(ToStatus(error)); });
  }

  void Close() override {
    error_code ignored;
    resolver_.cancel();
    socket_.close(ignored);
  }

 private:
  asio::ip::tcp::resolver resolver_;
  asio::ip::tcp::socket socket_;
};

}  // namespace

std::shared_ptr<Transport> MakeTcpTransport(asio::io_context& context) {
  return std::make_shared<TcpTransport>(context);
}

}  // namespace tidewright::io
