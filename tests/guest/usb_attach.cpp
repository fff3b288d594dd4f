// Plugs a USB device that speaks USB/IP into this kernel: usb_attach HUB ADDRESS PORT, where HUB is the
// vhci_hcd's folder in sysfs. What the package usbip does by a daemon and libraries.

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const int connection = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[3])));
  if (inet_pton(AF_INET, argv[2], &address.sin_addr) != 1 ||
      connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    std::perror("usb_attach: connect");
    return 1;
  }
  // Port of the hub, socket, device number, speed (3: high). The kernel keeps the socket.
  std::FILE* attach = std::fopen((std::string(argv[1]) + "/attach").c_str(), "w");
  if (attach == nullptr || std::fprintf(attach, "0 %d 65538 3", connection) < 0 || std::fclose(attach) != 0) {
    std::perror("usb_attach: vhci_hcd");
    return 1;
  }
  return 0;
}
