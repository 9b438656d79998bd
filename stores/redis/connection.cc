#include "stores/redis/connection.h"

#include <hiredis/hiredis.h>

#include <array>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <utility>

#include "stores/redis/capability.h"

namespace tidewright::redis {
namespace {

namespace asio = boost::asio;

Reply Convert(const redisReply& from) {
  Reply to;
  switch (from.type) {
    case REDIS_REPLY_STRING: to.type = Reply::Type::kString; break;
    case REDIS_REPLY_STATUS: to.type = Reply::Type::kStatus; break;
    case REDIS_REPLY_ERROR: to.type = Reply::Type::kError; break;
    case REDIS_REPLY_INTEGER: to.type = Reply::Type::kInteger; break;
    case REDIS_REPLY_ARRAY: to.type = Reply::Type::kArray; break;
    default: to.type = Reply::Type::kNil; break;
  }
  to.integer = from.integer;
  if (from.str != nullptr) to.text.assign(from.str, from.len);
  to.elements.reserve(from.elements);
  for (std::size_t i = 0; i < from.elements; ++i) to.elements.push_back(Convert(*from.element[i]));
  return to;
}

void Encode(const Command& command, std::string& out) {
  std::vector<const char*> arguments;
  std::vector<std::size_t> lengths;
  for (const auto& word : command) {
    arguments.push_back(word.data());
    lengths.push_back(word.size());
  }
  char* text = nullptr;
  const int size = redisFormatCommandArgv(&text, static_cast<int>(command.size()),
                                          arguments.data(), lengths.data());
  if (size > 0) out.append(text, static_cast<std::size_t>(size));
  redisFreeCommand(text);
}

void Hide(const std::string& secret, std::string& text) {
  if (secret.empty()) return;
  constexpr char kHidden[] = "***";
  for (auto at = text.find(secret); at != std::string::npos;
       at = text.find(secret, at + sizeof(kHidden) - 1)) {
    text.replace(at, secret.size(), kHidden);
  }
}

constexpr auto kLastWords = std::chrono::milliseconds(50);

struct Pending {
  std::size_t wanted = 0;
  std::vector<Reply> replies;
  Connection::Done done;
  std::unique_ptr<asio::steady_timer> timer;
};

class PipelinedConnection : public Connection {
 public:
  PipelinedConnection(asio::io_context& context, std::shared_ptr<io::Transport> transport,
                      std::string host, int port, Identity identity)
      : context_(context),
        transport_(std::move(transport)),
        host_(std::move(host)),
        port_(port),
        identity_(std::move(identity)),
        reader_(redisReaderCreate(), redisReaderFree) {}

  ~PipelinedConnection() override { transport_->Close(); }

  void Send(const Batch& batch, Duration timeout, Done done) override {
    if (broken_) return done(Annotate(error_, Address()));
    if (batch.empty()) return done(std::vector<Reply>{});
    for (const auto& command : batch) Encode(command, outgoing_);
    Expect(batch.size(), timeout, std::move(done));
    if (!started_) {
      started_ = true;
      Start(timeout);
    } else if (connected_) {
      Flush();
    }
  }

  void Close() override { Break(Error(StatusCode::kCancelled, "closed")); }
  [[nodiscard]] bool broken() const override { return broken_ || closing_ != nullptr; }

 private:
  std::shared_ptr<PipelinedConnection> Self() {
    return std::static_pointer_cast<PipelinedConnection>(shared_from_this());
  }
  [[nodiscard]] std::string Address() const { return host_ + ":" + std::to_string(port_); }

  void Expect(std::size_t replies, Duration timeout, Done done) {
    auto pending = std::make_shared<Pending>();
    pending->wanted = replies;
    pending->done = std::move(done);
    pending->timer = std::make_unique<asio::steady_timer>(context_, timeout);
    pending->timer->async_wait([weak = std::weak_ptr(Self()), timeout](const auto& error) {
      auto self = weak.lock();
      if (error || !self) return;
      const std::string awaits = self->transport_->Awaits();
      self->Break(Error(StatusCode::kDeadlineExceeded, "no answer within {}{}{}",
                        FormatDuration(timeout), awaits.empty() ? "" : "; ", awaits));
    });
    pending_.push_back(std::move(pending));
  }

  void Start(Duration timeout) {
    Introduce(timeout);
    transport_->Connect(host_, port_, [self = Self()](const Status& status) {
      if (self->broken_) return;
      if (!status.ok()) return self->Break(Annotate(status, "connect"));
      self->connected_ = true;
      self->Flush();
      self->ReadMore();
    });
  }

