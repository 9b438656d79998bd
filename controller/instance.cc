#include "controller/instance.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <random>

#include "core/hash.h"

namespace tidewright {
namespace {

std::string FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

}  // namespace

StatusOr<std::string> InstanceName(const std::string& data_dir) {
  const std::string path = data_dir + "/instance";
  std::string number = FirstLine(path);
  if (number.size() != 8) {
    std::random_device chance;
    number = fmt::format("{:08x}", chance());
    std::ofstream file(path, std::ios::trunc);
    file << number << "\n";
    file.close();
    if (!file) return Error(StatusCode::kFailedPrecondition, "{} cannot be written", path);
  }
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host = {};
  std::string name = host.data();
  // It becomes part of a client's name, which holds no blanks.
  std::replace_if(
      name.begin(), name.end(),
      [](unsigned char c) { return std::isalnum(c) == 0 && c != '-' && c != '.'; }, '-');
  const std::string boot = Sha256Hex(FirstLine("/proc/sys/kernel/random/boot_id")).substr(0, 8);
  return fmt::format("{}-{}-{}", name.empty() ? "host" : name, number, boot);
}

}  // namespace tidewright
