#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "petrel/base/result.hpp"
#include "petrel/dtls/connection.hpp"
#include "petrel/peer/packet_tap.hpp"

namespace petrel::inline v0 {

/// Closes what std::fopen() opened.
struct CloseFile {
  void operator()(std::FILE* file) const noexcept {
    if (file != nullptr) std::fclose(file);
  }
};

/// A file in the format of SSLKEYLOGFILE, which lets Wireshark decrypt the DTLS of a
/// capture. Opt-in: set it as PeerConfig::key_log. Lines are appended, each at once.
class PETREL_API KeyLogFile final : public dtls::KeyLogSink {
 public:
  /// Errors: what the system said about the path. The file is made readable by its owner only.
  static Result<std::unique_ptr<KeyLogFile>> open(const std::string& path);

  void write(std::string_view line) noexcept override;

 private:
  explicit KeyLogFile(std::FILE* file) : file_(file) {}
  std::unique_ptr<std::FILE, CloseFile> file_;
};

/// A pcap file of the RTP and RTCP of a peer in the clear, in made-up IPv4 and UDP headers:
/// outgoing packets go from 192.0.2.1:5000 to 192.0.2.2:5002, incoming ones back (RFC 5737
/// addresses). Opt-in: set it as PeerConfig::packet_tap.
class PETREL_API RtpDumpFile final : public PacketTap {
 public:
  static Result<std::unique_ptr<RtpDumpFile>> open(const std::string& path);

  void on_packet(TimePoint now, Direction direction, Bytes packet) noexcept override;

 private:
  explicit RtpDumpFile(std::FILE* file) : file_(file) {}
  std::unique_ptr<std::FILE, CloseFile> file_;
};

}  // namespace petrel::inline v0
