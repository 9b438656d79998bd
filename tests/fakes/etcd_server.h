// A real etcd of one member on free loopback ports, in a folder of the test.
#pragma once

#include <signal.h>

#include <optional>
#include <stdexcept>
#include <string>

#include "core/clock.h"
#include "io/etcd_client.h"
#include "io/subprocess.h"

namespace tidewright::fakes {

class EtcdServer {
 public:
  explicit EtcdServer(std::string folder) : folder_(std::move(folder)) {
    const auto client = io::FreePort();
    const auto peer = io::FreePort();
    if (!client.ok() || !peer.ok()) throw std::runtime_error("no free port");
    url_ = "http://127.0.0.1:" + std::to_string(*client);
    peer_ = "http://127.0.0.1:" + std::to_string(*peer);
    Start();
  }
  ~EtcdServer() {
    if (!process_) return;
    process_->Signal(SIGCONT);
    process_->Stop(std::chrono::seconds(1), clock_);
  }
  EtcdServer(const EtcdServer&) = delete;
  EtcdServer& operator=(const EtcdServer&) = delete;

  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] io::EtcdOptions Options() const {
    io::EtcdOptions options;
    options.endpoints = {url_};
    return options;
  }
  void Signal(int signal) { process_->Signal(signal); }

 private:
  void Start() {
    auto process = io::Subprocess::Spawn(
        {.command = {"etcd", "--data-dir", folder_ + "/etcd", "--listen-client-urls", url_,
                     "--advertise-client-urls", url_, "--listen-peer-urls", peer_,
                     "--initial-advertise-peer-urls", peer_, "--initial-cluster",
                     "default=" + peer_},
         .working_directory = folder_,
         .output_file = folder_ + "/etcd.log"});
    if (!process.ok()) throw std::runtime_error(Message(process.status()));
    process_ = *std::move(process);
    io::EtcdClient client(Options());
    const MonoTime deadline = clock_.Monotonic() + std::chrono::seconds(60);
    while (!client.List("/").ok()) {
      if (clock_.Monotonic() > deadline) throw std::runtime_error("etcd does not answer");
      clock_.WaitFor(std::chrono::milliseconds(50), {});
    }
  }

  RealClock clock_;
  std::string folder_;
  std::string url_;
  std::string peer_;
  std::optional<io::Subprocess> process_;
};

}  // namespace tidewright::fakes
