// SPDX-License-Identifier: Apache-2.0
// The packet engine: TUN queues, UDP sockets, workers and the handshake lane around one wg::Device.
//
// Owns      the Tun, the UdpGroup, N worker threads, the lane's thread, the Device.
// Threading create, start, stop, change and the read functions: the control thread. Workers never
// wait for it. Limits    wg/constants.hpp; sys::kTrain*. Counters  drops by reason, per peer in
// wg::Peer.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <weft/base/random.hpp>
#include <weft/base/result.hpp>
#include <weft/crypto/aead.hpp>
#include <weft/net/drop_reason.hpp>
#include <weft/sys/gossip_relay.hpp>
#include <weft/sys/tun.hpp>
#include <weft/sys/udp_group.hpp>
#include <weft/wg/device.hpp>

namespace weft::dataplane {

struct EngineConfig {
    std::uint32_t mtu = 1420;  // inner
    std::uint32_t fwmark = 0;  // of the sockets
    sys::Offloads offloads;    // wished
    const crypto::AeadKernels* kernels = nullptr;
    /// ICMPv6 answers to inner senders come from here; unspecified: there are none. IPv4's come
    /// from whom they called, since packets with a source of the node's own would be dropped.
    net::IpAddress icmp_source6 = net::IpAddress::unspecified(net::Family::kIpv6);
};

using DropCounts = std::array<std::uint64_t, net::kDropReasonCount>;

class Engine {
  public:
    /// A worker for each pair of sockets and queue: `udp` has as many as `tun`, 1..wg::kWorkersMax.
    /// `random` outlives the engine and is only used under the device's lock.
    Engine(const EngineConfig& config, sys::Tun tun, sys::UdpGroup udp, RandomSource& random);
    /// Starts the threads, once: until then packets wait in the kernel, and the device can be made
    /// ready for them.
    void start();
    /// Stops and joins every thread, then closes sockets and interface.
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    /// Runs `edit` on the device, alone, and carries out its actions. Packets see all of its
    /// changes to prefixes at once. The only way to the device. An edit that throws ends the
    /// program: half a change may have unpublished what workers hold.
    void change(const std::function<void(wg::Device&, wg::Now, wg::Actions&)>& edit) noexcept;

    /// Moves to another port or mark; sessions stay. On error the old sockets go on.
    Result<> rebind(std::uint16_t port, std::uint32_t fwmark);

    /// As of EngineConfig; workers stop for a moment, unless it is that already.
    void set_icmp_source6(const net::IpAddress& source);

    /// The control thread's own, to read; not valid where steering failed. After rebind() these are
    /// others: register again. What came to a worker instead is in gossip_relay().
    [[nodiscard]] const sys::UdpPair& gossip_sockets() const;
    [[nodiscard]] const sys::UdpGroup& sockets() const;
    [[nodiscard]] const sys::GossipRelay& gossip_relay() const;
    /// To send on: gossip's, else workers' own.
    [[nodiscard]] const sys::UdpPair& gossip_way_out() const;

    [[nodiscard]] unsigned ifindex() const;
    [[nodiscard]] const std::string& interface() const;
    [[nodiscard]] std::uint16_t listen_port() const;
    [[nodiscard]] std::uint32_t fwmark() const;
    [[nodiscard]] unsigned workers() const;
    /// Batches that more than one worker sealed or opened, since the cipher is what limits a flow
    /// here (sys/work_sharing.hpp).
    [[nodiscard]] std::uint64_t shared_batches() const;
    /// What is in use now; an offload that failed at run time is off.
    [[nodiscard]] sys::Offloads offloads() const;
    [[nodiscard]] DropCounts drops() const;
    /// Set when the interface vanished under us: the daemon must end. Polled by control.
    [[nodiscard]] bool interface_lost() const;
    /// Every thread has been at the top of its loop since the last call that was true.
    [[nodiscard]] bool has_gone_round();

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace weft::dataplane
