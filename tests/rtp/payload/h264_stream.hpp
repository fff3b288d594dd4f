#pragma once

#include <vector>

#include "petrel/rtp/payload/h264_access_unit.hpp"
#include "rtp/captured_media.hpp"
#include "support/bytes_literal.hpp"

namespace petrel::inline v0::testing {

inline std::vector<std::vector<std::byte>> nal_units(Bytes stream) {
  std::vector<std::vector<std::byte>> units;
  rtp::h264::NalReader reader(stream);
  while (const auto nal = reader.next()) units.push_back(to_vector(*nal));
  return units;
}

/// The access units of a captured file, pushed in pieces of `chunk_size`.
inline std::vector<rtp::h264::AccessUnit> access_units(Bytes stream, std::size_t chunk_size) {
  rtp::h264::AccessUnitSplitter splitter;
  std::vector<rtp::h264::AccessUnit> units;
  const auto drain = [&] {
    for (auto unit = splitter.next(); unit && *unit; unit = splitter.next())
      units.push_back(std::move(**unit));
  };
  while (!stream.empty()) {
    const Bytes chunk = stream.first(std::min(chunk_size, stream.size()));
    stream = stream.subspan(chunk.size());
    splitter.push(chunk);
    drain();
  }
  splitter.finish();
  drain();
  return units;
}

}  // namespace petrel::inline v0::testing
