// Clusters that speak TLS alone: real servers, certificates made by openssl.
#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "tests/fakes/certificates.h"
#include "tests/storage_support.h"
#include "tests/stores/redis/actuator_world.h"

using namespace tidewright;
using namespace tidewright::testing;

namespace {

struct Keys {
  TempFolder folder;
  fakes::Authority authority{folder.path(), "ca"};
  fakes::Pem node = authority.Sign("node", "IP:127.0.0.1,DNS:redis.example");
  fakes::Pem controller = authority.Sign("controller", "DNS:controller.example");

  [[nodiscard]] io::TlsOptions Of(const fakes::Pem& pem) const {
    return {.ca_file = authority.ca_file(),
            .certificate_file = pem.certificate,
            .key_file = pem.key,
            .server_name = "",
            .verify_name = true};
  }
};

redis::ClientOptions With(const io::TlsOptions& tls) {
  auto transport = io::MakeTlsTransport(tls);
  BOOST_REQUIRE_MESSAGE(transport.ok(), transport.status());
  redis::ClientOptions options;
  options.transport = *std::move(transport);
  return options;
}

/// One server that speaks TLS, and what comes of asking it.
struct OneServer : Keys {
  OneServer() {
    auto started = loadgen::ClusterHarness::Start(
        {.directory = folder.path(), .shards = 1, .replicas_per_shard = 0, .arguments = {},
         .credentials = {}, .tls = Of(node)});
    BOOST_REQUIRE_MESSAGE(started.ok(), started.status());
    server = *std::move(started);
    port = server->Ports().front();
  }
  [[nodiscard]] Status Ask(const io::TlsOptions& tls, const std::string& host = kHost) const {
    redis::Client client(With(tls));
    return client.Call1(host, port, {"PING"}).status();
  }

  std::unique_ptr<loadgen::ClusterHarness> server;
  int port = 0;
};

bool Says(const Status& status, const std::string& word) {
  return Message(status).find(word) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(redis_tls)

BOOST_FIXTURE_TEST_CASE(a_cluster_that_speaks_tls_alone_grows_and_shrinks_under_writes, Keys) {
  World world(3, 1, {}, {}, Of(node));
  redis::Client client(With(Of(controller)));
  GrowAndShrink(world, client, world.Options());
}

BOOST_FIXTURE_TEST_CASE(whoever_is_not_who_they_should_be_is_refused_with_the_reason, OneServer) {
  BOOST_TEST(Ask(Of(controller)).ok(), Ask(Of(controller)));

  fakes::Authority stranger(folder.path(), "stranger");
  io::TlsOptions tls = Of(controller);
  tls.ca_file = stranger.ca_file();
  Status refused = Ask(tls);
  BOOST_TEST((refused.code() == StatusCode::kFailedPrecondition), refused);
  BOOST_TEST(Says(refused, "certificate is refused"), refused);

  tls = Of(controller);
  tls.server_name = "other.example";
  refused = Ask(tls);
  BOOST_TEST((refused.code() == StatusCode::kFailedPrecondition), refused);
  BOOST_TEST(Says(refused, "ostname mismatch"), refused);
  tls.verify_name = false;
  BOOST_TEST(Ask(tls).ok());
  tls.verify_name = true;
  tls.server_name = "redis.example";
  BOOST_TEST(Ask(tls).ok());
  tls.server_name = "";
  BOOST_TEST(!Ask(tls, "localhost").ok());  // it names the address alone

  // We show nothing, or what its authority has not signed.
  tls = Of(controller);
  tls.certificate_file = tls.key_file = "";
  refused = Ask(tls);
  BOOST_TEST((refused.code() == StatusCode::kFailedPrecondition), refused);
  BOOST_TEST(Says(refused, "certificate required"), refused);
  const fakes::Pem forged = stranger.Sign("forged", "DNS:controller.example");
  tls.certificate_file = forged.certificate;
  tls.key_file = forged.key;
  refused = Ask(tls);
  BOOST_TEST((refused.code() == StatusCode::kFailedPrecondition), refused);
}

// Redis waits for the end of what it takes for a command: it cannot be told from a slow server.
BOOST_FIXTURE_TEST_CASE(a_server_that_speaks_no_tls_is_suspected_by_name, Keys) {
  auto plain = loadgen::ClusterHarness::Start(
      {.directory = folder.path(), .shards = 1, .replicas_per_shard = 0, .arguments = {}});
  BOOST_REQUIRE_MESSAGE(plain.ok(), plain.status());
  redis::Client client(With(Of(controller)));
  const Status refused = client.Call1(kHost, (*plain)->Ports().front(), {"PING"}).status();
  BOOST_TEST((refused.code() == StatusCode::kDeadlineExceeded), refused);
  BOOST_TEST(Says(refused, "does it speak TLS"), refused);
}

BOOST_FIXTURE_TEST_CASE(renewed_certificates_are_used_without_a_restart, OneServer) {
  // A certificate that the server refuses, later replaced by one that it takes.
  fakes::Authority stranger(folder.path(), "stranger");
  const fakes::Pem shown = stranger.Sign("shown", "DNS:controller.example");
  redis::Client client(With(Of(shown)));
  BOOST_TEST(!client.Call1(kHost, port, {"PING"}).ok());

  namespace fs = std::filesystem;
  const auto later = fs::last_write_time(shown.key) + std::chrono::seconds(2);
  for (const auto& [from, to] : {std::pair(controller.certificate, shown.certificate),
                                 std::pair(controller.key, shown.key)}) {
    fs::copy_file(from, to, fs::copy_options::overwrite_existing);
    fs::last_write_time(to, later);
  }
  const Status renewed = client.Call1(kHost, port, {"PING"}).status();
  BOOST_TEST(renewed.ok(), renewed);

  // Half of a renewal is not used: what served before goes on serving.
  fs::remove(shown.key);
  client.Forget(kHost, port);
  const Status half = client.Call1(kHost, port, {"PING"}).status();
  BOOST_TEST(half.ok(), half);
}

BOOST_FIXTURE_TEST_CASE(files_that_cannot_be_used_are_named, Keys) {
  io::TlsOptions tls = Of(controller);
  tls.ca_file = folder / "none.crt";
  Status refused = io::MakeTlsTransport(tls).status();
  BOOST_TEST((refused.code() == StatusCode::kFailedPrecondition), refused);
  BOOST_TEST(Says(refused, "none.crt cannot be read"), refused);
  tls = Of(controller);
  tls.key_file = node.key;  // of another certificate
  refused = io::MakeTlsTransport(tls).status();
  BOOST_TEST(Says(refused, "node.key cannot be used"), refused);
  tls.key_file = "";
  BOOST_TEST(Says(io::MakeTlsTransport(tls).status(), "needs a key"));
}

BOOST_AUTO_TEST_SUITE_END()
