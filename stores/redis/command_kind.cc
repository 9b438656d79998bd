#include "stores/redis/command_kind.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <string>

namespace tidewright::redis {
namespace {

std::string Upper(std::string word) {
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return word;
}

}  // namespace

bool OnlyReads(const Command& command) {
  static const std::set<std::string> kWhole = {"PING", "INFO", "EXISTS", "SELECT", "DBSIZE"};
  static const std::map<std::string, std::set<std::string>> kParts = {
      {"CLUSTER",
       {"NODES", "INFO", "SLOTS", "SHARDS", "MYID", "COUNTKEYSINSLOT", "GETKEYSINSLOT", "LINKS",
        "SLOT-STATS", "GETSLOTMIGRATIONS"}},
      {"CONFIG", {"GET"}},
      {"MEMORY", {"USAGE"}},
      {"FUNCTION", {"DUMP", "LIST", "STATS"}},
      {"MODULE", {"LIST"}},
      {"ACL", {"WHOAMI"}},
      {"CLIENT", {"LIST", "SETNAME"}},  // of our own connection
  };
  if (command.empty()) return true;
  const std::string word = Upper(command[0]);
  if (kWhole.count(word) != 0) return true;
  const auto part = kParts.find(word);
  return part != kParts.end() && command.size() > 1 && part->second.count(Upper(command[1])) != 0;
}

}  // namespace tidewright::redis
