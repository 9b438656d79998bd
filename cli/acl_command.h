// tidectl acl: the account that the store must have for the controller.
#pragma once

#include <string>
#include <vector>

namespace tidewright::cli {

struct AclOptions {
  std::vector<std::string> capabilities = {"observe"};
  std::string user = "tidewright";
  std::string password_file;  ///< its first line is the password; empty: a placeholder is printed
  bool list = false;          ///< print what there is instead
};

int PrintAcl(const AclOptions& options);

}  // namespace tidewright::cli
