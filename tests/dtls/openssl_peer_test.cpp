// Connections with a peer that is OpenSSL from the first packet to the last, so that our records are read by
// somebody else than ourselves.

#include <gtest/gtest.h>
#include <openssl/pem.h>

#include <string>
#include <tuple>

#include "dtls/datagram_bio.hpp"
#include "dtls/handshake_bench.hpp"

namespace petrel::inline v0::dtls {
namespace {

using namespace std::chrono_literals;

int accept_any(int, X509_STORE_CTX*) { return 1; }

class OpenSslPeer {
 public:
  OpenSslPeer(Role role, const char* ciphers)
      : certificate_(new_certificate()), context_(SSL_CTX_new(DTLS_method())) {
    const std::string certificate_text = certificate_.certificate_pem();
    const std::string key_text = certificate_.private_key_pem();
    const BioHandle certificate(
        BIO_new_mem_buf(certificate_text.data(), static_cast<int>(certificate_text.size())));
    const BioHandle key(BIO_new_mem_buf(key_text.data(), static_cast<int>(key_text.size())));
    const X509Handle x509(PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr));
    const KeyHandle pkey(PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr));
    SSL_CTX_set_cipher_list(context_.get(), ciphers);
    SSL_CTX_use_certificate(context_.get(), x509.get());
    SSL_CTX_use_PrivateKey(context_.get(), pkey.get());
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, accept_any);
    SSL_CTX_set_options(context_.get(), SSL_OP_NO_QUERY_MTU);
    ssl_.reset(SSL_new(context_.get()));
    BIO* bio = make_datagram_bio(port).release();
    SSL_set_bio(ssl_.get(), bio, bio);
    DTLS_set_link_mtu(ssl_.get(), 1200);
    role == Role::client ? SSL_set_connect_state(ssl_.get()) : SSL_set_accept_state(ssl_.get());
  }

  Fingerprint fingerprint() const { return certificate_.fingerprint(); }
  ssl_st* ssl() { return ssl_.get(); }
  // Whether it is connected.
  bool go_on() { return SSL_do_handshake(ssl_.get()) == 1; }
  bool send(std::string_view text) {
    return SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())) > 0;
  }
  std::string receive() {
    std::array<char, 2048> text{};
    const int size = SSL_read(ssl_.get(), text.data(), static_cast<int>(text.size()));
    return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : std::string();
  }

  PacketPort port;

 private:
  Certificate certificate_;
  ContextHandle context_;
  SslHandle ssl_;
};

class WithOpenSsl : public ::testing::TestWithParam<std::tuple<Role, const char*>> {
 protected:
  WithOpenSsl()
      : theirs(opposite(), std::get<1>(GetParam())),
        ours({}, std::get<0>(GetParam()), certificate, config()) {
    ours.set_remote_fingerprints({}, {theirs.fingerprint()});
    if (opposite() == Role::client) theirs.go_on();
    for (int turn = 0; turn < 10 && !(ours.connected() && SSL_is_init_finished(theirs.ssl()) == 1); ++turn)
      exchange();
    take_events();
  }
  static Role opposite() { return std::get<0>(GetParam()) == Role::client ? Role::server : Role::client; }
  static ConnectionConfig config() {
    ConnectionConfig config;
    config.srtp_required = false;
    return config;
  }
  void exchange() {
    while (auto packet = ours.poll_packet()) {
      theirs.port.incoming = packet->bytes();
      if (SSL_is_init_finished(theirs.ssl()) != 1) {
        theirs.go_on();
      } else if (auto text = theirs.receive(); !text.empty()) {
        heard.push_back(std::move(text));
      }
      theirs.port.incoming = {};
    }
    while (auto packet = theirs.port.outgoing.take()) ours.handle_packet({}, packet->bytes());
  }
  void take_events() {
    while (auto event = ours.poll_event()) diary.events.push_back(std::move(*event));
  }

  testing::SeededOpenSsl openssl{1};
  Certificate certificate = new_certificate();
  OpenSslPeer theirs;
  Connection ours;
  Diary diary;
  std::vector<std::string> heard;
};

TEST_P(WithOpenSsl, RecordsGoBothWays) {
  ASSERT_TRUE(diary.connected());
  EXPECT_EQ(ours.cipher(), std::get<1>(GetParam()));
  const std::string most(ours.max_payload(), 'm');
  for (const std::string& text : {std::string("hello"), most, std::string("x")}) {
    ASSERT_TRUE(ours.send({}, as_bytes(text)));
    ASSERT_TRUE(theirs.send(text));
    exchange();
  }
  take_events();
  EXPECT_EQ(heard, (std::vector<std::string>{"hello", most, "x"}));
  EXPECT_EQ(diary.texts(), heard);
}

TEST_P(WithOpenSsl, ItsGoodbyeIsAnswered) {
  SSL_shutdown(theirs.ssl());
  exchange();
  exchange();
  take_events();
  EXPECT_TRUE(diary.peer_closed());
  EXPECT_EQ(SSL_get_shutdown(theirs.ssl()), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

TEST_P(WithOpenSsl, OurGoodbyeIsUnderstood) {
  ours.close({});
  exchange();
  EXPECT_NE(SSL_get_shutdown(theirs.ssl()) & SSL_RECEIVED_SHUTDOWN, 0);
}

// What came in one packet with the end of the handshake was read by OpenSSL, and is not read again.
TEST_P(WithOpenSsl, ARepeatedPacketIsReadOnce) {
  ASSERT_TRUE(theirs.send("once"));
  const auto packet = theirs.port.outgoing.take();
  ASSERT_TRUE(packet);
  ours.handle_packet({}, packet->bytes());
  ours.handle_packet({}, packet->bytes());
  take_events();
  EXPECT_EQ(diary.texts(), std::vector<std::string>{"once"});
}

INSTANTIATE_TEST_SUITE_P(, WithOpenSsl,
                         ::testing::Combine(::testing::Values(Role::client, Role::server),
                                            ::testing::Values("ECDHE-ECDSA-AES128-GCM-SHA256",
                                                              "ECDHE-ECDSA-CHACHA20-POLY1305",
                                                              "ECDHE-ECDSA-AES256-GCM-SHA384")));

}  // namespace
}  // namespace petrel::inline v0::dtls
