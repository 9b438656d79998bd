// libFuzzer's entry to the policy file. Built only when asked, by clang:
//   cmake -S . -B build/fuzz -G Ninja -DCMAKE_CXX_COMPILER=clang++ -DTIDEWRIGHT_FUZZ=ON
//   ninja -C build/fuzz policy_fuzzer
//   mkdir -p build/fuzz/policies && cp bench/*.yaml deploy/*.yaml build/fuzz/policies
//   build/fuzz/bin/policy_fuzzer -max_total_time=180 build/fuzz/policies
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "config/config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto policy =
      tidewright::ParsePolicy(std::string(reinterpret_cast<const char*>(data), size), "input");
  const bool sane = policy.ok()
                        ? policy->min_shards >= 1 && policy->max_shards >= policy->min_shards
                        : tidewright::Message(policy.status()).rfind("input:", 0) == 0;
  if (sane) return 0;
  std::fprintf(stderr, "%s\n",
               policy.ok() ? "accepted" : tidewright::Message(policy.status()).c_str());
  std::abort();
}
