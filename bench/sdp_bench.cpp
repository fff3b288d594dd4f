// What reading and writing a browser's description costs.

#include <fstream>
#include <iterator>
#include <string>

#include "measure.hpp"
#include "petrel/sdp/parser.hpp"
#include "petrel/sdp/writer.hpp"

int main(int argc, char** argv) {
  // From the top of the repository, as scripts/bench runs it, a Chromium offer is at hand.
  const char* path = argc > 1 ? argv[1] : "tests/sdp/captured/chromium_call_offer.sdp";
  std::ifstream file(path, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const auto session = petrel::sdp::parse(text);
  if (!session) {
    std::printf("%s is no session description: name one\n", path);
    return 1;
  }
  petrel::bench::measure("parse", 1000, [&] { petrel::bench::keep(petrel::sdp::parse(text)); });
  petrel::bench::measure("write", 1000, [&] { petrel::bench::keep(petrel::sdp::write(*session)); });
}
