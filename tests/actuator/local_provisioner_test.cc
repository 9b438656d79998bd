// The local provisioner with real servers.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <list>
#include <memory>
#include <optional>
#include <thread>

#include "actuator/provisioners/local.h"
#include "actuator/provisioners/local_process.h"

namespace tidewright {
namespace {

namespace fs = std::filesystem;

constexpr Duration kPatience = std::chrono::seconds(20);
constexpr int kPorts = 20;

int FreePort() {
  const auto port = io::FreePort();
  BOOST_REQUIRE(port.ok());
  return *port;
}

/// A folder of its own, a range of ports, and the end of all that was started there.
struct Room {
  Room() {
    char path[] = "/tmp/tidewright-provisioner-XXXXXX";
    BOOST_REQUIRE(mkdtemp(path) != nullptr);
    directory = path;
    options.directory = directory + "/nodes";
    options.first_port = FreePort();
    options.last_port = options.first_port + kPorts - 1;
    Restart();
  }
  ~Room() {
    for (const auto& node : provisioner->Nodes().value_or(std::vector<ProvisionedNode>{})) {
      BOOST_TEST(provisioner->Release(node.host, node.port, kPatience).ok());
    }
    for (auto& stranger : strangers) stranger.Stop(kPatience, clock);
    fs::remove_all(directory);
  }

  void Restart() { provisioner = std::make_unique<LocalProvisioner>(options, clock); }

  int Acquire(const std::string& token) {
    const auto node = provisioner->Acquire({token, "cache"}, kPatience);
    BOOST_REQUIRE_MESSAGE(node.ok(), Message(node.status()));
    BOOST_TEST(node->host == "127.0.0.1");
    return node->port;
  }

  /// The folder of a token's node, empty when there is none.
  [[nodiscard]] std::string Folder(const std::string& token) const {
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(options.directory, none)) {
      const std::string name = entry.path().filename().string();
      if (entry.is_directory() && name.rfind(token + "-", 0) == 0) {
        return fs::canonical(entry.path()).string();
      }
    }
    return "";
  }

  [[nodiscard]] std::vector<pid_t> Processes(const std::string& token, int port) const {
    return local::ServerProcesses(Folder(token), port);
  }

  std::string Cli(int port, std::vector<std::string> command) {
    command.insert(command.begin(), {"redis-cli", "-p", std::to_string(port)});
    const auto result = io::Run(command, kPatience, clock);
    BOOST_REQUIRE(result.ok());
    return result->output;
  }

  /// Servers in a token's folder, whatever their ports.
  [[nodiscard]] int Servers(const std::string& token) const {
    int servers = 0;
    for (int port = options.first_port; port <= options.last_port; ++port) {
      servers += static_cast<int>(Processes(token, port).size());
    }
    return servers;
  }

  /// kill -9 of a node's server, until it is gone.
  void KillServer(const std::string& token, int port) {
    for (const pid_t pid : Processes(token, port)) kill(pid, SIGKILL);
    Await([&] { return Processes(token, port).empty() && local::PortIsFree(port); });
  }

  template <typename Condition>
  void Await(Condition condition) {
    const MonoTime deadline = clock.Monotonic() + kPatience;
    while (!condition()) {
      BOOST_REQUIRE(clock.Monotonic() < deadline);
      clock.WaitFor(std::chrono::milliseconds(5), {});
    }
  }

  /// A program of somebody else's.
  io::Subprocess& StartStranger(std::vector<std::string> command, const std::string& folder) {
    auto child = io::Subprocess::Spawn({.command = std::move(command),
                                        .working_directory = folder,
                                        .output_file = "",
                                        .own_session = true});
    BOOST_REQUIRE(child.ok());
    return strangers.emplace_back(*std::move(child));
  }

