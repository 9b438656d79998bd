#include "cli/session.h"

#include <google/protobuf/util/json_util.h>
#include <grpcpp/grpcpp.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdio>


namespace tidewright::cli {
Session::Session(const Options& options)
    : options_(options), terminal_(Terminal::Detect(options.no_color)) {
  stub_ = pb::Controller::NewStub(
      grpc::CreateChannel(options.address, grpc::InsecureChannelCredentials()));
}

void Session::Prepare(grpc::ClientContext& context, Duration patience) {
  // gRPC takes a deadline relative to now only as a timespec of its own.
  context.set_deadline(gpr_time_from_millis(patience / std::chrono::milliseconds(1), GPR_TIMESPAN));
}

Status Session::Explain(const grpc::Status& status) const {
  if (status.ok()) return OkStatus();
  const auto code = static_cast<StatusCode>(status.error_code());
  if (code == StatusCode::kUnavailable &&
      status.error_message().find("cycle") == std::string::npos) {
    return Error(code,
                 "no controller answers at {} ({}).\nIs tidewright running? Name another address "
                 "with --address HOST:PORT",
                 options_.address, status.error_message());
  }
  return Error(code, "{}", status.error_message());
}

void PrintJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(message, &text, options).ok()) {
    std::fputs("tidectl: the answer cannot be written as JSON\n", stderr);
    return;
  }
  std::fputs(text.c_str(), stdout);
}

std::string UserName() {
  const passwd* user = getpwuid(geteuid());
  return user != nullptr && user->pw_name != nullptr ? user->pw_name
                                                     : "uid " + std::to_string(geteuid());
}

std::string Short(const std::string& hash) { return hash.substr(0, 10); }

std::string TimeText(bool present, const google::protobuf::Timestamp& time) {
  if (!present) return "-";
  std::string text = FormatTime(WallTime(std::chrono::seconds(time.seconds())));
  text[10] = ' ';
  return text.substr(0, 16);
}

}  // namespace tidewright::cli
