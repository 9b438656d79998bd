#include "cli/acl_command.h"

#include <cstdio>
#include <fstream>

#include "cli/exit_code.h"
#include "core/hash.h"
#include "stores/redis/capability.h"

namespace tidewright::cli {
namespace {

constexpr char kPlaceholder[] = "SHA256-OF-THE-PASSWORD";

StatusOr<std::string> PasswordHash(const std::string& path) {
  if (path.empty()) return std::string(kPlaceholder);
  std::ifstream file(path);
  std::string password;
  if (!std::getline(file, password) || password.empty()) {
    return Error(StatusCode::kInvalidArgument,
                 "--password-file: {} cannot be read or its first line is empty", path);
  }
  if (password.back() == '\r') password.pop_back();
  return Sha256Hex(password);
}

int PrintCapabilities() {
  for (const auto& capability : redis::Capabilities()) {
    std::string includes;
    for (const auto& name : capability.includes) includes += name + " and ";
    std::printf("%-11s %s\n%-11s   %s%s\n", capability.name.c_str(), capability.what_for.c_str(), "",
                includes.c_str(), fmt::format("{}", fmt::join(capability.rules, " ")).c_str());
  }
  return kExitOk;
}

}  // namespace

int PrintAcl(const AclOptions& options) {
  if (options.list) return PrintCapabilities();
  const auto hash = PasswordHash(options.password_file);
  if (!hash.ok()) return Fail(hash.status());
  const auto line = redis::AclLine(options.user, *hash, options.capabilities);
  if (!line.ok()) return Fail(line.status());
  std::printf("%s\n", line->c_str());
  if (options.password_file.empty()) {
    std::fprintf(stderr,
                 "Put the SHA-256 of the password in, or name its file with --password-file; then "
                 "run the line on every node.\n");
  }
  return kExitOk;
}

}  // namespace tidewright::cli
