// libFuzzer's entry to the CSV reader. Built only when asked, by clang:
//   cmake -S . -B build/fuzz -G Ninja -DCMAKE_CXX_COMPILER=clang++ -DTIDEWRIGHT_FUZZ=ON
//   ninja -C build/fuzz series_csv_fuzzer
//   mkdir -p build/fuzz/corpus
//   build/fuzz/bin/series_csv_fuzzer -max_total_time=180 build/fuzz/corpus tests/history/corpus
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "tests/history/series_csv_check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string wrong =
      tidewright::CheckSeriesCsv(std::string(reinterpret_cast<const char*>(data), size));
  if (wrong.empty()) return 0;
  std::fprintf(stderr, "%s\n", wrong.c_str());
  std::abort();
}
