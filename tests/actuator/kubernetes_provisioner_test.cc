// Pods of a StatefulSet as nodes, against an API server over HTTPS.
#include <boost/test/unit_test.hpp>
#include <fstream>

#include "actuator/provisioners/kubernetes.h"
#include "tests/fakes/kubernetes_api.h"
#include "tests/storage_support.h"

using namespace tidewright;
using namespace std::chrono_literals;
using tidewright::testing::TempFolder;

namespace {

struct Cluster {
  Cluster() {
    Write(folder / "token", "s3cret\n");
    Restart();
  }
  static void Write(const std::string& path, const std::string& text) {
    std::ofstream(path) << text;
  }
  void Restart(const std::string& service = "") {
    provisioner = std::make_unique<KubernetesProvisioner>(
        KubernetesProvisionerOptions{.server = api.Url(),
                                     .token_file = folder / "token",
                                     .ca_file = authority.ca_file(),
                                     .kube_namespace = "cache",
                                     .stateful_set = "redis",
                                     .port = 6379,
                                     .service = service,
                                     .state_file = folder / "kubernetes.json"},
        clock);
  }
  std::string Acquire(const std::string& token, Duration timeout = 10s) {
    const auto node = provisioner->Acquire({token, "cache"}, timeout);
    if (!node.ok()) return CodeName(node.status().code());
    return node->host + ":" + std::to_string(node->port);
  }
  Status Release(const std::string& host, Duration timeout = 10s) {
    return provisioner->Release(host, 6379, timeout);
  }
  Status MayRelease(const std::vector<std::string>& hosts) {
    std::vector<NodeAddress> nodes;
    for (const auto& host : hosts) nodes.push_back({host, 6379});
    return provisioner->MayRelease(nodes, 10s);
  }

