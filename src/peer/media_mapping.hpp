#pragma once

#include "petrel/peer/jsep.hpp"
#include "petrel/rtp/stream/media_config.hpp"

namespace petrel::inline v0::detail {

/// What the RTP session has to know of an m-line that offer and answer agreed on.
rtp::MediaConfig to_media_config(const jsep::MediaChange& change);

}  // namespace petrel::inline v0::detail
