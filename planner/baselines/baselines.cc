#include "planner/baselines/baselines.h"

#include <array>

#include "planner/baselines/crane.h"
#include "planner/baselines/dynamodb.h"
#include "planner/baselines/hpa.h"
#include "planner/baselines/pstore.h"
#include "planner/baselines/reactive.h"
#include "planner/baselines/static_size.h"

namespace tidewright::baselines {
namespace {

constexpr std::array kKinds = {
    Kind{"static-peak", "1.2 x the highest demand of the history, for good"},
    Kind{"static-trailing", "1.2 x the highest demand of the last 7 days, every day anew"},
    Kind{"hpa", "Kubernetes' HPA: 70 %, 5 minutes"},
    Kind{"reactive", "up at once, down after a while; target and window tuned on the history"},
    Kind{"dynamodb", "DynamoDB's target tracking: 70 %, at most 4 decreases, then 1 an hour"},
    Kind{"p-store", "P-Store: SPAR forecast + 15 %, cheapest feasible schedule over 8 h"},
    Kind{"ahpa", "the larger of p-store and reactive"},
    Kind{"crane", "Crane's effective HPA: daily or weekly cycle, else a percentile"},
};

}  // namespace

std::span<const Kind> Kinds() { return kKinds; }

std::unique_ptr<ScalingPolicy> Make(std::string_view name, const ScalingTerms& terms,
                                    double penalty) {
  if (name == "static-peak") return MakeStaticPeak(terms);
  if (name == "static-trailing") return MakeStaticTrailing(terms);
  if (name == "hpa") return std::make_unique<Hpa>(terms);
  if (name == "reactive") return std::make_unique<Reactive>(terms, penalty);
  if (name == "dynamodb") return MakeDynamoDb(terms);
  if (name == "p-store") return std::make_unique<PStore>(terms);
  if (name == "ahpa") return MakeLargerOfBoth(terms, penalty);
  if (name == "crane") return MakeCrane(terms);
  return nullptr;
}

}  // namespace tidewright::baselines
