#include "io/http_client.h"

#include <boost/test/unit_test.hpp>

#include "tests/fakes/canned_http.h"

namespace tidewright::io {
namespace {

using fakes::CannedHttp;
using fakes::CannedRequest;

std::string Header(const CannedRequest& request, const char* name) {
  const auto value = request[name];
  return {value.data(), value.size()};
}

BOOST_AUTO_TEST_SUITE(http_client)

BOOST_AUTO_TEST_CASE(a_post_carries_its_body_and_headers_and_brings_the_answer_back) {
  CannedHttp server(
      [](const auto&) { return CannedHttp::Reply(201, "thank you", "Content-Type: text/x-test"); });
  const auto reply = CallHttp({.url = server.Url() + "/a?b=c",
                               .method = "POST",
                               .body = "[1]",
                               .content_type = "application/json",
                               .headers = {"X-Test: yes"}});
  BOOST_REQUIRE_MESSAGE(reply.ok(), reply.status().ToString());
  BOOST_TEST(reply->status == 201);
  BOOST_TEST(reply->ok());
  BOOST_TEST(reply->body == "thank you");
  BOOST_TEST(reply->content_type == "text/x-test");
  const auto requests = server.Requests();
  BOOST_REQUIRE(requests.size() == 1);
  BOOST_TEST(requests[0].method_string() == "POST");
  BOOST_TEST(requests[0].target() == "/a?b=c");
  BOOST_TEST(requests[0].body() == "[1]");
  BOOST_TEST(Header(requests[0], "Content-Type") == "application/json");
  BOOST_TEST(Header(requests[0], "X-Test") == "yes");
}

BOOST_AUTO_TEST_CASE(an_error_page_is_an_answer_and_not_an_error_of_the_call) {
  CannedHttp server([](const auto&) { return CannedHttp::Reply(503, "later"); });
  const auto reply = CallHttp({.url = server.Url()});
  BOOST_REQUIRE(reply.ok());
  BOOST_TEST(reply->status == 503);
  BOOST_TEST(!reply->ok());
  BOOST_TEST(reply->body == "later");
}

BOOST_AUTO_TEST_CASE(a_put_keeps_its_method_through_a_redirect_on_the_same_scheme) {
  CannedHttp server([](const CannedRequest& request) {
    return request.target() == "/old" ? CannedHttp::Reply(301, "", "Location: /new")
                                      : CannedHttp::Reply(200, "found");
  });
  const auto reply = CallHttp({.url = server.Url() + "/old", .method = "PUT", .body = "x"});
  BOOST_REQUIRE_MESSAGE(reply.ok(), reply.status().ToString());
  BOOST_TEST(reply->body == "found");
  const auto requests = server.Requests();
  BOOST_REQUIRE(requests.size() == 2);
  BOOST_TEST(requests[1].method_string() == "PUT");
  BOOST_TEST(requests[1].body() == "x");
}

BOOST_AUTO_TEST_CASE(a_redirect_to_another_scheme_or_in_a_circle_is_refused) {
  for (const char* where :
       {"file:///etc/passwd", "ftp://127.0.0.1/x", "https://127.0.0.1:1/", "/"}) {
    CannedHttp server([where](const auto&) {
      return CannedHttp::Reply(302, "", std::string("Location: ") + where);
    });
    const auto reply = CallHttp({.url = server.Url()});
    BOOST_TEST((reply.status().code() == StatusCode::kFailedPrecondition), where);
    BOOST_TEST(server.Requests().size() <= 4);
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_http_address_is_refused_before_anything_is_sent) {
  for (const char* url : {"", "nonsense", "file:///etc/passwd", "gopher://x/", "http://"}) {
    BOOST_TEST((CallHttp({.url = url}).status().code() == StatusCode::kInvalidArgument), url);
  }
}

BOOST_AUTO_TEST_CASE(a_silent_server_ends_in_deadline_exceeded) {
  CannedHttp server([](const auto&) { return std::nullopt; });
  const auto reply = CallHttp({.url = server.Url(), .timeout = std::chrono::milliseconds(50)});
  BOOST_TEST((reply.status().code() == StatusCode::kDeadlineExceeded));
}

BOOST_AUTO_TEST_CASE(nobody_there_and_garbage_are_unavailable) {
  std::string url;
  {
    CannedHttp server([](const auto&) { return "this is not HTTP\r\n\r\n"; });
    url = server.Url();
    BOOST_TEST((CallHttp({.url = url}).status().code() == StatusCode::kUnavailable));
  }
  BOOST_TEST((CallHttp({.url = url}).status().code() == StatusCode::kUnavailable));
}

BOOST_AUTO_TEST_CASE(an_answer_above_the_limit_is_cut_off) {
  CannedHttp server([](const auto&) { return CannedHttp::Reply(200, std::string(2000, 'x')); });
  BOOST_TEST((CallHttp({.url = server.Url(), .max_body = 1999}).status().code() ==
              StatusCode::kResourceExhausted));
  BOOST_TEST(CallHttp({.url = server.Url(), .max_body = 2000})->body.size() == 2000u);
}

BOOST_AUTO_TEST_CASE(a_password_in_the_address_is_used_but_never_shown) {
  CannedHttp server([](const auto&) { return std::nullopt; });
  std::string url = server.Url();
  url.insert(7, "alice:s3cret@");
  const auto reply = CallHttp({.url = url, .timeout = std::chrono::milliseconds(50)});
  BOOST_TEST(Message(reply.status()).find("s3cret") == std::string::npos);
  BOOST_TEST(Message(reply.status()).find("127.0.0.1") != std::string::npos);
  BOOST_REQUIRE(server.Requests().size() == 1);
  BOOST_TEST(Header(server.Requests()[0], "Authorization") == "Basic YWxpY2U6czNjcmV0");
  BOOST_TEST(WithoutSecrets("https://u:p@h:1/a?b") == "https://h:1/a?b");
  BOOST_TEST(WithoutSecrets("://u:p@") == "(not a URL)");
}

BOOST_AUTO_TEST_CASE(query_text_is_percent_encoded) {
  BOOST_TEST(UrlEncode("a{b=~\"c+d\"} ü") == "a%7Bb%3D~%22c%2Bd%22%7D%20%C3%BC");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright::io
