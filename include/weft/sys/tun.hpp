// SPDX-License-Identifier: Apache-2.0
// A multi-queue TUN device (IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE), non-blocking,
// gone when its last queue closes, wherever that is open. One queue belongs to one worker. Kernel:
// drivers/net/tun.c.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <sys/uio.h>

#include <weft/base/bytes.hpp>
#include <weft/base/result.hpp>
#include <weft/base/unique_fd.hpp>
#include <weft/sys/io_result.hpp>
#include <weft/sys/tun_offload.hpp>

namespace weft::sys {

/// One descriptor of the device.
class TunQueue {
  public:
    explicit TunQueue(UniqueFd fd) : fd_(std::move(fd)) {}

    [[nodiscard]] int fd() const { return fd_.get(); }
    /// Reads one vnet header and packet (or super-packet). `buffer` of kTunReadMax never truncates.
    IoResult read(Bytes buffer) const;
    /// Writes one packet; parts[0] starts with the vnet header.
    IoResult write(std::span<const iovec> parts) const;

  private:
    UniqueFd fd_;
};

inline constexpr std::size_t kTunReadMax = kVnetHeaderSize + 65535;

class Tun {
  public:
    /// Creates the device with `queues` queues. `wish`: tun_tso and tun_uso to try; what the kernel
    /// takes is in offloads() (the mask is the device's, equal for every queue).
    /// Errors: no /dev/net/tun, no CAP_NET_ADMIN, the name taken (each with its remedy).
    static Result<Tun> create(const std::string& name, unsigned queues, const Offloads& wish);
    /// The device as an earlier process of ours has left it, with its addresses, routes and the
    /// packets that wait: `kept` are its queues. Errors: it is another than create() would make.
    static Result<Tun> adopt(std::vector<UniqueFd> kept,
                             const std::string& name,
                             unsigned queues,
                             const Offloads& wish);

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] unsigned ifindex() const { return ifindex_; }
    [[nodiscard]] bool tso() const { return tso_; }
    [[nodiscard]] bool uso() const { return uso_; }
    [[nodiscard]] std::vector<TunQueue>& queues() { return queues_; }

  private:
    Result<> set_up(const Offloads& wish);

    std::string name_;
    unsigned ifindex_ = 0;
    bool tso_ = false;
    bool uso_ = false;
    std::vector<TunQueue> queues_;
};

}  // namespace weft::sys
