#include "history/chunk.h"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "core/random.h"
#include "core/series.h"

using namespace tidewright;

namespace {

ChunkSamples Samples(std::vector<double> values) {
  const std::size_t size = values.size();
  return {.values = std::move(values), .flags = std::vector<unsigned>(size, 0)};
}

/// Encoded, decoded, compared; returns the length of the encoding.
std::size_t RoundTrip(const ChunkSamples& samples) {
  const std::string bytes = EncodeChunk(samples);
  const auto decoded = DecodeChunk(bytes);
  BOOST_REQUIRE_MESSAGE(decoded.ok(), Message(decoded.status()));
  BOOST_REQUIRE(decoded->values.size() == samples.values.size());
  for (std::size_t i = 0; i < samples.values.size(); ++i) {
    const double wanted = samples.values[i];
    const double got = decoded->values[i];
    if (Series::IsGap(wanted)) {
      BOOST_TEST(Series::IsGap(got));
      BOOST_TEST(decoded->flags[i] == 0u);
    } else {
      BOOST_TEST(got == RoundForStorage(wanted));
      BOOST_TEST(decoded->flags[i] == samples.flags[i]);
    }
  }
  BOOST_TEST(EncodeChunk(*decoded) == bytes);  // nothing is lost a second time
  return bytes.size();
}

}  // namespace

BOOST_AUTO_TEST_CASE(storage_keeps_seven_digits_and_rounds_only_once) {
  const std::uint64_t seed = 1;
  Random random(seed);
  for (int i = 0; i < 20'000; ++i) {
    const double value = (random.Uniform() - 0.3) * std::pow(10.0, random.Uniform() * 30 - 15);
    const double rounded = RoundForStorage(value);
    BOOST_TEST(std::abs(rounded - value) <= 5.001e-7 * std::abs(value));
    BOOST_TEST(RoundForStorage(rounded) == rounded);
  }
  for (double exact : {0.0, 1.0, 0.1, 1234567.0, 0.001234567, 1e14, 1.5e-9}) {
    BOOST_TEST(RoundForStorage(exact) == exact);
  }
  BOOST_TEST(RoundForStorage(123'456'789.0) == 123'456'800.0);
}

BOOST_AUTO_TEST_CASE(every_kind_of_series_survives_the_encoding) {
  constexpr double kMax = std::numeric_limits<double>::max();
  RoundTrip(Samples({}));
  RoundTrip(Samples({Series::kGap}));
  RoundTrip(Samples({0.0}));
  RoundTrip(Samples({-0.25, 1e6}));
  RoundTrip(Samples(std::vector<double>(kChunkSamples, Series::kGap)));
  RoundTrip(Samples({kMax, -kMax, 5e-324, 1e300, 0, 1}));
  RoundTrip(Samples({1e14, 1e-14, 1}));
  RoundTrip(Samples({9.999999e14, 1e-3, 0, 9.999999e14}));
  RoundTrip(Samples({0.1, 0.2, 0.30000000000000004, 1e-9, 1e9}));
}

BOOST_AUTO_TEST_CASE(random_series_with_gaps_and_flags_survive_the_encoding) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      Random random(seed);
      ChunkSamples samples;
      const auto size = random.Below(kChunkSamples + 1);
      const double scale = std::pow(10.0, random.Uniform() * 16 - 4);
      const double spikes = random.Uniform() * 0.1;
      double level = scale;
      for (std::uint64_t i = 0; i < size; ++i) {
        level += scale * 0.01 * random.Normal();
        double value = random.Uniform() < spikes ? level * 1000 * random.Uniform() : level;
        if (seed % 3 == 0) value = std::round(value);
        samples.values.push_back(random.Uniform() < 0.1 ? Series::kGap : value);
        samples.flags.push_back(random.Uniform() < 0.2 ? static_cast<unsigned>(random.Below(8))
                                                       : 0);
      }
      RoundTrip(samples);
    }
  }
}

BOOST_AUTO_TEST_CASE(chunks_are_small) {
  std::vector<double> counter, day, noisy;
  Random random(7);
  for (int i = 0; i < kChunkSamples; ++i) {
    counter.push_back(1'000'000 + 250 * i);
    day.push_back(std::round(1000 + 500 * std::sin(i / 200.0)));
    noisy.push_back(5000 * (1 + 0.02 * random.Normal()));
  }
  BOOST_TEST(RoundTrip(Samples(std::vector<double>(kChunkSamples, 42.0))) < 30u);
  BOOST_TEST(RoundTrip(Samples(counter)) < 40u);
  BOOST_TEST(RoundTrip(Samples(day)) < 70u);
  BOOST_TEST(RoundTrip(Samples(noisy)) < 3.2 * kChunkSamples);
}

BOOST_AUTO_TEST_CASE(a_chunk_of_version_1_stays_readable) {
  // 100, 101.5, a gap, 250 (saturated | moving) as written by the first version.
  const std::string golden = "01040201010002050102010ad00f1ee31b85d3";
  std::string bytes;
  for (std::size_t i = 0; i < golden.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(golden.substr(i, 2), nullptr, 16)));
  }
  const auto samples = DecodeChunk(bytes);
  BOOST_REQUIRE(samples.ok());
  BOOST_REQUIRE(samples->values.size() == 4u);
  BOOST_TEST(samples->values[0] == 100.0);
  BOOST_TEST(samples->values[1] == 101.5);
  BOOST_TEST(Series::IsGap(samples->values[2]));
  BOOST_TEST(samples->values[3] == 250.0);
  BOOST_TEST((samples->flags == std::vector<unsigned>{0, 0, 0, kSaturated | kMoving}));
  BOOST_TEST(EncodeChunk(*samples) == bytes);
}

BOOST_AUTO_TEST_CASE(damaged_chunks_are_refused_and_never_crash) {
  Random random(11);
  ChunkSamples samples;
  for (int i = 0; i < kChunkSamples; ++i) {
    samples.values.push_back(i % 17 == 3 ? Series::kGap : 1000 * random.Uniform());
    samples.flags.push_back(i > 100 ? unsigned{kThrottled} : 0u);
  }
  const std::string bytes = EncodeChunk(samples);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    BOOST_TEST((DecodeChunk(bytes.substr(0, length)).status().code() == StatusCode::kDataLoss));
  }
  for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
    std::string flipped = bytes;
    flipped[i / 8] = static_cast<char>(flipped[i / 8] ^ (1 << (i % 8)));
    BOOST_TEST((DecodeChunk(flipped).status().code() == StatusCode::kDataLoss));
  }
  // Past the checksum, as an attacker would: anything but a crash.
  for (int i = 0; i < 200'000; ++i) {
    std::string noise(4 + random.Below(40), '\0');
    for (char& c : noise) c = static_cast<char>(random.Next());
    noise[0] = 1;
    noise[1] = static_cast<char>(random.Below(kChunkSamples + 1));
    (void)DecodeChunk(noise);
  }
}
