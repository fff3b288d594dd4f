#pragma once

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "support/source_directory.hpp"

namespace petrel::testing {

/// A description from tests/sdp/captured, byte for byte.
inline std::string captured(std::string_view name) {
  const std::string path = source_directory() + "/tests/sdp/captured/" + std::string(name) + ".sdp";
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("no " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline const std::vector<std::string>& captured_names() {
  static const std::vector<std::string> names{"chromium_call_offer",
                                              "chromium_call_answer",
                                              "chromium_call_reoffer",
                                              "chromium_data_offer",
                                              "chromium_max_bundle_offer",
                                              "chromium_simulcast_offer",
                                              "chromium_video_recvonly_offer",
                                              "chromium_whep_offer",
                                              "firefox_call_offer",
                                              "firefox_call_answer",
                                              "firefox_call_reoffer",
                                              "firefox_data_offer",
                                              "firefox_max_bundle_offer",
                                              "firefox_simulcast_offer",
                                              "firefox_video_recvonly_offer",
                                              "firefox_whep_offer",
                                              "pion_call_offer",
                                              "libdatachannel_call_offer",
                                              "libdatachannel_call_answer",
                                              "werift_call_offer",
                                              "aiortc_call_offer",
                                              "aiortc_1_4_data_offer",
                                              "gstreamer_call_offer"};
  return names;
}

/// `text` with the first `from` replaced; fails where there is none, so that no test is empty by mistake.
inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error("no '" + std::string(from) + "' to replace");
  return text.replace(at, from.size(), to);
}

inline std::string replaced_all(std::string text, std::string_view from, std::string_view to) {
  text = replaced(std::move(text), from, to);
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

}  // namespace petrel::testing
