// A journal in a folder of its own, and plans to put into it.
#pragma once

#include <boost/test/unit_test.hpp>
#include <memory>
#include <string>

#include "journal/journal.h"
#include "tests/storage_support.h"

namespace tidewright::testing {

inline const WallTime kNow = ParseTime("2026-03-01T12:00:00Z").value();

inline bool Says(const Status& status, const std::string& words) {
  return Message(status).find(words) != std::string::npos;
}

struct JournalWorld {
  TempFolder folder;
  std::string path = folder / "journal.db";
  std::unique_ptr<Journal> journal = Journal::Open(path).value();

  void Reopen() {
    journal.reset();
    auto opened = Journal::Open(path);
    BOOST_REQUIRE_MESSAGE(opened.ok(), Message(opened.status()));
    journal = *std::move(opened);
  }
};

/// A plan to `to` shards; another fingerprint gives another hash.
inline Plan MakePlan(int to, const std::string& fingerprint = "f",
                     const std::string& cluster = "c") {
  Plan plan;
  plan.cluster = cluster;
  plan.kind = PlanKind::kScaleOut;
  plan.created = kNow;
  plan.expires = kNow + std::chrono::minutes(15);
  plan.topology_fingerprint = fingerprint;
  plan.from_shards = 3;
  plan.to_shards = to;
  plan.moves = {{.partitions = {{0, 99}}, .from = "a", .to = "new-1"}};
  plan.reasons = {{ReasonCode::kForecastExceedsCapacity, "first"}};
  return plan;
}

inline Recommendation Recommend(const Plan& plan) {
  Recommendation recommendation;
  recommendation.hash = PlanHash(plan);
  recommendation.plan = plan;
  return recommendation;
}

inline ActionRecord MakeAction(const std::string& id, int steps = 3) {
  ActionRecord record;
  record.id = id;
  record.plan = MakePlan(4);
  record.plan_hash = PlanHash(record.plan);
  record.actor = "auto";
  record.created = kNow;
  for (int i = 0; i < steps; ++i) {
    StepRecord step;
    step.step = {.index = i, .kind = "move", .args = "{\"slots\":\"0-5\"}", .title = "move"};
    record.steps.push_back(step);
  }
  return record;
}

}  // namespace tidewright::testing
