// A stand-in for the signaling of AWS Kinesis Video Streams.

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "kvs_service/options.hpp"
#include "kvs_service/page.hpp"
#include "kvs_service/service.hpp"
#include "shared/flow_runner.hpp"
#include "shared/program_main.hpp"
#include "shared/user_error.hpp"

namespace {

using kvs_service::ListenFailed;
using kvs_service::Listening;
using kvs_service::Said;
using kvs_service::Service;
using shared::UserError;

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw UserError("--sdk: cannot read " + path + ".");
  return {std::istreambuf_iterator<char>(file), {}};
}

petrel::http::Response page(std::string type, std::string body) {
  return {petrel::http::Status::ok, {{"Content-Type", std::move(type)}}, std::move(body)};
}

int run(kvs_service::Options options) {
  asio::io_context io(1);
  petrel::Network network(io.get_executor());
  if (!options.sdk_path.empty()) {
    options.config.pages["/"] = page("text/html; charset=utf-8", std::string(kvs_service::page_html));
    options.config.pages["/kvs-webrtc.js"] = page("text/javascript", contents(options.sdk_path));
  }
  std::string complaint;
  asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](std::error_code error, int) {
    if (!error) io.stop();
  });
  shared::FlowRunner<Service>* running = nullptr;
  const auto on_event = [&](const Service::Event& event) {
    if (const auto* said = std::get_if<Said>(&event)) {
      if (!options.quiet) std::printf("%s\n", said->text.c_str());
    } else if (const auto* listening = std::get_if<Listening>(&event)) {
      const std::string authority = listening->local.to_string();
      running->with([&](Service& service, petrel::TimePoint) { service.set_authority(authority); });
      std::printf("AWS_ENDPOINT_URL=http://%s AWS_REGION=%s AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s\n",
                  authority.c_str(), options.config.region.c_str(),
                  options.config.accounts.begin()->first.c_str(),
                  options.config.accounts.begin()->second.secret.c_str());
      if (!options.sdk_path.empty()) {
        std::printf("Viewer: http://%s/?channel=%s\n", authority.c_str(), options.channel.c_str());
      }
    } else {
      complaint = "--listen: the port is not available: " + std::get<ListenFailed>(event).error.message() +
                  ". Choose another ADDRESS:PORT.";
      io.stop();
    }
    std::fflush(stdout);
  };
  shared::FlowRunner<Service> runner(network, on_event, options.config, network.unix_time());
  running = &runner;
  io.run();
  if (!complaint.empty()) throw UserError(complaint);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return shared::program_main("petrel-kvs-service", kvs_service::parse_options(argc, argv), run);
}
