// A conversation with the controller, and how its answers are shown.
#pragma once

#include <google/protobuf/message.h>

#include <memory>
#include <string>

#include "cli/exit_code.h"
#include "cli/render.h"
#include "core/status.h"
#include "core/time.h"
#include "tidewright/v1/controller.grpc.pb.h"

namespace tidewright::cli {

namespace pb = ::tidewright::v1;

struct Options {
  std::string address = "127.0.0.1:7090";
  bool json = false;
  bool no_color = false;
  bool assume_yes = false;
};

class Session {
 public:
  static constexpr Duration kPatience = std::chrono::seconds(10);
  /// For what waits until slots that are open have come to their end.
  static constexpr Duration kLongPatience = std::chrono::minutes(5);

  explicit Session(const Options& options);

  /// Calls a method of the stub: session.Ask(&pb::Controller::Stub::GetStatus, request, &answer).
  template <typename Request, typename Answer>
  Status Ask(grpc::Status (pb::Controller::Stub::*method)(grpc::ClientContext*, const Request&,
                                                          Answer*),
             const Request& request, Answer* answer, Duration patience = kPatience) {
    grpc::ClientContext context;
    Prepare(context, patience);
    return Explain((stub_.get()->*method)(&context, request, answer));
  }

  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] const Terminal& terminal() const { return terminal_; }

 private:
  static void Prepare(grpc::ClientContext& context, Duration patience);
  [[nodiscard]] Status Explain(const grpc::Status& status) const;

  Options options_;
  Terminal terminal_;
  std::unique_ptr<pb::Controller::Stub> stub_;
};

/// On stdout, one JSON document with the field names of the .proto file.
void PrintJson(const google::protobuf::Message& message);
/// Who runs this program: what the audit log is told.
[[nodiscard]] std::string UserName();
/// The first ten characters of a hash: enough to type.
[[nodiscard]] std::string Short(const std::string& hash);
/// "2026-11-22 04:30" in UTC; "-" when absent.
[[nodiscard]] std::string TimeText(bool present, const google::protobuf::Timestamp& time);

}  // namespace tidewright::cli
