// The fixed parts of replay's page: what stands before and after its data. Inside cli only.
#pragma once

namespace tidewright::cli {

extern const char kReplayPageHead[];
extern const char kReplayPageTail[];

}  // namespace tidewright::cli
