// A forecast that has been wrong to one side for hours follows what it sees.
#pragma once

#include "forecast/combination.h"

namespace tidewright {

/// Seasonal methods hold on to the old level for a season after a shift. Here the forecast made six
/// hours before an origin is compared with the three hours before it: the median of
/// log(observed ÷ forecast) is that origin's bias, as far as the last hour confirms it; a burst of
/// less than an hour and a half moves nothing. A bias far outside of what is usual for this series
/// (robust z score) is taken for a shift, and the forecast is multiplied by the share of it that is
/// expected to last: what lasted of biases as large in the past, most of it where there never was
/// one. The factor grows to its full size over the first three hours, where the members have
/// followed by themselves. Past origins are corrected by the same rule, so that their errors are
/// those of the method. Returns the logarithm of the factor on `combined.point`, 0 for none.
double FollowLevelShift(const Prepared& p, Combined& combined);

}  // namespace tidewright
