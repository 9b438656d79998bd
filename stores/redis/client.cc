#include "stores/redis/client.h"

#include <boost/asio/post.hpp>

namespace tidewright::redis {

Client::~Client() {
  // Fails what is pending while the loop still runs, so that no caller waits for ever.
  std::promise<void> closed;
  boost::asio::post(context(), [&] {
    for (auto& [address, connection] : connections_) connection->Close();
    connections_.clear();
    closed.set_value();
  });
  Await(closed.get_future());
}

std::shared_ptr<Connection> Client::Get(const std::string& host, int port) {
  auto& connection = connections_[{host, port}];
  if (!connection || connection->broken()) {
    connection = Connection::Make(context(), options_.transport, host, port,
                                  {options_.credentials, options_.client_name, options_.secrets});
  }
  return connection;
}

void Client::Send(const std::string& host, int port, Batch batch, Duration timeout,
                  Connection::Done done) {
  boost::asio::post(context(), [this, host, port, batch = std::move(batch), timeout,
                                    done = std::move(done)]() mutable {
    Get(host, port)->Send(batch, timeout, std::move(done));
  });
}

StatusOr<std::vector<Reply>> Client::Call(const std::string& host, int port, Batch batch,
                                          Duration timeout) {
  auto promise = std::make_shared<std::promise<StatusOr<std::vector<Reply>>>>();
  auto future = promise->get_future();
  Send(host, port, std::move(batch), timeout,
       [promise](StatusOr<std::vector<Reply>> replies) { promise->set_value(std::move(replies)); });
  return Await(std::move(future));
}

StatusOr<Reply> Client::Call1(const std::string& host, int port, Command command,
                              Duration timeout) {
  const std::string name = command.empty() ? "" : command.front();
  auto replies = Call(host, port, {std::move(command)}, timeout);
  if (!replies.ok()) return Annotate(replies.status(), name);
  auto reply = Checked(std::move(replies->front()));
  if (!reply.ok()) return Annotate(reply.status(), host + ":" + std::to_string(port) + " " + name);
  return reply;
}

void Client::Forget(const std::string& host, int port) {
  boost::asio::post(context(), [this, host, port] {
    const auto it = connections_.find({host, port});
    if (it == connections_.end()) return;
    it->second->Close();
    connections_.erase(it);
  });
}

}  // namespace tidewright::redis