  /// AUTH and CLIENT SETNAME before the first batch.
  void Introduce(Duration timeout) {
    const auto& [username, password] = identity_.credentials;
    std::string words;
    std::size_t count = 0;
    if (!password.empty()) {
      Encode(username.empty() ? Command{"AUTH", password} : Command{"AUTH", username, password},
             words);
      ++count;
    }
    if (!identity_.client_name.empty()) {
      Encode({"CLIENT", "SETNAME", identity_.client_name}, words);
      ++count;
    }
    if (count == 0) return;
    outgoing_ = words + outgoing_;
    auto first = std::move(pending_.back());
    pending_.pop_back();
    Expect(count, timeout, [weak = std::weak_ptr(Self())](StatusOr<std::vector<Reply>> replies) {
      auto self = weak.lock();
      // Without a name we can work: whoever needs it sees that it is missing.
      if (!self || !replies.ok() || self->identity_.credentials.password.empty()) return;
      if (!replies->front().IsError()) return;
      self->Break(Error(StatusCode::kPermissionDenied, "{}", replies->front().text));
    });
    pending_.push_back(std::move(first));
  }

  void Tidy(std::string& error_text) const {
    Hide(identity_.credentials.password, error_text);
    for (const auto& secret : identity_.secrets) Hide(secret, error_text);
    error_text = ExplainRefusal(error_text, identity_.credentials.username);
  }

  void Flush() {
    if (writing_ || outgoing_.empty() || broken_) return;
    writing_ = true;
    in_flight_.swap(outgoing_);
    outgoing_.clear();
    transport_->Write(in_flight_.data(), in_flight_.size(), [self = Self()](const Status& status) {
      self->writing_ = false;
      // Whoever hangs up may have said why: what is being read tells it, else the same error.
      if (!status.ok()) return self->BreakSoon(Annotate(status, "write"));
      self->Flush();
    });
  }

  void ReadMore() {
    if (broken_) return;
    transport_->Read(buffer_.data(), buffer_.size(),
                     [self = Self()](const StatusOr<std::size_t>& count) {
                       if (!count.ok()) return self->Break(Annotate(count.status(), "read"));
                       redisReaderFeed(self->reader_.get(), self->buffer_.data(), *count);
                       self->Deliver();
                       self->ReadMore();
                     });
  }

  void Deliver() {
    while (!broken_) {
      void* object = nullptr;
      if (redisReaderGetReply(reader_.get(), &object) != REDIS_OK) {
        return Break(Error(StatusCode::kInternal, "protocol error: {}", reader_->errstr));
      }
      if (object == nullptr) return;
      auto* raw = static_cast<redisReply*>(object);
      Reply reply = Convert(*raw);
      freeReplyObject(raw);
      if (reply.IsError()) Tidy(reply.text);
      if (pending_.empty()) {
        return Break(Error(StatusCode::kInternal, "a reply that nobody asked for"));
      }
      auto& first = *pending_.front();
      first.replies.push_back(std::move(reply));
      if (first.replies.size() < first.wanted) continue;
      auto complete = std::move(pending_.front());
      pending_.pop_front();
      complete->timer->cancel();
      complete->done(std::move(complete->replies));
    }
  }

  /// Gives the read under way a moment to end first.
  void BreakSoon(Status why) {
    if (broken_ || closing_ != nullptr) return;
    closing_ = std::make_unique<asio::steady_timer>(context_, kLastWords);
    closing_->async_wait([weak = std::weak_ptr(Self()), why = std::move(why)](const auto& error) {
      auto self = weak.lock();
      if (!error && self) self->Break(why);
    });
  }

  void Break(Status why) {
    if (broken_) return;
    broken_ = true;
    error_ = std::move(why);
    closing_.reset();
    transport_->Close();
    auto pending = std::exchange(pending_, {});
    for (auto& one : pending) {
      one->timer->cancel();
      one->done(Annotate(error_, Address()));
    }
  }

  asio::io_context& context_;
  std::shared_ptr<io::Transport> transport_;
  std::string host_;
  int port_;
  Identity identity_;
  std::unique_ptr<redisReader, decltype(&redisReaderFree)> reader_;
  std::deque<std::shared_ptr<Pending>> pending_;
  std::string outgoing_;
  std::string in_flight_;
  std::array<char, 65536> buffer_;
  Status error_;
  std::unique_ptr<asio::steady_timer> closing_;
  bool started_ = false;
  bool connected_ = false;
  bool writing_ = false;
  bool broken_ = false;
};

}  // namespace

std::shared_ptr<Connection> Connection::Make(asio::io_context& context,
                                             const io::TransportFactory& transport,
                                             std::string host, int port, Identity identity) {
  return std::make_shared<PipelinedConnection>(context, transport(context), std::move(host), port,
                                               std::move(identity));
}

}  // namespace tidewright::redis
