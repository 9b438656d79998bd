#include "tests/faults/wire.h"

#include <utility>

namespace tidewright::faults {
namespace {

constexpr char kMigrate[] = "$7\r\nMIGRATE\r\n$9\r\n127.0.0.1\r\n$5\r\n";

class HookedWire : public io::Transport {
 public:
  HookedWire(std::shared_ptr<io::Transport> inner, std::shared_ptr<const WireHooks> hooks)
      : inner_(std::move(inner)), hooks_(std::move(hooks)) {}

  void Connect(const std::string& host, int port, Done done) override {
    port_ = port;
    inner_->Connect(host, Detour(port), std::move(done));
  }
  void Read(char* data, std::size_t size, ReadDone done) override {
    inner_->Read(data, size, std::move(done));
  }
  void Write(const char* data, std::size_t size, Done done) override {
    auto text = std::make_shared<std::string>(data, size);
    if (hooks_->before_write) hooks_->before_write(port_, *text);
    for (auto at = text->find(kMigrate); at != std::string::npos; at = text->find(kMigrate, at)) {
      at += sizeof(kMigrate) - 1;
      text->replace(at, 5, std::to_string(Detour(std::stoi(text->substr(at, 5)))));
    }
    const char* bytes = text->data();
    inner_->Write(bytes, size, [text, done = std::move(done)](const Status& s) { done(s); });
  }
  void Close() override { inner_->Close(); }

 private:
  [[nodiscard]] int Detour(int port) const {
    const auto it = hooks_->detours.find(port);
    return it == hooks_->detours.end() ? port : it->second;
  }

  std::shared_ptr<io::Transport> inner_;
  std::shared_ptr<const WireHooks> hooks_;
  int port_ = 0;
};

}  // namespace

io::TransportFactory HookedTransport(std::shared_ptr<const WireHooks> hooks) {
  return [hooks](boost::asio::io_context& context) -> std::shared_ptr<io::Transport> {
    return std::make_shared<HookedWire>(io::MakeTcpTransport(context), hooks);
  };
}

}  // namespace tidewright::faults
