// What reading and writing a browser's description costs.

#include <fstream>
#include <iterator>
#include <string>

#include "measure.hpp"
#include "petrel/sdp/parser.hpp"
#include "petrel/sdp/writer.hpp"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::puts("sdp_bench <description>, such as tests/sdp/captured/chromium_call_offer.sdp");
    return 1;
  }
  std::ifstream file(argv[1], std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const auto session = petrel::sdp::parse(text);
  if (!session) {
    std::puts("not a session description");
    return 1;
  }
  petrel::bench::measure("parse", 1000, [&] { petrel::bench::keep(petrel::sdp::parse(text)); });
  petrel::bench::measure("write", 1000, [&] { petrel::bench::keep(petrel::sdp::write(*session)); });
}
