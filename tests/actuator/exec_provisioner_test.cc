// The exec provisioner with real scripts.
#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "actuator/provisioners/exec.h"
#include "io/subprocess.h"
#include "tests/storage_support.h"

using namespace tidewright;
using namespace std::chrono_literals;
using tidewright::testing::TempFolder;

namespace {

struct Scripted {
  void Write(const std::string& body) {
    std::ofstream(folder / "script") << "#!/bin/sh\n" << body;
    chmod((folder / "script").c_str(), 0755);
  }
  StatusOr<ProvisionedNode> Acquire(const std::string& token = "t-1", Duration timeout = 20s) {
    return provisioner.Acquire({token, "cache"}, timeout);
  }
  std::string Read(const std::string& name) {
    std::ifstream file(folder / name);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  TempFolder folder;
  RealClock clock;
  ExecProvisioner provisioner{
      {.command = {folder / "script", "--pool", "a b"}, .directory = folder / "exec"}, clock};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(exec_provisioner, Scripted)

BOOST_AUTO_TEST_CASE(the_script_gets_one_json_document_and_its_arguments_and_answers_one) {
  Write("cat > " + (folder / "asked") + "\necho \"$1|$2\" > " + (folder / "arguments") +
        "\necho chatter >&2\necho '{\"host\": \"10.0.0.7\", \"port\": 6379, \"zone\": \"b\"}'\n");
  const auto node = Acquire();
  BOOST_REQUIRE_MESSAGE(node.ok(), node.status());
  BOOST_TEST(node->host == "10.0.0.7");
  BOOST_TEST(node->port == 6379);
  BOOST_TEST(node->zone == "b");
  BOOST_TEST(
      Read("asked") ==
      R"({"cluster":"cache","operation":"acquire","timeout_seconds":20.0,"token":"t-1","version":1})"
      "\n");
  BOOST_TEST(Read("arguments") == "--pool|a b\n");
  BOOST_REQUIRE(provisioner.Release("10.0.0.7", 6379, 20s).ok());
  BOOST_TEST(
      Read("asked") ==
      R"({"host":"10.0.0.7","operation":"release","port":6379,"timeout_seconds":20.0,"version":1})"
      "\n");
  // Nothing is left lying about.
  BOOST_TEST(std::filesystem::is_empty(folder / "exec"));
}

BOOST_AUTO_TEST_CASE(exit_codes_say_what_to_do_and_stderr_says_why) {
  const std::map<int, StatusCode> codes = {{1, StatusCode::kFailedPrecondition},
                                           {66, StatusCode::kNotFound},
                                           {69, StatusCode::kResourceExhausted},
                                           {75, StatusCode::kUnavailable}};
  for (const auto& [exit_code, code] : codes) {
    Write("echo 'quota is used up' >&2\nexit " + std::to_string(exit_code) + "\n");
    const auto node = Acquire();
    BOOST_TEST((node.status().code() == code), node.status());
    BOOST_TEST(Message(node.status()).find("quota is used up") != std::string::npos);
    BOOST_TEST((provisioner.Release("h", 1, 20s).code() == code));
  }
}

BOOST_AUTO_TEST_CASE(an_answer_that_the_contract_does_not_know_is_refused_and_quoted) {
  for (const std::string answer :
       {"", "hello", "[]", "{\"host\": \"h\"}", "{\"host\": \"h\", \"port\": \"6379\"}",
        "{\"host\": \"h\", \"port\": 70000}", "{\"host\": \"\", \"port\": 6379}"}) {
    Write("cat <<'END'\n" + answer + "\nEND\n");
    const auto node = Acquire();
    BOOST_TEST((node.status().code() == StatusCode::kFailedPrecondition), answer);
    BOOST_TEST(Message(node.status()).find(answer) != std::string::npos, node.status());
  }
}

BOOST_AUTO_TEST_CASE(a_script_that_does_not_end_is_killed_with_all_that_it_started) {
  Write("sleep 600 &\necho $! > " + (folder / "child") +
        "\necho waiting for the cloud >&2\nwait\n");
  const auto node = Acquire("t-1", 2s);
  BOOST_TEST((node.status().code() == StatusCode::kDeadlineExceeded), node.status());
  BOOST_TEST(Message(node.status()).find("waiting for the cloud") != std::string::npos);
  const pid_t child = std::stoi(Read("child"));
  const MonoTime deadline = clock.Monotonic() + 10s;
  // Killed; whoever inherited it still has to reap it.
  const auto gone = [&] {
    std::ifstream stat("/proc/" + std::to_string(child) + "/stat");
    std::string text;
    return !std::getline(stat, text) || text.find(") Z ") != std::string::npos;
  };
  while (!gone() && clock.Monotonic() < deadline) clock.WaitFor(10ms, {});
  BOOST_TEST(gone());
}

BOOST_AUTO_TEST_CASE(a_missing_script_and_a_missing_token_are_said) {
  const auto missing = Acquire();
  BOOST_TEST((missing.status().code() == StatusCode::kFailedPrecondition), missing.status());
  BOOST_TEST((Acquire("").status().code() == StatusCode::kInvalidArgument));
}

BOOST_AUTO_TEST_SUITE_END()
