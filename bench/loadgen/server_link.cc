#include "bench/loadgen/server_link.h"

#include <boost/asio/post.hpp>
#include <utility>

namespace tidewright::loadgen {
namespace {

namespace asio = boost::asio;
using redis::Batch;
using redis::Reply;

constexpr Duration kPause = std::chrono::milliseconds(100);

/// Value of `name=` in a line of CLIENT INFO.
std::string Field(const std::string& line, const std::string& name) {
  const auto at = (" " + line).find(" " + name + "=");
  if (at == std::string::npos) return "";
  const auto from = at + name.size() + 1;
  return line.substr(from, line.find_first_of(" \n", from) - from);
}

/// Nobody listens: the process that had our commands is gone.
bool IsRefused(const Status& status) {
  return Message(status).find("onnection refused") != std::string::npos;
}

}  // namespace

void ServerLink::Send(Batch batch, Done done) {
  if (state_ == State::kReady && connection_->broken()) state_ = State::kIdle;
  if (state_ == State::kReady) return Transmit(batch, std::move(done));
  queue_.push_back({std::move(batch), std::move(done)});
  if (state_ == State::kIdle) {
    Connect();
  } else if (state_ == State::kPausing) {
    asio::post(context_, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self && self->state_ == State::kPausing) {
        self->FailQueue(Error(StatusCode::kUnavailable, "not connected"));
      }
    });
  }
}

void ServerLink::Close() {
  closed_ = true;
  queue_.clear();
  lost_.clear();
  retry_.cancel();
  if (connection_) connection_->Close();
}

void ServerLink::Connect() {
  state_ = State::kConnecting;
  Batch greeting;
  if (!client_id_.empty()) {
    greeting.push_back({"CLIENT", "KILL", "ID", client_id_, "ADDR", local_address_});
  }
  greeting.push_back({"CLIENT", "INFO"});
  connection_ = redis::Connection::Make(context_, io::MakeTcpTransport, address_.host,
                                        address_.port, {credentials_});
  connection_->Send(greeting, timeout_, [weak = weak_from_this()](auto replies) {
    const auto self = weak.lock();
    if (self && !self->closed_) self->Connected(replies);
  });
}

void ServerLink::Connected(const StatusOr<std::vector<Reply>>& replies) {
  if (!replies.ok()) {
    if (IsRefused(replies.status())) {
      client_id_.clear();
      Settle();
    }
    Pause();
    return FailQueue(replies.status());
  }
  client_id_ = Field(replies->back().text, "id");
  local_address_ = Field(replies->back().text, "addr");
  state_ = State::kReady;
  Settle();
  for (auto& waiting : std::exchange(queue_, {}))
    Send(std::move(waiting.batch), std::move(waiting.done));
}

void ServerLink::Pause() {
  state_ = State::kPausing;
  retry_.expires_after(kPause);
  retry_.async_wait([weak = weak_from_this()](const auto& error) {
    const auto self = weak.lock();
    if (error || !self || self->closed_) return;
    self->state_ = State::kIdle;
    // Someone waits for the word that the old connection is gone.
    if (!self->lost_.empty()) self->Connect();
  });
}

void ServerLink::Transmit(const Batch& batch, Done done) {
  connection_->Send(batch, timeout_,
                    [weak = weak_from_this(), done = std::move(done)](auto replies) {
                      const auto self = weak.lock();
                      if (!self || self->closed_) return;
                      if (replies.ok())
                        return done(Fate::kAnswered, OkStatus(), *std::move(replies));
                      self->Lost(replies.status(), done);
                    });
}

void ServerLink::Lost(const Status& why, Done done) {
  lost_.emplace_back(why, std::move(done));
  if (state_ == State::kReady) Connect();
}

void ServerLink::Settle() {
  for (auto& [why, done] : std::exchange(lost_, {})) done(Fate::kUnknown, why, {});
}

void ServerLink::FailQueue(const Status& why) {
  for (auto& waiting : std::exchange(queue_, {})) waiting.done(Fate::kNotExecuted, why, {});
}

}  // namespace tidewright::loadgen
