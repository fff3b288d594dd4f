// petrel's signatures as JSON lines, for sigv4.mjs: what comes in is signed; `{"random": n, "seed": s}` makes
// n inputs of our own and signs them.

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "petrel/kvs/sigv4.hpp"
#include "petrel/sim/seeded_random.hpp"

namespace {

using nlohmann::json;
namespace http = petrel::http;
namespace kvs = petrel::kvs;

// What the JavaScript SDK gives every URL.
constexpr std::chrono::seconds lifetime(299);

std::string random_text(petrel::RandomSource& random, std::string_view alphabet, std::uint32_t least,
                        std::uint32_t most) {
  std::string text;
  for (std::uint32_t left = random.between(least, most); left > 0; --left) {
    text += alphabet[random.between(0, static_cast<std::uint32_t>(alphabet.size() - 1))];
  }
  return text;
}

constexpr std::string_view word = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~";
// JavaScript's encodeURIComponent() leaves !'()* as they are, which no value of the service has.
constexpr std::string_view value = "abcXYZ019-_.~:/?#[]@$&+,;=% \"<>\\^`{|}";
constexpr std::string_view base64 = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=";

json random_input(petrel::RandomSource& random) {
  json input;
  input["accessKeyId"] = random_text(random, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16, 20);
  input["secretAccessKey"] = random_text(random, base64, 1, 60);
  input["sessionToken"] = random.between(0, 1) == 0 ? "" : random_text(random, base64, 1, 1500);
  input["region"] = random_text(random, "abcdefghijklmnopqrstuvwxyz-0123456789", 1, 20);
  input["service"] = "kinesisvideo";
  input["time"] = random.between(0, 4'000'000'000U);
  std::string path;
  for (std::uint32_t left = random.between(0, 3); left > 0; --left)
    path += "/" + random_text(random, "abcXYZ019-_", 1, 10);
  input["path"] = path.empty() ? "/" : path;
  input["host"] = random_text(random, "abcdefghijklmnopqrstuvwxyz0123456789", 1, 30) + ".example";
  if (random.between(0, 1) == 0) {
    input["kind"] = "presign";
    input["query"] = json::object();
    for (std::uint32_t left = random.between(0, 4); left > 0; --left) {
      input["query"]["X-Amz-" + random_text(random, word, 1, 12)] = random_text(random, value, 0, 80);
    }
  } else {
    input["kind"] = "sign";
    input["body"] = random_text(random, value, 0, 500);
    input["headers"] = {{"Content-Type", "application/json"}};
    for (std::uint32_t left = random.between(0, 3); left > 0; --left) {
      input["headers"]["X-Amz-" + random_text(random, "abcXYZ019-", 1, 12)] =
          random_text(random, "abc XYZ,;=", 1, 30);
    }
  }
  return input;
}

json signed_output(const json& input) {
  const kvs::Credentials credentials{input["accessKeyId"].get<std::string>(),
                                     input["secretAccessKey"].get<std::string>(),
                                     input["sessionToken"].get<std::string>()};
  const kvs::SigningScope scope{input["time"].get<std::int64_t>(), input["region"].get<std::string>(),
                                input["service"].get<std::string>()};
  json output{{"input", input}};
  if (input["kind"] == "presign") {
    kvs::QueryParameters query;
    for (const auto& [name, text] : input["query"].items()) query.emplace_back(name, text.get<std::string>());
    const http::Url endpoint{"wss", input["host"].get<std::string>(), 443, input["path"].get<std::string>(),
                             ""};
    output["url"] = to_string(kvs::presign(endpoint, std::move(query), credentials, scope, lifetime));
    return output;
  }
  http::Request request{.method = http::Method::post};
  request.path = input["path"].get<std::string>();
  request.host = input["host"].get<std::string>();
  request.body = input["body"].get<std::string>();
  for (const auto& [name, text] : input["headers"].items())
    request.headers.add(name, text.get<std::string>());
  kvs::sign(request, credentials, scope);
  output["authorization"] = std::string(request.headers.get("Authorization").value_or(""));
  return output;
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    const json asked = json::parse(line);
    if (!asked.contains("random")) {
      std::puts(signed_output(asked).dump().c_str());
      continue;
    }
    petrel::sim::SeededRandom random(asked["seed"].get<std::uint64_t>());
    for (int left = asked["random"].get<int>(); left > 0; --left) {
      std::puts(signed_output(random_input(random)).dump().c_str());
    }
  }
  return 0;
}
