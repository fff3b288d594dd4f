#include "limit.hpp"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <openssl/evp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

namespace petrel::bench {
namespace {

// An UDP payload of 1200 bytes, as petrel makes them: a DTLS record (RFC 6347 4.1, RFC 5288 3) of one SCTP
// packet with one I-DATA chunk (RFC 9260 3.1, RFC 8260 2.1).
constexpr std::size_t datagram = 1200;
constexpr std::size_t nonce_size = 8;
constexpr std::size_t tag_size = 16;
constexpr std::size_t record_header = 13;
constexpr std::size_t plaintext = datagram - record_header - nonce_size - tag_size;
constexpr std::size_t message_bytes = (plaintext - 12 - 20) & ~std::size_t{3};
constexpr std::size_t run = 54;  // Datagrams of one call: what fits 64 KiB.

constexpr std::array<unsigned char, 16> key{1, 2, 3};

struct Free {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, Free>;

class Socket {
 public:
  Socket() : handle_(::socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in local{};
    local.sin_family = AF_INET;
    local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    constexpr int buffer = 4 << 20;
    ::setsockopt(handle_, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    ::setsockopt(handle_, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    ::bind(handle_, reinterpret_cast<sockaddr*>(&local), sizeof local);
  }
  ~Socket() { ::close(handle_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  bool connect(const Socket& to) const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    return ::getsockname(to.handle_, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
           ::connect(handle_, reinterpret_cast<sockaddr*>(&address), size) == 0;
  }
  bool set(int level, int option, int value) const {
    return ::setsockopt(handle_, level, option, &value, sizeof value) == 0;
  }
  int handle() const { return handle_; }

 private:
  int handle_;
};

void seal(EVP_CIPHER_CTX& cipher, std::uint64_t number, const unsigned char* in, unsigned char* out) {
  std::array<unsigned char, 12> nonce{};
  std::memcpy(nonce.data() + 4, &number, sizeof number);
  unsigned char* const body = out + record_header + nonce_size;
  int size = 0;
  EVP_EncryptInit_ex(&cipher, nullptr, nullptr, nullptr, nonce.data());
  EVP_EncryptUpdate(&cipher, nullptr, &size, out, static_cast<int>(record_header));
  EVP_EncryptUpdate(&cipher, body, &size, in, static_cast<int>(plaintext));
  EVP_EncryptFinal_ex(&cipher, body + size, &size);
  EVP_CIPHER_CTX_ctrl(&cipher, EVP_CTRL_GCM_GET_TAG, static_cast<int>(tag_size), body + plaintext);
  std::memcpy(out + record_header, nonce.data() + 4, nonce_size);
}

bool open(EVP_CIPHER_CTX& cipher, unsigned char* in, unsigned char* out) {
  std::array<unsigned char, 12> nonce{};
  std::memcpy(nonce.data() + 4, in + record_header, nonce_size);
  unsigned char* const body = in + record_header + nonce_size;
  int size = 0;
  EVP_DecryptInit_ex(&cipher, nullptr, nullptr, nullptr, nonce.data());
  EVP_DecryptUpdate(&cipher, nullptr, &size, in, static_cast<int>(record_header));
  EVP_DecryptUpdate(&cipher, out, &size, body, static_cast<int>(plaintext));
  EVP_CIPHER_CTX_ctrl(&cipher, EVP_CTRL_GCM_SET_TAG, static_cast<int>(tag_size), body + plaintext);
  return EVP_DecryptFinal_ex(&cipher, out + size, &size) == 1;
}

void send_all(const Socket& socket, const std::atomic<bool>& running) {
  const Cipher cipher(EVP_CIPHER_CTX_new());
  EVP_EncryptInit_ex(cipher.get(), EVP_aes_128_gcm(), nullptr, key.data(), nullptr);
  const std::vector<unsigned char> message(plaintext, 7);
  std::vector<unsigned char> packets(run * datagram);
  std::uint64_t number = 0;
  while (running) {
    for (std::size_t i = 0; i < run; ++i)
      seal(*cipher, number++, message.data(), packets.data() + i * datagram);
    ::send(socket.handle(), packets.data(), packets.size(), 0);
  }
}

// How many datagrams came and were opened.
void receive_all(const Socket& socket, const std::atomic<bool>& running,
                 std::atomic<std::uint64_t>& received) {
  const Cipher cipher(EVP_CIPHER_CTX_new());
  EVP_DecryptInit_ex(cipher.get(), EVP_aes_128_gcm(), nullptr, key.data(), nullptr);
  std::vector<unsigned char> packets(std::size_t{1} << 16);
  std::vector<unsigned char> message(plaintext + tag_size);
  while (running) {
    const auto size = ::recv(socket.handle(), packets.data(), packets.size(), 0);
    for (std::size_t at = 0; size > 0 && at + datagram <= static_cast<std::size_t>(size); at += datagram) {
      if (open(*cipher, packets.data() + at, message.data())) ++received;
    }
  }
}

}  // namespace

double limit_MBps(double seconds) {
  const Socket from, to;
  const timeval patience{0, 100'000};  // So that the receiver sees the end.
  ::setsockopt(to.handle(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (!from.connect(to) || !from.set(IPPROTO_UDP, UDP_SEGMENT, static_cast<int>(datagram)) ||
      !to.set(IPPROTO_UDP, UDP_GRO, 1)) {
    return 0;
  }
  std::atomic<bool> running = true;
  std::atomic<std::uint64_t> received = 0;
  std::thread receiver([&] { receive_all(to, running, received); });
  std::thread sender([&] { send_all(from, running); });
  const auto begun = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  const std::uint64_t count = received;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  running = false;
  sender.join();
  receiver.join();
  return static_cast<double>(count * message_bytes) / 1e6 / took.count();
}

}  // namespace petrel::bench
