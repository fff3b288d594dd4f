#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "petrel/base/random.hpp"
#include "petrel/base/result.hpp"
#include "petrel/base/ring_queue.hpp"
#include "petrel/http/message.hpp"
#include "petrel/http/url.hpp"
#include "petrel/whip/client.hpp"
#include "petrel/whip/config.hpp"
#include "petrel/whip/events.hpp"
#include "petrel/whip/link.hpp"

namespace petrel::inline v0::whip {

/// A request to be sent; its answer comes to handle_response() or handle_call_failed().
struct SendCall {
  std::uint32_t id = 0;
  http::Url url{};
  http::Request request{};
  Duration limit{};
};
/// Nobody waits for that answer any more.
struct CancelCall {
  std::uint32_t id = 0;
};
using Action = std::variant<SendCall, CancelCall>;

/// What a client says to a WHIP or WHEP server and when, without a socket: one session after another, each
/// with offer, candidates, restarts and its end.
class Session {
 public:
  static constexpr unsigned max_redirects = 5;
  /// Of a PATCH that found no answer.
  static constexpr unsigned max_repeats = 3;
  /// Between sessions: the ceiling of the first wait, which doubles up to the longest.
  static constexpr Duration first_wait = std::chrono::seconds(1);
  static constexpr Duration longest_wait = std::chrono::seconds(30);
  static constexpr Duration least_wait = std::chrono::milliseconds(250);
  /// A connection that has lasted so long was a good one, and the next wait is a short one.
  static constexpr Duration stable_after = std::chrono::seconds(10);

  /// `config` has passed check(). `random` outlives this.
  Session(TimePoint now, SessionConfig config, RandomSource& random);

  Result<void> send_offer(TimePoint now, std::string sdp);
  Result<void> send_candidate(TimePoint now, const Candidate& candidate);
  Result<void> restart_ice(TimePoint now, std::string_view offer);
  void handle_connected(TimePoint now);
  void abandon(TimePoint now, std::error_code error, std::string detail);
  void close(TimePoint now);

  void handle_response(TimePoint now, std::uint32_t id, const http::Response& response);
  void handle_call_failed(TimePoint now, std::uint32_t id, std::error_code error, std::string detail);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;
  std::optional<Action> poll_action() { return actions_.take(); }
  std::optional<Event> poll_event() { return events_.take(); }

  const std::vector<IceServer>& ice_servers() const { return ice_servers_; }
  bool established() const { return state_ == State::established; }
  bool trickles() const { return !no_trickle_ && !config_.wait_for_candidates; }
  bool restarts() const { return !no_restart_; }
  bool over() const { return state_ == State::over; }

 private:
  enum class State : std::uint8_t { asking, wanting, posting, established, waiting, closing, over };
  enum class Purpose : std::uint8_t { options, offer, trickle, restart, end };
  struct Call {
    std::uint32_t id = 0;
    Purpose purpose = Purpose::options;
    http::Url url{};
    http::Method method = http::Method::options;
    std::string if_match{};
    std::string body{};
    unsigned redirects = 0;
    unsigned repeats = 0;
    std::optional<TimePoint> send_at{};  ///< Waits to be sent again.
  };

  // session.cpp: what comes after what.
  void begin(TimePoint now);
  void want_offer();
  void take_answer(TimePoint now, const Call& call, const http::Response& response);
  bool take_session_url(const Call& call, const http::Response& response);
  void lose(TimePoint now, std::error_code error, std::string detail, std::optional<Duration> after = {});
  void give_up(TimePoint now, std::error_code error, std::string detail);
  void leave_session(TimePoint now);
  void finish_closing(TimePoint now);
  void flush_candidates(TimePoint now);
  void trickled(TimePoint now, Call call, const http::Response& response);
  void restarted(TimePoint now, Call call, const http::Response& response);
  void refuse_restart(TimePoint now, std::error_code error, std::string detail);
  void stop_trickling(TimePoint now, std::error_code error, std::string detail);
  void emit(Event event) { events_.push_back(std::move(event)); }
  void log(TimePoint now, LogLevel level, std::string_view code, std::string_view detail = {}) const;

  // session_calls.cpp: the requests.
  void start_call(TimePoint now, Purpose purpose, const http::Url& url, std::string if_match,
                  std::string body);
  void send_call(Call& call);
  void cancel_calls(Purpose purpose);
  bool has_call(Purpose purpose) const;
  std::optional<Call> take_call(std::uint32_t id);
  void follow(TimePoint now, Call call, const http::Response& response);
  bool repeat_later(TimePoint now, Call& call, std::optional<Duration> after);
  void concluded(TimePoint now, Call call, const http::Response& response);
  void offer_refused(TimePoint now, const Call& call, const http::Response& response);
  bool carries_token(const http::Url& url) const;
  std::string where(const http::Url& url) const;
  std::string explain(const Call& call, const http::Response& response, std::string_view advice) const;

  SessionConfig config_;
  http::Url endpoint_;
  RandomSource& random_;
  State state_ = State::asking;

  std::optional<http::Url> session_url_;
  std::string etag_;    ///< As it came; empty: none.
  std::string answer_;  ///< The last one, restarts included.
  std::string ufrag_;   ///< Ours, of the current generation.
  std::string pwd_;
  std::string offer_;                  ///< To know which candidates the server has from it.
  std::vector<Candidate> candidates_;  ///< That wait to be sent.
  std::size_t candidates_taken_ = 0;   ///< Of this generation.
  bool trickle_stopped_ = false;       ///< For this session.
  bool no_trickle_ = false;            ///< Remembered of this server.
  bool no_restart_ = false;

  std::vector<IceServer> ice_servers_;
  std::vector<Call> calls_;
  std::uint32_t last_id_ = 0;
  bool was_answered_ = false;  ///< Ever: what the server refuses then may pass.
  unsigned failures_ = 0;      ///< Sessions that came to nothing, in a row.
  std::optional<TimePoint> connected_at_;
  std::optional<TimePoint> begin_at_;
  std::optional<TimePoint> close_at_;
  RingQueue<Action> actions_;
  RingQueue<Event> events_;
};

}  // namespace petrel::inline v0::whip