  RealClock clock;
  std::string directory;
  LocalProvisionerOptions options;
  std::unique_ptr<LocalProvisioner> provisioner;
  std::list<io::Subprocess> strangers;  // tests keep references
};

BOOST_FIXTURE_TEST_SUITE(local_provisioner, Room)

BOOST_AUTO_TEST_CASE(a_node_is_an_empty_server_in_cluster_mode_with_the_given_arguments) {
  options.arguments = {"--maxmemory", "64mb"};
  Restart();
  const int port = Acquire("a-1:new/1");
  BOOST_TEST(port >= options.first_port);
  BOOST_TEST(port <= options.last_port);
  BOOST_TEST(Cli(port, {"DBSIZE"}) == "0\n");
  BOOST_TEST(Cli(port, {"CLUSTER", "INFO"}).find("cluster_known_nodes:1") != std::string::npos);
  BOOST_TEST(Cli(port, {"CONFIG", "GET", "maxmemory"}) == "maxmemory\n67108864\n");
}

BOOST_AUTO_TEST_CASE(the_same_token_gives_the_same_node_and_another_token_another) {
  const int port = Acquire("one");
  const auto processes = Processes("one", port);
  BOOST_REQUIRE_EQUAL(processes.size(), 1U);
  BOOST_TEST(Acquire("one") == port);
  BOOST_TEST(Processes("one", port) == processes, boost::test_tools::per_element());
  BOOST_TEST(Acquire("two") != port);
  BOOST_TEST(provisioner->Nodes()->size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_node_outlives_the_provisioner_and_is_found_again) {
  const int port = Acquire("one");
  const auto processes = Processes("one", port);
  Restart();
  BOOST_TEST(Acquire("one") == port);
  BOOST_TEST(Processes("one", port) == processes, boost::test_tools::per_element());
  Restart();
  BOOST_TEST(provisioner->Release("127.0.0.1", port, kPatience).ok());
  BOOST_TEST(!io::ProcessExists(processes.front()));
}

BOOST_AUTO_TEST_CASE(
    a_controller_killed_at_any_instant_of_acquire_leaves_one_server_for_its_token) {
  for (int attempt = 0; attempt < 12; ++attempt) {
    const std::string token = "try" + std::to_string(attempt);
    const pid_t controller = fork();
    if (controller == 0) {
      LocalProvisioner own(options, clock);
      _exit(own.Acquire({token, "cache"}, kPatience).ok() ? 0 : 1);
    }
    clock.WaitFor(std::chrono::milliseconds(3 * attempt), {});
    kill(controller, SIGKILL);
    waitpid(controller, nullptr, 0);
    const int port = Acquire(token);
    // A second server that was on its way when the controller died finds the port taken and ends.
    Await([&] { return Servers(token) == 1; });
    const auto answer = local::Ask(port);
    BOOST_REQUIRE(answer.has_value());
    BOOST_TEST(answer->process.value_or(0) == Processes(token, port).front());
    BOOST_TEST(fs::exists(Folder(token) + "/nodes.conf"));
    BOOST_TEST(provisioner->Nodes()->size() == 1U);
    BOOST_TEST(provisioner->Release("127.0.0.1", port, kPatience).ok());
  }
}

BOOST_AUTO_TEST_CASE(a_dead_node_that_never_joined_is_started_again_empty) {
  const int port = Acquire("one");
  std::ofstream(Folder("one") + "/dump.rdb") << "rubbish that no server would load";
  KillServer("one", port);
  BOOST_TEST(Acquire("one") == port);
  BOOST_TEST(Cli(port, {"PING"}) == "PONG\n");
  BOOST_TEST(Processes("one", port).size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_dead_node_that_had_joined_comes_back_as_the_member_that_it_was) {
  const int port = Acquire("one");
  const int other = Acquire("two");
  Cli(port, {"CLUSTER", "MEET", "127.0.0.1", std::to_string(other)});
  const std::string id = Cli(port, {"CLUSTER", "MYID"});
  Await([&] {
    const std::string nodes = Cli(port, {"CLUSTER", "NODES"});
    return std::count(nodes.begin(), nodes.end(), '@') == 2 &&  // one bus address for each
           nodes.find("handshake") == std::string::npos;
  });
  KillServer("one", port);
  Restart();
  BOOST_TEST(Acquire("one") == port);
  BOOST_TEST(Cli(port, {"CLUSTER", "MYID"}) == id);
  BOOST_TEST(Cli(port, {"CLUSTER", "INFO"}).find("cluster_known_nodes:2") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(release_stops_the_server_removes_its_folder_and_may_be_repeated) {
  const int port = Acquire("one");
  const auto processes = Processes("one", port);
  BOOST_TEST(provisioner->Release("127.0.0.1", port, kPatience).ok());
  BOOST_TEST(!io::ProcessExists(processes.front()));
  BOOST_TEST(Folder("one") == "");
  BOOST_TEST(provisioner->Release("127.0.0.1", port, kPatience).ok());
  Restart();
  BOOST_TEST(provisioner->Release("127.0.0.1", port, kPatience).ok());
  BOOST_TEST(provisioner->Nodes()->empty());
}

BOOST_AUTO_TEST_CASE(a_released_token_gives_a_fresh_node_again) {
  const int port = Acquire("one");
  const std::string id = Cli(port, {"CLUSTER", "MYID"});
  BOOST_TEST(provisioner->Release("127.0.0.1", port, kPatience).ok());
  const int again = Acquire("one");
  BOOST_TEST(Cli(again, {"CLUSTER", "MYID"}) != id);
}

BOOST_AUTO_TEST_CASE(a_port_that_is_used_again_belongs_to_its_new_node_alone) {
  const int port = Acquire("one");
  BOOST_TEST(provisioner->Release("127.0.0.1", port, kPatience).ok());
  BOOST_TEST(Acquire("two") == port);
  BOOST_TEST(provisioner->Release("127.0.0.1", port, kPatience).ok());
  BOOST_TEST(Folder("two") == "");
}

BOOST_AUTO_TEST_CASE(a_server_that_hangs_is_released_too) {
  const int port = Acquire("one");
  const auto processes = Processes("one", port);
  kill(processes.front(), SIGSTOP);
  BOOST_TEST(provisioner->Release("127.0.0.1", port, kPatience).ok());
  BOOST_TEST(!io::ProcessExists(processes.front()));
}

BOOST_AUTO_TEST_CASE(a_node_of_somebody_else_is_not_stopped) {
  const int port = FreePort();
  auto& stranger = StartStranger({"redis-server", "--port", std::to_string(port)}, directory);
  Acquire("one");
  BOOST_TEST((provisioner->Release("127.0.0.1", port, kPatience).code() == StatusCode::kNotFound));
  BOOST_TEST((provisioner->Release("10.0.0.9", port, kPatience).code() == StatusCode::kNotFound));
  BOOST_TEST(!stranger.Poll().has_value());
}

BOOST_AUTO_TEST_CASE(processes_that_only_resemble_a_dead_node_are_spared) {
  const int port = Acquire("one");
  const std::string folder = Folder("one");
  KillServer("one", port);
  // One in its folder, one on its port, as an id or a port that was given again would be.
  auto& in_folder = StartStranger({"sleep", "1000"}, folder);
  auto& on_port = StartStranger({"redis-server", "--port", std::to_string(port)}, directory);
  BOOST_TEST(provisioner->Release("127.0.0.1", port, kPatience).ok());
  BOOST_TEST(!in_folder.Poll().has_value());
  BOOST_TEST(!on_port.Poll().has_value());
}

BOOST_AUTO_TEST_CASE(an_answer_of_a_stranger_on_the_nodes_port_is_not_taken_for_the_node) {
  const int port = Acquire("one");
  KillServer("one", port);
  StartStranger({"redis-server", "--port", std::to_string(port)}, directory);
  Await([&] { return local::Ask(port).has_value(); });
  const auto refused = provisioner->Acquire({"one", "cache"}, kPatience);
  BOOST_TEST((refused.status().code() == StatusCode::kUnavailable));
  BOOST_TEST(Acquire("one") != port);
}

BOOST_AUTO_TEST_CASE(a_server_with_a_password_counts_as_answering) {
  options.arguments = {"--requirepass", "secret"};
  Restart();
  const int port = Acquire("one");
  BOOST_TEST(Cli(port, {"PING"}).find("NOAUTH") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(no_port_left_is_said_and_nothing_is_started) {
  options.last_port = options.first_port;
  Restart();
  Acquire("one");
  const auto refused = provisioner->Acquire({"two", "cache"}, kPatience);
  BOOST_TEST((refused.status().code() == StatusCode::kResourceExhausted));
  BOOST_TEST(Folder("two") == "");
  BOOST_TEST(provisioner->Nodes()->size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_missing_program_is_said_and_leaves_nothing) {
  options.server = "no-such-redis-server";
  Restart();
  const auto refused = provisioner->Acquire({"one", "cache"}, kPatience);
  BOOST_TEST((refused.status().code() == StatusCode::kFailedPrecondition));
  BOOST_TEST(Message(refused.status()).find("there is no program no-such-redis-server") !=
             std::string::npos);
  BOOST_TEST(provisioner->Nodes()->empty());
  BOOST_TEST(Folder("one") == "");
}

BOOST_AUTO_TEST_CASE(a_server_that_refuses_to_start_is_quoted_and_leaves_nothing) {
  options.arguments = {"--maxmemory-policy", "nonsense"};
  Restart();
  const auto refused = provisioner->Acquire({"one", "cache"}, kPatience);
  BOOST_TEST((refused.status().code() == StatusCode::kFailedPrecondition));
  BOOST_TEST(Message(refused.status()).find("maxmemory-policy") != std::string::npos);
  BOOST_TEST(provisioner->Nodes()->empty());
}

BOOST_AUTO_TEST_CASE(a_server_that_never_answers_is_given_up_and_stopped) {
  options.server = directory + "/stuck";
  std::ofstream(options.server) << "#!/bin/bash\nexec -a \"stuck $2\" sleep 1000\n";
  fs::permissions(options.server, fs::perms::owner_all);
  Restart();
  const auto refused =
      provisioner->Acquire({"one", "cache"}, /*timeout=*/std::chrono::milliseconds(300));
  BOOST_TEST((refused.status().code() == StatusCode::kDeadlineExceeded));
  BOOST_TEST(provisioner->Nodes()->empty());
  BOOST_TEST(Folder("one") == "");
}

BOOST_AUTO_TEST_CASE(a_folder_that_cannot_be_written_is_named) {
  std::ofstream(directory + "/file") << "not a folder";
  options.directory = directory + "/file/nodes";
  Restart();
  const auto refused = provisioner->Acquire({"one", "cache"}, kPatience);
  BOOST_TEST((refused.status().code() == StatusCode::kFailedPrecondition));
  BOOST_TEST(Message(refused.status()).find(options.directory) != std::string::npos);
  options.directory = directory;
  Restart();
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_read_stops_everything_rather_than_be_forgotten) {
  Acquire("one");
  const std::string file = options.directory + "/zzz.json";
  std::ofstream(file) << "{\"version\": 1";
  const auto refused = provisioner->Acquire({"two", "cache"}, kPatience);
  BOOST_TEST((refused.status().code() == StatusCode::kFailedPrecondition));
  BOOST_TEST(Message(refused.status()).find("zzz.json") != std::string::npos);
  fs::remove(file);
}

BOOST_AUTO_TEST_CASE(bad_options_and_requests_are_refused) {
  const auto code = [&] {
    Restart();
    return provisioner->Acquire({"one", "cache"}, kPatience).status().code();
  };
  BOOST_TEST((provisioner->Acquire({"", "cache"}, kPatience).status().code() ==
              StatusCode::kInvalidArgument));
  const LocalProvisionerOptions good = options;
  options.last_port = 55536;  // its bus port would be 65536
  BOOST_TEST((code() == StatusCode::kInvalidArgument));
  options = good;
  options.last_port = options.first_port - 1;
  BOOST_TEST((code() == StatusCode::kInvalidArgument));
  options = good;
  options.server = "";
  BOOST_TEST((code() == StatusCode::kInvalidArgument));
  options = good;
  Restart();
}

BOOST_AUTO_TEST_SUITE_END()

/// Listens on a free port and says `answer` to the first who asks.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer) : port_(FreePort()) {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port_));
    BOOST_REQUIRE(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
    BOOST_REQUIRE(listen(listener, 1) == 0);
    thread_ = std::jthread([listener, answer = std::move(answer)] {
      const int peer = accept(listener, nullptr, nullptr);
      char question[256];
      if (recv(peer, question, sizeof(question), 0) > 0) {
        send(peer, answer.data(), answer.size(), MSG_NOSIGNAL);
      }
      close(peer);
      close(listener);
    });
  }
  [[nodiscard]] int port() const { return port_; }

 private:
  int port_;
  std::jthread thread_;
};

BOOST_AUTO_TEST_CASE(a_server_that_loads_or_is_no_redis_has_not_answered) {
  BOOST_TEST(!local::Ask(OneAnswer("-LOADING Redis is loading the dataset in memory\r\n").port()));
  BOOST_TEST(!local::Ask(OneAnswer("HTTP/1.1 400 Bad Request\r\n\r\n").port()));
  BOOST_TEST(!local::Ask(OneAnswer("").port()));
  BOOST_TEST(!local::Ask(FreePort()));
}

BOOST_AUTO_TEST_CASE(a_server_that_serves_tells_its_process_if_it_may) {
  const auto open = local::Ask(
      OneAnswer("+PONG\r\n$35\r\n# Server\r\nprocess_id:4242\r\nrun_id:7\r\n\r\n+OK\r\n").port());
  BOOST_REQUIRE(open.has_value());
  BOOST_TEST(open->process.value_or(0) == 4242);
  const auto closed = local::Ask(OneAnswer("-NOAUTH Authentication required.\r\n").port());
  BOOST_REQUIRE(closed.has_value());
  BOOST_TEST(!closed->process.has_value());
}

}  // namespace
}  // namespace tidewright
