#include "pair.hpp"

#include <asio/dispatch.hpp>
#include <asio/post.hpp>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace petrel::bench {

Pair::Pair(io::Network& offerer_network, io::Network& answerer_network, const PeerConfig& config)
    : offerer_network_(offerer_network),
      answerer_network_(answerer_network),
      offerer_(offerer_network, config),
      answerer_(answerer_network, config) {}

void Pair::call(std::function<void(DataChannel)> opened, std::function<void(DataChannel)> announced) {
  trickle(offerer_, answerer_, answerer_network_);
  trickle(answerer_, offerer_, offerer_network_);
  answerer_.on_data_channel(std::move(announced));
  asio::dispatch(offerer_network_.executor(), [this, opened = std::move(opened)] {
    const DataChannel channel = offerer_.create_data_channel("bench").value();
    DataChannel(channel).on_open([channel, opened] { opened(channel); });
    offerer_.set_local_description().value();
    asio::dispatch(answerer_network_.executor(), [this, offer = offerer_.local_description().value()] {
      answerer_.set_remote_description(offer).value();
      answerer_.set_local_description().value();
      asio::dispatch(offerer_network_.executor(), [this, answer = answerer_.local_description().value()] {
        offerer_.set_remote_description(answer).value();
      });
    });
  });
}

void Pair::trickle(PeerConnection& from, PeerConnection& to, io::Network& network_of_to) {
  from.on_ice_candidate([&to, &network_of_to](const LocalCandidate& candidate) {
    asio::post(network_of_to.executor(),
               [&to, candidate] { to.add_ice_candidate(candidate.candidate, candidate.mid).value(); });
  });
  from.on_connection_state_change([&from](ConnectionState state) {
    if (state != ConnectionState::failed) return;
    std::fprintf(stderr, "petrel-bench: %s\n", from.why().c_str());
    std::_Exit(1);
  });
}

}  // namespace petrel::bench
