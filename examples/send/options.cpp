#include "send/options.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>

#include "send/room_client.hpp"
#include "shared/user_error.hpp"

namespace transfer {

std::variant<Options, shared::EarlyExit> parse_options(int argc, const char* const* argv) {
  CLI::App app(
      "Sends a file to a browser or to another petrel-send, or receives one, over a WebRTC data channel: "
      "directly\n"
      "between the two, encrypted, checked by SHA-256, and going on where it stopped after a break.",
      "petrel-send");
  app.footer(
      "Examples:\n"
      "  petrel-send film.mp4                        prints a page's address; whoever opens it gets the "
      "file\n"
      "  petrel-send --receive Downloads             prints a page's address; a file is dropped there\n"
      "  petrel-send --receive --room ws://HOST:8085/room/NAME\n"
      "                                              another petrel-send prints that line\n"
      "  petrel-send film.mp4 --paste                no server at all: two lines to copy\n"
      "  petrel-send --serve --listen 0.0.0.0:8085 --token WORD\n"
      "                                              rooms for two others, pages or terminals\n"
      "Ends with 0 when the file has arrived, 1 when it has not, 2 when it was asked wrongly.");
  Options options;
  options.server.listen = "127.0.0.1:8085";
  std::string room;
  std::string folder;
  app.add_option("FILE", options.file, "What to send");
  CLI::Option* receive =
      app.add_option("--receive", folder, "Receive into this folder, or into the present one")
          ->expected(0, 1)
          ->default_str(".");
  app.add_option("--room", room, "Meet in this room, ws://HOST:PORT/room/NAME or the address of its page");
  app.add_flag("--paste", options.paste, "Print and read lines to copy, in place of a room");
  app.add_flag("--serve", options.serve, "Serve rooms to others, and take no part");
  shared::add_server_options(app, options.server);

  return shared::parse<Options>(app, argc, argv, [&] {
    if (receive->count() > 0) options.folder = folder.empty() ? "." : folder;
    const int tasks = (options.file.empty() ? 0 : 1) + (options.folder ? 1 : 0) + (options.serve ? 1 : 0);
    if (tasks == 0) throw shared::UserError("Name a FILE to send, or give --receive or --serve.");
    if (tasks > 1) throw shared::UserError("Only one of FILE, --receive and --serve goes.");
    if (options.folder && !std::filesystem::is_directory(*options.folder)) {
      throw shared::UserError("--receive " + *options.folder + ": is no folder.");
    }
    if (!room.empty()) {
      if (options.paste || options.serve)
        throw shared::UserError("--room goes with neither --paste nor --serve.");
      options.room = parse_room(room);
      if (!options.room) {
        throw shared::UserError("--room " + room +
                                ": write ws://HOST:PORT/room/NAME, or the address of the room's page.");
      }
      if (!options.server.token.empty() && options.room->query.find("token=") == std::string::npos) {
        options.room->query += (options.room->query.empty() ? "token=" : "&token=") + options.server.token;
      }
    }
    if (options.paste && options.serve) throw shared::UserError("--paste needs no --serve.");
    shared::check(options.server);
    return options;
  });
}

}  // namespace transfer
