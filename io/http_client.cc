#include "io/http_client.h"

#include <curl/curl.h>

#include <array>
#include <memory>
#include <optional>

namespace tidewright::io {
namespace {

constexpr long kMaxRedirects = 3;

struct FreeEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using UrlHandle = std::unique_ptr<CURLU, FreeUrl>;

UrlHandle ParseUrl(const std::string& text) {
  UrlHandle url(curl_url());
  if (!url || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME) != 0) {
    return nullptr;
  }
  return url;
}

std::string Part(const UrlHandle& url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, 0) != CURLUE_OK) return "";
  std::string result = text;
  curl_free(text);
  return result;
}

bool IsLoopback(const std::string& host) {
  return host == "localhost" || host == "[::1]" || host.rfind("127.", 0) == 0;
}

/// Where an answer goes as it arrives.
struct Sink {
  std::string body;
  std::size_t limit = 0;
  bool too_large = false;
};

// Called from C: nothing may be thrown. Taking fewer bytes than offered ends the transfer.
std::size_t Receive(char* data, std::size_t one, std::size_t size, void* user) noexcept {
  auto& sink = *static_cast<Sink*>(user);
  if (sink.body.size() + one * size > sink.limit) {
    sink.too_large = true;
    return 0;
  }
  sink.body.append(data, one * size);
  return one * size;
}

StatusCode CodeOf(CURLcode code, long status) {
  // The first scheme was checked: only a redirect can have led to another.
  if (code == CURLE_UNSUPPORTED_PROTOCOL && status / 100 == 3) {
    return StatusCode::kFailedPrecondition;
  }
  switch (code) {
    case CURLE_URL_MALFORMAT:
      return StatusCode::kInvalidArgument;
    case CURLE_OPERATION_TIMEDOUT:
      return StatusCode::kDeadlineExceeded;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_TOO_MANY_REDIRECTS:
      return StatusCode::kFailedPrecondition;
    default:
      return StatusCode::kUnavailable;
  }
}

long Milliseconds(Duration d) {
  return static_cast<long>(std::chrono::ceil<std::chrono::milliseconds>(d).count());
}

void SetBounds(CURL* easy, const HttpCall& call, const std::string& scheme) {
  // 0 would mean "for ever" to libcurl.
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, std::max(1L, Milliseconds(call.timeout)));
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   std::max(1L, Milliseconds(call.connect_timeout)));
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, scheme.c_str());
  curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, scheme.c_str());
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(easy, CURLOPT_MAXREDIRS, kMaxRedirects);
  curl_easy_setopt(easy, CURLOPT_POSTREDIR, static_cast<long>(CURL_REDIR_POST_ALL));
}

void SetRequest(CURL* easy, const HttpCall& call) {
  curl_easy_setopt(easy, CURLOPT_URL, call.url.c_str());
  if (call.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else if (call.method != "GET") {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call.body.c_str());
    if (call.method != "POST") curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call.method.c_str());
  }
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");  // whatever libcurl can decompress
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "tidewright");
}

void SetTls(CURL* easy, const HttpTls& tls) {
  if (!tls.ca_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, tls.ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  }
  if (!tls.certificate_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_SSLCERT, tls.certificate_file.c_str());
    curl_easy_setopt(easy, CURLOPT_SSLKEY, tls.key_file.c_str());
  }
}

std::unique_ptr<curl_slist, FreeList> Headers(const HttpCall& call) {
  // "Expect:" stops libcurl from waiting for a 100 before a larger body; "Content-Type:" without a
  // value from calling every body a form.
  std::unique_ptr<curl_slist, FreeList> list(curl_slist_append(nullptr, "Expect:"));
  const auto append = [&list](const std::string& line) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    if (longer != nullptr) {
      (void)list.release();
      list.reset(longer);
    }
  };
  append("Content-Type:" + (call.content_type.empty() ? "" : " " + call.content_type));
  for (const auto& line : call.headers) append(line);
  return list;
}

}  // namespace

StatusOr<HttpReply> CallHttp(const HttpCall& call) {
  const UrlHandle url = ParseUrl(call.url);
  const std::string scheme = url ? Part(url, CURLUPART_SCHEME) : "";
  if (scheme != "http" && scheme != "https") {
    return Error(StatusCode::kInvalidArgument, "'{}' is not an http:// or https:// address",
                 WithoutSecrets(call.url));
  }
  const std::unique_ptr<CURL, FreeEasy> easy(curl_easy_init());
  if (!easy) return Error(StatusCode::kResourceExhausted, "libcurl gave no handle");
  SetRequest(easy.get(), call);
  SetBounds(easy.get(), call, scheme);
  SetTls(easy.get(), call.tls);
  if (IsLoopback(Part(url, CURLUPART_HOST))) curl_easy_setopt(easy.get(), CURLOPT_PROXY, "");
  const auto headers = Headers(call);
  curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, headers.get());
  Sink sink{.body = "", .limit = call.max_body};
  curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, Receive);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &sink);
  std::array<char, CURL_ERROR_SIZE> why{};
  curl_easy_setopt(easy.get(), CURLOPT_ERRORBUFFER, why.data());

  const CURLcode code = curl_easy_perform(easy.get());
  if (sink.too_large) {
    return Error(StatusCode::kResourceExhausted, "{} {}: the answer is larger than {} bytes",
                 call.method, WithoutSecrets(call.url), call.max_body);
  }
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  if (code != CURLE_OK) {
    return Error(CodeOf(code, status), "{} {}: {}", call.method, WithoutSecrets(call.url),
                 why[0] != '\0' ? why.data() : curl_easy_strerror(code));
  }
  HttpReply reply;
  reply.status = static_cast<int>(status);
  const char* type = nullptr;
  curl_easy_getinfo(easy.get(), CURLINFO_CONTENT_TYPE, &type);
  if (type != nullptr) reply.content_type = type;
  reply.body = std::move(sink.body);
  return reply;
}

std::string WithoutSecrets(const std::string& url) {
  const UrlHandle parsed = ParseUrl(url);
  if (!parsed) return "(not a URL)";
  for (const CURLUPart part : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS}) {
    curl_url_set(parsed.get(), part, nullptr, 0);
  }
  return Part(parsed, CURLUPART_URL);
}

std::string UrlEncode(const std::string& text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      result += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    result += '%';
    result += kHex[byte >> 4];
    result += kHex[byte & 15];
  }
  return result;
}

}  // namespace tidewright::io
