#include "stores/redis/atomic_jobs.h"

#include <array>
#include <charconv>
#include <map>
#include <utility>

namespace tidewright::redis {
namespace {

bool Says(const std::string& text, const char* word) {
  return text.find(word) != std::string::npos;
}

/// "0-9 20-29".
StatusOr<PartitionSet> ParseRanges(const std::string& text) {
  std::string with_commas = text;
  for (char& c : with_commas) c = c == ' ' ? ',' : c;
  return ParsePartitionSet(with_commas);
}

/// "9.1.2" → {9, 1, 2}; "" → zeros.
std::array<int, 3> Numbers(const std::string& version) {
  std::array<int, 3> numbers{};
  const char* at = version.data();
  const char* const end = at + version.size();
  for (int& number : numbers) {
    const auto read = std::from_chars(at, end, number);
    if (read.ec != std::errc() || read.ptr == end) break;
    at = read.ptr + 1;
  }
  return numbers;
}

StatusOr<AtomicJob> ParseJob(const Reply& reply) {
  std::map<std::string, std::string> fields;
  for (std::size_t i = 0; i + 1 < reply.elements.size(); i += 2) {
    fields[reply.elements[i].text] = reply.elements[i + 1].text;
  }
  for (const char* name : {"name", "operation", "slot_ranges", "state"}) {
    if (fields[name].empty()) {
      return Error(StatusCode::kInternal, "a migration without {} among CLUSTER GETSLOTMIGRATIONS",
                   name);
    }
  }
  AtomicJob job;
  job.name = fields["name"];
  job.exports = fields["operation"] == "EXPORT";
  TW_ASSIGN_OR_RETURN(job.slots, ParseRanges(fields["slot_ranges"]));
  job.source = fields["source_node"];
  job.target = fields["target_node"];
  job.state = fields["state"];
  job.message = fields["message"];
  return job;
}

}  // namespace

bool AtomicJob::MayHaveLostWrites() const { return Says(message, "lost writes"); }

bool AtomicJob::Hopeless() const {
  return Says(message, "AUTH") || Says(message, "NOPERM") ||
         Says(message, "error during handshake");
}

StatusOr<std::vector<AtomicJob>> ParseAtomicJobs(const Reply& reply) {
  if (reply.type != Reply::Type::kArray) {
    return Error(StatusCode::kInternal, "CLUSTER GETSLOTMIGRATIONS answers with no list");
  }
  std::vector<AtomicJob> jobs;
  for (const auto& element : reply.elements) {
    TW_ASSIGN_OR_RETURN(jobs.emplace_back(), ParseJob(element));
  }
  return jobs;
}

bool KnowsAtomicJobs(const std::string& valkey_version) {
  return Numbers(valkey_version).front() >= 9;
}

bool BeginsAtomicJobs(const std::string& valkey_version) {
  return Numbers(valkey_version) >= std::array{9, 1, 2};
}

std::vector<std::string> SlotsRange(const PartitionSet& slots) {
  std::vector<std::string> words = {"SLOTSRANGE"};
  for (const auto& range : slots) {
    words.push_back(std::to_string(range.first));
    words.push_back(std::to_string(range.last));
  }
  return words;
}

}  // namespace tidewright::redis
