#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "petrel/rtp/wire/rtcp.hpp"
#include "support/bytes_literal.hpp"

namespace petrel::inline v0::testing {

/// The messages of a datagram whose structure holds.
inline std::vector<rtcp::Message> read_all(Bytes datagram) {
  std::vector<rtcp::Message> messages;
  auto reader = rtcp::Reader::parse(datagram);
  EXPECT_TRUE(reader);
  if (!reader) return messages;
  while (auto message = reader->next()) messages.push_back(std::move(*message));
  return messages;
}

inline std::vector<std::byte> write_alone(const rtcp::Message& message) {
  rtcp::Writer writer(PacketBuffer::capacity);
  EXPECT_TRUE(writer.add(message));
  return to_vector(writer.finish().bytes());
}

/// These bytes are read as `message`, and it is written as these bytes.
inline void expect_both_ways(std::string_view digits, const rtcp::Message& message) {
  const auto messages = read_all(hex(digits));
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0], message);
  EXPECT_EQ(write_alone(message), hex(digits));
}

/// A whole packet of RTCP that is framed well and makes no sense.
inline void expect_malformed(Bytes datagram) {
  auto reader = rtcp::Reader::parse(datagram);
  ASSERT_TRUE(reader);
  EXPECT_FALSE(reader->next());
  EXPECT_EQ(reader->malformed(), 1u);
}

/// Cuts the packet at each word, with its length set to match: none of these may be read.
inline void expect_every_truncation_malformed(std::string_view digits, std::size_t from_words = 1) {
  const auto whole = hex(digits);
  for (std::size_t words = from_words; words < whole.size() / 4; ++words) {
    SCOPED_TRACE(words);
    std::vector<std::byte> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(4 * words));
    cut[3] = static_cast<std::byte>(words - 1);
    expect_malformed(cut);
  }
}

}  // namespace petrel::inline v0::testing
