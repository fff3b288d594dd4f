#pragma once

namespace petrel::bench {

/// What is left of this machine when nothing but the cipher and the system calls is done: packets as long as
/// ours are sealed by AES-128-GCM, sent by UDP_SEGMENT on loopback, received by UDP_GRO and opened, with a
/// thread for each end. In MB/s of what such a packet carries of a message; 0 where the system can do none of
/// it.
double limit_MBps(double seconds);

}  // namespace petrel::bench
