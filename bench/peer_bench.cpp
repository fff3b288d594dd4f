// What it costs to understand a browser's offer and to answer it.

#include <fstream>
#include <iterator>
#include <string>

#include "measure.hpp"
#include "petrel/peer/jsep.hpp"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::puts("peer_bench <offer>, such as tests/sdp/captured/chromium_video_recvonly_offer.sdp");
    return 1;
  }
  std::ifstream file(argv[1], std::ios::binary);
  const petrel::SessionDescription offer{petrel::SdpType::offer, {std::istreambuf_iterator<char>(file), {}}};
  petrel::jsep::LocalTransport transport;
  transport.ice_ufrag = "bench";
  transport.ice_pwd = "benchPasswordOfTwentyTwo";
  transport.fingerprints = {"sha-256 AA:BB"};

  petrel::jsep::Negotiation negotiation;
  if (!negotiation.set_remote_description(offer)) {
    std::printf("not an offer: %s\n", negotiation.detail().c_str());
    return 1;
  }
  petrel::bench::measure("create_answer", 1000,
                         [&] { petrel::bench::keep(negotiation.create_answer(transport)); });
  petrel::bench::measure("offer to stable", 1000, [&] {
    petrel::jsep::Negotiation fresh;
    petrel::bench::keep(fresh.set_remote_description(offer));
    petrel::bench::keep(fresh.create_answer(transport));
    petrel::bench::keep(fresh.set_local_description({petrel::SdpType::answer, {}}));
  });
}
