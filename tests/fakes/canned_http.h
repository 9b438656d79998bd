// An HTTP server of tests that answers what it is told to, byte for byte, or not at all, and
// remembers what it was asked.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace tidewright::fakes {

using CannedRequest = boost::beast::http::request<boost::beast::http::string_body>;

/// On a free port of 127.0.0.1. One request a connection.
class CannedHttp {
 public:
  /// The whole answer, status line and headers included; nullopt: silence on an open connection.
  using Answer = std::function<std::optional<std::string>(const CannedRequest&)>;

  explicit CannedHttp(Answer answer)
      : answer_(std::move(answer)),
        acceptor_(context_, {boost::asio::ip::address_v4::loopback(), 0}),
        port_(acceptor_.local_endpoint().port()) {
    Accept();
    thread_ = std::thread([this] { context_.run(); });
  }
  ~CannedHttp() {
    context_.stop();
    thread_.join();
  }
  CannedHttp(const CannedHttp&) = delete;
  CannedHttp& operator=(const CannedHttp&) = delete;

  [[nodiscard]] std::string Url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::vector<CannedRequest> Requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  [[nodiscard]] static std::string Reply(int status, const std::string& body,
                                         const std::string& header = "Content-Type: text/plain") {
    return "HTTP/1.1 " + std::to_string(status) + " Canned\r\n" + header +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" +
           body;
  }

 private:
  struct Session {
    explicit Session(boost::asio::ip::tcp::socket s) : socket(std::move(s)) {}
    boost::asio::ip::tcp::socket socket;
    boost::beast::flat_buffer buffer;
    CannedRequest request;
    std::string answer;
  };

  void Accept() {
    acceptor_.async_accept([this](const auto& error, boost::asio::ip::tcp::socket socket) {
      if (error) return;
      Serve(std::make_shared<Session>(std::move(socket)));
      Accept();
    });
  }

  void Serve(const std::shared_ptr<Session>& session) {
    boost::beast::http::async_read(session->socket, session->buffer, session->request,
                                   [this, session](const auto& error, std::size_t) {
                                     if (error) return;
                                     {
                                       const std::lock_guard lock(mutex_);
                                       requests_.push_back(session->request);
                                     }
                                     const auto answer = answer_(session->request);
                                     if (!answer) {
                                       silent_.push_back(session);
                                       return;
                                     }
                                     session->answer = *answer;
                                     boost::asio::async_write(
                                         session->socket, boost::asio::buffer(session->answer),
                                         [session](const auto&, std::size_t) {});
                                   });
  }

  Answer answer_;
  mutable std::mutex mutex_;
  std::vector<CannedRequest> requests_;
  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  int port_;
  std::vector<std::shared_ptr<Session>> silent_;
  std::thread thread_;
};

}  // namespace tidewright::fakes
