#include "actuator/provisioners/exec.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "io/durable_file.h"
#include "io/subprocess.h"

namespace tidewright {
namespace {

using Json = nlohmann::json;

constexpr int kVersion = 1;  // of the contract
constexpr Duration kGrace = std::chrono::seconds(2);
constexpr std::size_t kMostBytes = 64 << 10;  // of an answer
// sysexits.h
constexpr int kNotOurs = 66;   // EX_NOINPUT
constexpr int kNoneLeft = 69;  // EX_UNAVAILABLE
constexpr int kTryAgain = 75;  // EX_TEMPFAIL

std::string ReadFile(const std::string& path, std::size_t most) {
  std::ifstream file(path, std::ios::binary);
  std::string text(most, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return text;
}

/// The end of what it said, on one line.
std::string LastWords(std::string text) {
  constexpr std::size_t kTail = 400;
  if (text.size() > kTail) text.erase(0, text.size() - kTail);
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text.empty() ? "it said nothing on stderr" : text;
}

StatusCode CodeOf(int exit_code) {
  switch (exit_code) {
    case kNotOurs:
      return StatusCode::kNotFound;
    case kNoneLeft:
      return StatusCode::kResourceExhausted;
    case kTryAgain:
      return StatusCode::kUnavailable;
    default:
      return StatusCode::kFailedPrecondition;
  }
}

/// Gone with the object.
struct Files {
  explicit Files(const std::string& stem)
      : input(stem + ".in"), output(stem + ".out"), errors(stem + ".err") {
    Remove();
  }
  ~Files() { Remove(); }
  void Remove() const {
    std::error_code ignored;
    for (const auto& path : {input, output, errors}) std::filesystem::remove(path, ignored);
  }
  std::string input;
  std::string output;
  std::string errors;
};

}  // namespace

StatusOr<std::string> ExecProvisioner::Run(const std::string& operation, const std::string& request,
                                           Duration timeout) {
  if (options_.command.empty()) {
    return Error(StatusCode::kInvalidArgument, "provisioner.exec names no command");
  }
  std::scoped_lock lock(mutex_);
  std::error_code error;
  std::filesystem::create_directories(options_.directory, error);
  const Files files(options_.directory + "/" + operation);
  TW_RETURN_IF_ERROR(io::ReplaceFileDurably(files.input, request));
  auto child = io::Subprocess::Spawn({.command = options_.command,
                                      .working_directory = options_.directory,
                                      .input_file = files.input,
                                      .output_file = files.output,
                                      .error_file = files.errors});
  if (!child.ok()) {
    const bool missing = child.status().code() == StatusCode::kNotFound;
    return Error(missing ? StatusCode::kFailedPrecondition : child.status().code(),
                 "provisioner.exec: {}", Message(child.status()));
  }
  const auto code = child->Wait(timeout, clock_);
  if (!code) {
    child->StopSession(kGrace, clock_);
    return Error(StatusCode::kDeadlineExceeded, "{} {} did not end within {}: {}",
                 options_.command.front(), operation, FormatDuration(timeout),
                 LastWords(ReadFile(files.errors, kMostBytes)));
  }
  if (*code != 0) {
    return Error(CodeOf(*code), "{} {} ended with {}: {}", options_.command.front(), operation,
                 *code, LastWords(ReadFile(files.errors, kMostBytes)));
  }
  return ReadFile(files.output, kMostBytes);
}

StatusOr<ProvisionedNode> ExecProvisioner::Acquire(const NodeRequest& request, Duration timeout) {
  if (request.token.empty()) {
    return Error(StatusCode::kInvalidArgument, "a node is asked for without a token");
  }
  TW_ASSIGN_OR_RETURN(const std::string answer, Run("acquire",
                                                    Json{{"version", kVersion},
                                                         {"operation", "acquire"},
                                                         {"token", request.token},
                                                         {"cluster", request.cluster},
                                                         {"timeout_seconds", Seconds(timeout)}}
                                                            .dump() +
                                                        "\n",
                                                    timeout));
  const Json json = Json::parse(answer, nullptr, /*allow_exceptions=*/false);
  ProvisionedNode node;
  if (json.is_object() && json.contains("host") && json["host"].is_string() &&
      json.contains("port") && json["port"].is_number_integer()) {
    node.host = json["host"].get<std::string>();
    const auto port = json["port"].get<std::int64_t>();
    if (port > 0 && port <= 65535) node.port = static_cast<int>(port);
    if (json.contains("zone") && json["zone"].is_string()) {
      node.zone = json["zone"].get<std::string>();
    }
  }
  if (!node.host.empty() && node.port != 0) return node;
  return Error(StatusCode::kFailedPrecondition,
               "{} acquire: its answer is not {{\"host\": …, \"port\": …}}: {}",
               options_.command.front(), LastWords(answer));
}

Status ExecProvisioner::Release(const std::string& host, int port, Duration timeout) {
  return Run("release",
             Json{{"version", kVersion},
                  {"operation", "release"},
                  {"host", host},
                  {"port", port},
                  {"timeout_seconds", Seconds(timeout)}}
                     .dump() +
                 "\n",
             timeout)
      .status();
}

}  // namespace tidewright
