// One thread that runs an Asio event loop.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <thread>

namespace tidewright::io {

/// Starts on construction; the destructor stops the loop, dropping what was not run, and joins.
class IoThread {
 public:
  IoThread()
      : guard_(boost::asio::make_work_guard(context_)), thread_([this] { context_.run(); }) {}
  ~IoThread() {
    context_.stop();
    thread_.join();
  }
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  boost::asio::io_context& context() { return context_; }

 private:
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  std::thread thread_;
};

}  // namespace tidewright::io