  TempFolder folder;
  RealClock clock;
  fakes::Authority authority{folder.path(), "ca"};
  fakes::KubernetesApi api{authority.Sign("api", "IP:127.0.0.1"), 3};
  std::unique_ptr<KubernetesProvisioner> provisioner;
};

bool Says(const Status& status, const std::string& word) {
  return Message(status).find(word) != std::string::npos;
}

using Texts = std::vector<std::string>;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(kubernetes_provisioner, Cluster)

BOOST_AUTO_TEST_CASE(each_token_raises_the_number_by_one_and_the_same_one_never_again) {
  BOOST_TEST(Acquire("t1") == "10.1.0.13:6379");
  BOOST_TEST(Acquire("t2") == "10.1.0.14:6379");
  BOOST_TEST(Acquire("t1") == "10.1.0.13:6379");
  Restart();
  BOOST_TEST(Acquire("t2") == "10.1.0.14:6379");  // also after a crash
  BOOST_TEST(api.replicas() == 5);
  BOOST_TEST(api.changes() == (Texts{"3>4", "4>5"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(pods_are_told_by_their_names_where_a_headless_service_gives_them_some) {
  Restart("redis-headless");
  BOOST_TEST(Acquire("t1") == "redis-3.redis-headless.cache.svc:6379");
  BOOST_TEST(Release("redis-3.redis-headless.cache.svc").ok());
  BOOST_TEST(api.replicas() == 3);
}

BOOST_AUTO_TEST_CASE(a_change_by_somebody_else_in_between_is_noticed_and_thought_over) {
  int times = 0;
  api.before_patch = [&] {
    if (++times == 1) api.Set(3);  // nothing but a new version
  };
  BOOST_TEST(Acquire("t1") == "10.1.0.13:6379");
  BOOST_TEST(times == 2);
  BOOST_TEST(api.changes() == (Texts{"3>4"}), boost::test_tools::per_element());

  // Somebody adds a pod while the highest one is to go: it is not the highest any more.
  api.before_patch = [&] {
    if (++times == 3) api.Set(5);
  };
  const Status changed = Release("10.1.0.13");
  BOOST_TEST((changed.code() == StatusCode::kAborted), changed);
  BOOST_TEST(IsTransient(changed));
  BOOST_TEST(api.replicas() == 5);
  api.before_patch = nullptr;
  BOOST_TEST(Release("10.1.0.13").ok());  // waits for the one above
  BOOST_TEST(api.replicas() == 5);
  BOOST_TEST(api.changes().size() == 1u);
}

BOOST_AUTO_TEST_CASE(the_highest_pod_goes_and_another_choice_is_refused_with_the_one_that_would) {
  BOOST_TEST(MayRelease({"10.1.0.12"}).ok());
  BOOST_TEST(MayRelease({"10.1.0.11", "10.1.0.12"}).ok());
  BOOST_TEST(MayRelease({"10.9.9.9"}).ok());  // not its own
  const Status refused = MayRelease({"10.1.0.10", "10.1.0.12"});
  BOOST_TEST((refused.code() == StatusCode::kFailedPrecondition), refused);
  BOOST_TEST(Says(refused, "10.1.0.10:6379 is redis-0"), refused);
  BOOST_TEST(Says(refused, "redis-1 (10.1.0.11:6379)"), refused);
  BOOST_TEST(api.replicas() == 3);

  BOOST_TEST(Release("10.1.0.12").ok());
  BOOST_TEST(api.replicas() == 2);
  BOOST_TEST((Release("10.1.0.12").code() == StatusCode::kNotFound));  // gone already
  BOOST_TEST((provisioner->Release("10.1.0.11", 7000, 5s).code() == StatusCode::kNotFound));
  BOOST_TEST(api.replicas() == 2);
}

BOOST_AUTO_TEST_CASE(a_pod_below_one_in_use_waits_for_it_and_is_given_again_meanwhile) {
  BOOST_TEST(Release("10.1.0.11").ok());
  BOOST_TEST(api.replicas() == 3);
  Restart();
  BOOST_TEST(Acquire("t1") == "10.1.0.11:6379");  // it stands by
  BOOST_TEST(api.replicas() == 3);
  BOOST_TEST(Release("10.1.0.11").ok());
  BOOST_TEST(Release("10.1.0.12").ok());
  BOOST_TEST(api.replicas() == 1);
  BOOST_TEST(api.changes() == (Texts{"3>1"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(another_pod_of_a_number_that_was_given_back_is_somebodys) {
  BOOST_TEST(Release("10.1.0.11").ok());
  api.Set(1);
  api.Set(3);  // a person: both are new, and in use
  BOOST_TEST(Release("10.1.0.12").ok());
  BOOST_TEST(api.replicas() == 2);
  BOOST_TEST(Acquire("t1") == "10.1.0.12:6379");
  BOOST_TEST(api.replicas() == 3);
}

BOOST_AUTO_TEST_CASE(a_pod_is_given_once_it_is_ready_and_lost_to_nobody_if_that_takes_too_long) {
  api.new_pods_are_ready = false;
  BOOST_TEST(Acquire("t1", 700ms) == "deadline exceeded");
  BOOST_TEST(api.replicas() == 4);
  const auto late = provisioner->Acquire({"t1", "cache"}, 600ms);
  BOOST_TEST(Says(late.status(), "redis-3 is not ready"), late.status());
  api.With([](auto& pods) { pods[3].ready = true; });
  BOOST_TEST(Acquire("t1") == "10.1.0.13:6379");
  BOOST_TEST(api.changes().size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_pod_that_is_still_being_stopped_is_waited_for) {
  api.stopped_pods_linger = true;
  const Status late = Release("10.1.0.12", 700ms);
  BOOST_TEST((late.code() == StatusCode::kDeadlineExceeded), late);
  BOOST_TEST(Says(late, "redis-2 is still being stopped"), late);
  BOOST_TEST(api.replicas() == 2);
  api.With([](auto& pods) { pods.erase(2); });
  BOOST_TEST((Release("10.1.0.12").code() == StatusCode::kNotFound));
  api.stopped_pods_linger = false;
  BOOST_TEST(Release("10.1.0.11").ok());
  BOOST_TEST(api.replicas() == 1);
}

BOOST_AUTO_TEST_CASE(
    what_the_account_may_not_is_told_in_the_servers_words_and_no_error_tells_the_token) {
  api.may_patch = false;
  const auto refused = provisioner->Acquire({"t1", "cache"}, 5s);
  BOOST_TEST((refused.status().code() == StatusCode::kPermissionDenied), refused.status());
  BOOST_TEST(Says(refused.status(), "cannot patch resource \"statefulsets/scale\""),
             refused.status());
  Write(folder / "token", "guessed\n");  // is read with each call
  const auto unknown = provisioner->Acquire({"t1", "cache"}, 5s);
  BOOST_TEST((unknown.status().code() == StatusCode::kPermissionDenied), unknown.status());
  BOOST_TEST(!Says(unknown.status(), "guessed"), unknown.status());
  Write(folder / "token", "");
  BOOST_TEST((provisioner->Acquire({"t1", "cache"}, 5s).status().code() ==
              StatusCode::kFailedPrecondition));
  BOOST_TEST(api.replicas() == 3);
}

BOOST_AUTO_TEST_CASE(nobody_but_who_the_ca_signed_is_told_the_token) {
  const fakes::Authority other(folder.path(), "other");
  KubernetesProvisioner wary({.server = api.Url(),
                              .token_file = folder / "token",
                              .ca_file = other.ca_file(),
                              .kube_namespace = "cache",
                              .stateful_set = "redis",
                              .port = 6379,
                              .service = "",
                              .state_file = folder / "other.json"},
                             clock);
  const auto refused = wary.Acquire({"t1", "cache"}, 5s);
  BOOST_TEST((refused.status().code() == StatusCode::kFailedPrecondition), refused.status());
  BOOST_TEST(api.replicas() == 3);
}

BOOST_AUTO_TEST_CASE(a_state_that_cannot_be_read_is_never_taken_for_nothing) {
  Write(folder / "kubernetes.json", "{");
  BOOST_TEST(Acquire("t1") == "data loss");
  BOOST_TEST((Release("10.1.0.12").code() == StatusCode::kDataLoss));
  BOOST_TEST(api.replicas() == 3);
}

BOOST_AUTO_TEST_SUITE_END()
