#pragma once

#include <string_view>

#include "petrel/http/message.hpp"

namespace shared {

/// The response that carries one of the embedded pages.
///
/// The page talks to its own server only, loads nothing, and is shown in nobody's frame: a foreign page
/// could otherwise open the camera in one and lay its own buttons over it. Nothing is cached, since the
/// page belongs to the program that runs now.
inline petrel::http::Response page_response(std::string_view html) {
  return {petrel::http::Status::ok,
          {{"Content-Type", "text/html; charset=utf-8"},
           {"Cache-Control", "no-store"},
           {"Content-Security-Policy",
            "default-src 'none'; connect-src 'self'; img-src data:; media-src 'self' blob:; "
            "script-src 'unsafe-inline'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; "
            "form-action 'none'"},
           {"Referrer-Policy", "no-referrer"},  // Its address may carry the token.
           {"X-Content-Type-Options", "nosniff"}},
          std::string(html)};
}

}  // namespace shared
