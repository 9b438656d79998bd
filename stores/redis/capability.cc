#include "stores/redis/capability.h"

#include <algorithm>
#include <cctype>

namespace tidewright::redis {
namespace {

const Capability* Find(const std::string& name) {
  for (const auto& capability : Capabilities()) {
    if (capability.name == name) return &capability;
  }
  return nullptr;
}

void Collect(const Capability& capability, std::vector<std::string>& rules) {
  for (const auto& name : capability.includes) Collect(*Find(name), rules);
  for (const auto& rule : capability.rules) {
    if (std::find(rules.begin(), rules.end(), rule) == rules.end()) rules.push_back(rule);
  }
}

/// "… to run the 'cluster|setslot' command …" → "cluster|setslot".
std::string Quoted(const std::string& text) {
  const auto begin = text.find('\'');
  const auto end = text.find('\'', begin + 1);
  if (begin == std::string::npos || end == std::string::npos) return "";
  return text.substr(begin + 1, end - begin - 1);
}

}  // namespace

const std::vector<Capability>& Capabilities() {
  static const std::vector<Capability> kAll = {
      {"observe",
       "watch, forecast, recommend and alert",
       {},
       {"+ping", "+info", "+cluster|nodes", "+cluster|info", "+cluster|myid",
        "+cluster|countkeysinslot", "+latency|histogram"}},
      {"plan",
       "also sample how large keys are, so that plans know what moves",
       {"observe"},
       {"%R~*", "+cluster|getkeysinslot", "+memory|usage"}},
      {"act",
       "also move slots, let nodes join and leave, and prove to be the only controller",
       {"plan"},
       {"~*", "+cluster|setslot", "+cluster|bumpepoch", "+cluster|meet", "+cluster|forget",
        "+cluster|replicate", "+cluster|reset", "+migrate", "+client|setname", "+client|list"}},
      {"receive",
       "of the account that MIGRATE shows to its target (redis.migrate_username, or the same)",
       {},
       {"~*", "+select", "+restore-asking"}},
      {"compare",
       "refuse new servers of other modules or limits; CONFIG GET shows passwords of the server",
       {},
       {"+config|get", "+module|list"}},
      {"functions", "copy functions to new servers", {}, {"+function|dump", "+function|restore"}},
      {"slot-stats",
       "load of each slot as the server counts it; Valkey 8, Redis 8.2 or newer",
       {},
       {"+cluster|slot-stats"}},
      {"atomic",
       "move slots as a whole where both servers can; Valkey 9.1.2 or newer",
       {},
       {"+cluster|migrateslots", "+cluster|getslotmigrations", "+cluster|cancelslotmigrations",
        "+eval"}},
      {"atomic-link",
       "of the account that servers show to each other (primaryuser), to send slots as a whole",
       {},
       {"~*", "+select", "+cluster|syncslots", "+@write"}},
  };
  return kAll;
}

StatusOr<std::vector<std::string>> RulesOf(const std::vector<std::string>& names) {
  std::vector<std::string> rules;
  for (const auto& name : names) {
    const Capability* capability = Find(name);
    if (capability == nullptr) {
      std::vector<std::string> known;
      for (const auto& each : Capabilities()) known.push_back(each.name);
      return Error(StatusCode::kInvalidArgument, "there is no capability '{}'; there are {}", name,
                   fmt::join(known, ", "));
    }
    Collect(*capability, rules);
  }
  // Whoever may write all keys may read them.
  if (std::find(rules.begin(), rules.end(), "~*") != rules.end()) std::erase(rules, "%R~*");
  return rules;
}

StatusOr<std::string> AclLine(const std::string& user, const std::string& password_hash,
                              const std::vector<std::string>& capabilities) {
  const bool plain = std::none_of(user.begin(), user.end(), [](unsigned char c) {
    return std::isspace(c) != 0 || std::iscntrl(c) != 0 || c == '"' || c == '\'';
  });
  if (user.empty() || !plain) {
    return Error(StatusCode::kInvalidArgument, "'{}' is no name of an account", user);
  }
  TW_ASSIGN_OR_RETURN(const auto rules, RulesOf(capabilities));
  return fmt::format("ACL SETUSER {} reset on #{} {}", user, password_hash, fmt::join(rules, " "));
}

std::optional<std::string> CapabilityFor(const std::string& command) {
  for (const auto& capability : Capabilities()) {
    for (const auto& rule : capability.rules) {
      if (rule == "+" + command) return capability.name;
    }
  }
  return std::nullopt;
}

std::string ExplainRefusal(const std::string& text, const std::string& user) {
  const auto at = text.find("NOPERM");
  if (at == std::string::npos) return text;
  const std::string command = Quoted(text.substr(at));
  const auto capability = CapabilityFor(command);
  // A right to a key that is missing names no command.
  if (!capability && text.find("key", at) == std::string::npos) return text;
  return fmt::format(
      "{} ({}: `tidectl acl --capability {} --user {}` prints the line to run on every node)", text,
      capability ? "it belongs to the capability '" + *capability + "'"
                 : std::string("keys are open to the capabilities 'plan', 'act' and 'receive'"),
      capability.value_or("CAPABILITY"), user.empty() ? "NAME" : user);
}

}  // namespace tidewright::redis
