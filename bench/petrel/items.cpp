#include "items.hpp"

#include <malloc.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "petrel/dtls/connection.hpp"
#include "petrel/sctp/association.hpp"
#include "petrel/sim/seeded_random.hpp"

namespace petrel::bench {
namespace {

constexpr std::size_t count = 40;

std::size_t heap_bytes() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

TimePoint now() {
  return TimePoint(std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

struct DtlsPair {
  dtls::Certificate left_certificate = certificate();
  dtls::Certificate right_certificate = certificate();
  dtls::Connection left{now(), dtls::Role::client, left_certificate};
  dtls::Connection right{now(), dtls::Role::server, right_certificate};

  DtlsPair() {
    left.set_remote_fingerprints(now(), {right_certificate.fingerprint()});
    right.set_remote_fingerprints(now(), {left_certificate.fingerprint()});
    for (bool moved = true; std::exchange(moved, false);) {
      while (auto packet = left.poll_packet()) {
        right.handle_packet(now(), packet->bytes());
        moved = true;
      }
      while (auto packet = right.poll_packet()) {
        left.handle_packet(now(), packet->bytes());
        moved = true;
      }
    }
    while (left.poll_event() || right.poll_event()) continue;
  }
  static dtls::Certificate certificate() {
    return dtls::Certificate::generate(
               std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()))
        .value();
  }
};

struct SctpPair {
  sim::SeededRandom random{1};
  sctp::Association left{now(), {}, random};
  sctp::Association right{now(), {}, random};

  SctpPair() {
    left.connect(now());
    right.connect(now());
    while (!left.connected() || !right.connected()) {
      while (auto packet = left.poll_packet()) right.handle_packet(now(), packet->bytes());
      while (auto packet = right.poll_packet()) left.handle_packet(now(), packet->bytes());
    }
    while (left.poll_event() || right.poll_event()) continue;
  }
};

template <class Pair>
double kib_of() {
  std::vector<std::unique_ptr<Pair>> pairs;
  pairs.reserve(count + 1);
  pairs.push_back(std::make_unique<Pair>());  // Pays for what all share.
  const std::size_t before = heap_bytes();
  for (std::size_t i = 0; i < count; ++i) pairs.push_back(std::make_unique<Pair>());
  return static_cast<double>(heap_bytes() - before) / 1024 / count;
}

}  // namespace

double dtls_kib_per_pair() { return kib_of<DtlsPair>(); }
double sctp_kib_per_pair() { return kib_of<SctpPair>(); }

}  // namespace petrel::bench
