#include "core/zones.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace tidewright {
namespace {

constexpr int kWholeAddress = 128;  // bits: what a name says is as much as an address does
constexpr int kWithPort = 1000;

bool IsWord(const std::string& text) {
  return !text.empty() && text.size() <= 253 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
         });
}

// "host:port" or "[host]:port" as its two parts; a text without a port keeps port 0, one with a bad
// one gets -1.
std::pair<std::string, int> Split(const std::string& text) {
  const bool brackets = text.starts_with('[');
  const auto end = brackets ? text.find("]:") : text.find(':');
  const bool whole = end == std::string::npos;
  if (whole || (!brackets && text.find(':', end + 1) != std::string::npos)) return {text, 0};
  const char* const from = text.data() + end + (brackets ? 2 : 1);
  const char* const to = text.data() + text.size();
  int port = 0;
  const auto [rest, error] = std::from_chars(from, to, port);
  if (error != std::errc() || rest != to || port < 1 || port > 65535) port = -1;
  return {brackets ? text.substr(1, end - 1) : text.substr(0, end), port};
}

}  // namespace

StatusOr<Zones::Listed> Zones::Read(const Entry& entry) {
  const auto& [text, zone] = entry;
  if (!IsWord(zone) || zone.size() > 64) {
    return Error(StatusCode::kInvalidArgument,
                 "'{}' is no name of a zone; write up to 64 letters, digits, '-', '_', '.'", zone);
  }
  auto [host, port] = Split(text);
  auto network = Networks::Parse({host});
  // Four numbers that are no address would be a name; a person who mistyped wants to know.
  const bool is_name = IsWord(host) && std::any_of(host.begin(), host.end(), [](unsigned char c) {
                         return std::isalpha(c) != 0;
                       });
  const bool network_of_servers = port > 0 && host.find('/') != std::string::npos;
  if (port < 0 || network_of_servers || (!network.ok() && !is_name)) {
    return Error(StatusCode::kInvalidArgument,
                 "'{}' is neither a host nor a network; write one such as 10.0.1.0/24, 10.0.2.7, "
                 "10.0.2.7:6379 or redis-1.example",
                 text);
  }
  Listed listed{.name = "", .network = {}, .port = port, .zone = zone};
  if (network.ok()) {
    listed.network = *std::move(network);
  } else {
    listed.name = std::move(host);
  }
  return listed;
}

StatusOr<Zones> Zones::Parse(const std::vector<Entry>& entries) {
  Zones zones;
  for (const Entry& entry : entries) {
    TW_ASSIGN_OR_RETURN(Listed listed, Read(entry));
    zones.listed_.push_back(std::move(listed));
  }
  return zones;
}

std::string Zones::Of(const std::string& host, int port) const {
  const Listed* best = nullptr;
  int most = -1;
  for (const Listed& one : listed_) {
    if (one.port != 0 && one.port != port) continue;
    int says = one.name.empty() ? one.network.Bits(host).value_or(-1)
                                : (one.name == host ? kWholeAddress : -1);
    if (says < 0) continue;
    if (one.port != 0) says += kWithPort;
    if (says <= most) continue;
    most = says;
    best = &one;
  }
  return best == nullptr ? "" : best->zone;
}

void Zones::Name(Topology& topology) const {
  const auto name = [&](Node& node) {
    const std::string zone = Of(node.host, node.port);
    if (!zone.empty()) node.zone = zone;
  };
  for (Shard& shard : topology.shards) {
    name(shard.master);
    for (Node& replica : shard.replicas) name(replica);
  }
}

}  // namespace tidewright
