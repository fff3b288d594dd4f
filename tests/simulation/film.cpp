#include "simulation/film.hpp"

#include "support/bytes_literal.hpp"

namespace petrel::inline v0::testing {

Film::Film(Call& call) : call_(call), random_(call.network.fork_random()) {
  call_.alice.on_key_frame_wanted = [this](TransceiverId) { key_frame_wanted_ = true; };
}

void Film::start(int frames) {
  wanted_ = frames;
  film_one();
}

void Film::film_one() {
  if (ended()) return;
  const bool key_frame = std::exchange(key_frame_wanted_, false);
  std::vector<std::byte> bytes = make_frame(key_frame);
  const auto frame =
      EncodedFrame::make(Bytes(bytes), {.capture_time = call_.network.now(), .key_frame = key_frame});
  if (call_.alice.peer->send_frame(call_.network.now(), call_.video, frame)) ++sent_;
  numbers_.emplace(std::move(bytes), made_);
  times_.push_back(call_.network.now());
  ++made_;
  call_.network.after(interval, [this] { film_one(); });
}

int Film::number_of(Bytes frame) const {
  const auto found = numbers_.find(to_vector(frame));
  return found == numbers_.end() ? -1 : found->second;
}

std::vector<std::byte> Film::make_frame(bool key_frame) {
  std::vector<std::byte> bytes;
  const auto add_nal = [&](std::uint8_t header, std::uint32_t size) {
    for (const int b : {0, 0, 0, 1}) bytes.push_back(static_cast<std::byte>(b));
    bytes.push_back(static_cast<std::byte>(header));
    // No zeros, so that no start code can appear by chance.
    for (std::uint32_t i = 0; i < size; ++i) bytes.push_back(static_cast<std::byte>(random_.between(1, 255)));
  };
  if (key_frame) {
    add_nal(0x67, 12);
    add_nal(0x68, 4);
    add_nal(0x65, random_.between(4000, 9000));
  } else {
    add_nal(0x41, random_.between(100, 3000));
  }
  return bytes;
}

}  // namespace petrel::inline v0::testing
