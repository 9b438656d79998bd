#include "io/etcd_client.h"

#include <openssl/evp.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

namespace tidewright::io {
namespace {

using Json = nlohmann::json;

std::string Base64(const std::string& text) {
  std::string encoded(4 * ((text.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  encoded.resize(static_cast<std::size_t>(size));
  return encoded;
}

std::string FromBase64(const std::string& text) {
  std::string decoded(3 * (text.size() / 4) + 1, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(decoded.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return "";
  std::size_t padding = 0;  // counted by OpenSSL as zero bytes
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  decoded.resize(static_cast<std::size_t>(size) - std::min<std::size_t>(padding, size));
  return decoded;
}

/// The gateway writes 64-bit numbers as texts and leaves zeros out.
std::int64_t Number(const Json& json, const char* key) {
  if (!json.is_object() || !json.contains(key)) return 0;
  const Json& value = json[key];
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (!value.is_string()) return 0;
  const auto text = value.get<std::string>();
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string Text(const Json& json, const char* key) {
  const bool there = json.is_object() && json.contains(key) && json[key].is_string();
  return there ? json[key].get<std::string>() : "";
}

EtcdEntry Entry(const Json& json) {
  return {FromBase64(Text(json, "key")), FromBase64(Text(json, "value")),
          Number(json, "create_revision"), Number(json, "lease")};
}

StatusOr<Json> Parse(StatusOr<std::string> body) {
  TW_RETURN_IF_ERROR(body.status());
  Json json = Json::parse(*body, nullptr, /*allow_exceptions=*/false);
  if (json.is_object()) return json;
  return Error(StatusCode::kInternal, "etcd: an answer that is no JSON object");
}

Json CreatedAt(const std::string& key, std::int64_t revision) {
  return {{"key", Base64(key)},
          {"target", "CREATE"},
          {"result", "EQUAL"},
          {"create_revision", std::to_string(revision)}};
}

Json Put(const std::string& key, const std::string& value, std::int64_t lease) {
  return {{"request_put",
           {{"key", Base64(key)}, {"value", Base64(value)}, {"lease", std::to_string(lease)}}}};
}

/// The first byte string that does not begin with `prefix`.
std::string EndOf(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
  if (prefix.empty()) return std::string(1, '\0');
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

}  // namespace

StatusOr<HttpReply> EtcdClient::Send(const std::string& path, const std::string& body,
                                     bool authenticated) {
  std::size_t first = 0;
  HttpCall call{.method = "POST",
                .body = body,
                .content_type = "application/json",
                .tls = options_.tls,
                .connect_timeout = options_.timeout,
                .timeout = options_.timeout};
  {
    std::scoped_lock lock(mutex_);
    first = preferred_;
    if (authenticated && !token_.empty()) call.headers.push_back("Authorization: " + token_);
  }
  Status last = Error(StatusCode::kUnavailable, "etcd: no endpoint is named");
  for (std::size_t i = 0; i < options_.endpoints.size(); ++i) {
    const std::size_t endpoint = (first + i) % options_.endpoints.size();
    call.url = options_.endpoints[endpoint] + path;
    auto reply = CallHttp(call);
    if (reply.ok() && reply->status != 503) {
      std::scoped_lock lock(mutex_);
      preferred_ = endpoint;
      return reply;
    }
    last = reply.ok() ? Error(StatusCode::kUnavailable, "{}: {}", call.url, reply->body)
                      : reply.status();
  }
  return Annotate(last, "etcd");
}

Status EtcdClient::Authenticate() {
  const Json body = {{"name", options_.username}, {"password", options_.password}};
  TW_ASSIGN_OR_RETURN(const HttpReply reply, Send("/v3/auth/authenticate", body.dump(), false));
  const Json json = Json::parse(reply.body, nullptr, /*allow_exceptions=*/false);
  const std::string token = Text(json, "token");
  if (!reply.ok() || token.empty()) {
    return Error(StatusCode::kPermissionDenied, "etcd refuses the account '{}': {}",
                 options_.username, Text(json, "message"));
  }
  std::scoped_lock lock(mutex_);
  token_ = token;
  return OkStatus();
}

StatusOr<std::string> EtcdClient::Post(const std::string& path, const std::string& body) {
  for (const bool again : {false, true}) {
    {
      std::unique_lock lock(mutex_);
      if (!options_.username.empty() && token_.empty()) {
        lock.unlock();
        TW_RETURN_IF_ERROR(Authenticate());
      }
    }
    TW_ASSIGN_OR_RETURN(const HttpReply reply, Send(path, body, true));
    if (reply.ok()) return reply.body;
    const Json json = Json::parse(reply.body, nullptr, /*allow_exceptions=*/false);
    std::string message = Text(json, "message");
    if (message.empty()) message = Text(json, "error");
    const auto says = [&](const char* word) { return message.find(word) != std::string::npos; };
    if (says("invalid auth token") && !again) {
      std::scoped_lock lock(mutex_);
      token_.clear();
      continue;
    }
    if (says("lease not found")) return Error(StatusCode::kNotFound, "etcd: {}", message);
    const bool refused = says("permission denied") || says("user name is empty") ||
                         reply.status == 401 || reply.status == 403;
    const bool passing = says("no leader") || says("timed out") || reply.status >= 500;
    return Error(refused   ? StatusCode::kPermissionDenied
                 : passing ? StatusCode::kUnavailable
                           : StatusCode::kFailedPrecondition,
                 "etcd: {} ({})", message.empty() ? reply.body : message, reply.status);
  }
  return Error(StatusCode::kPermissionDenied, "etcd does not accept its own token");
}

StatusOr<EtcdClient::Lease> EtcdClient::Grant(Duration ttl) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(ttl).count();
  TW_ASSIGN_OR_RETURN(
      const Json json,
      Parse(Post("/v3/lease/grant", Json({{"TTL", std::to_string(seconds)}}).dump())));
  const Lease lease{Number(json, "ID"), std::chrono::seconds(Number(json, "TTL"))};
  if (lease.id == 0) return Error(StatusCode::kInternal, "etcd: a lease without an id");
  return lease;
}

StatusOr<Duration> EtcdClient::KeepAlive(std::int64_t lease) {
  // A stream with one answer: {"result": {…}}.
  TW_ASSIGN_OR_RETURN(
      const Json json,
      Parse(Post("/v3/lease/keepalive", Json({{"ID", std::to_string(lease)}}).dump())));
  if (json.contains("error")) {
    return Error(StatusCode::kUnavailable, "etcd: {}", Text(json["error"], "message"));
  }
  const auto seconds = json.contains("result") ? Number(json["result"], "TTL") : 0;
  if (seconds <= 0) return Error(StatusCode::kNotFound, "etcd: the lease has ended");
  return Duration(std::chrono::seconds(seconds));
}

Status EtcdClient::Revoke(std::int64_t lease) {
  return Post("/v3/lease/revoke", Json({{"ID", std::to_string(lease)}}).dump()).status();
}

StatusOr<EtcdClient::Claim> EtcdClient::PutIfAbsent(const std::string& key,
                                                    const std::string& value, std::int64_t lease) {
  const Json get = {{"request_range", {{"key", Base64(key)}}}};
  const Json body = {{"compare", Json::array({CreatedAt(key, 0)})},
                     {"success", Json::array({Put(key, value, lease), get})},
                     {"failure", Json::array({get})}};
  TW_ASSIGN_OR_RETURN(const Json json, Parse(Post("/v3/kv/txn", body.dump())));
  Claim claim;
  claim.made = json.value("succeeded", false);
  for (const auto& response : json.value("responses", Json::array())) {
    const Json range = response.value("response_range", Json::object());
    for (const auto& kv : range.value("kvs", Json::array())) claim.holder = Entry(kv);
  }
  if (claim.holder.create_revision == 0) {
    return Error(StatusCode::kInternal, "etcd: a transaction without an entry");
  }
  return claim;
}

StatusOr<bool> EtcdClient::PutIfHeld(const std::string& guard, std::int64_t guard_revision,
                                     const std::string& key, const std::string& value) {
  const Json body = {{"compare", Json::array({CreatedAt(guard, guard_revision)})},
                     {"success", Json::array({Put(key, value, 0)})},
                     {"failure", Json::array()}};
  TW_ASSIGN_OR_RETURN(const Json json, Parse(Post("/v3/kv/txn", body.dump())));
  return json.value("succeeded", false);
}

Status EtcdClient::Delete(const std::string& key, const std::string& value) {
  const Json same = {{"key", Base64(key)},
                     {"target", "VALUE"},
                     {"result", "EQUAL"},
                     {"value", Base64(value)}};
  const Json erase = {{"request_delete_range", {{"key", Base64(key)}}}};
  const Json body = {{"compare", Json::array({same})},
                     {"success", Json::array({erase})},
                     {"failure", Json::array()}};
  return Post("/v3/kv/txn", body.dump()).status();
}

StatusOr<std::vector<EtcdEntry>> EtcdClient::List(const std::string& prefix) {
  const Json body = {{"key", Base64(prefix)}, {"range_end", Base64(EndOf(prefix))}};
  TW_ASSIGN_OR_RETURN(const Json json, Parse(Post("/v3/kv/range", body.dump())));
  std::vector<EtcdEntry> entries;
  for (const auto& kv : json.value("kvs", Json::array())) entries.push_back(Entry(kv));
  return entries;
}

}  // namespace tidewright::io
