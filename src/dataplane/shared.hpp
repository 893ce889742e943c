// SPDX-License-Identifier: Apache-2.0
// What the workers and the handshake lane of one engine have in common: published snapshots, the
// lane's mailbox, offload switches, drop counters. Everything here is immutable, atomic or locked.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include <weft/crypto/aead.hpp>
#include <weft/net/drop_reason.hpp>
#include <weft/sys/gossip_relay.hpp>
#include <weft/sys/wake_fd.hpp>
#include <weft/sys/work_sharing.hpp>
#include <weft/wg/index_table.hpp>
#include <weft/wg/peer.hpp>
#include <weft/wg/routes.hpp>

#include "loop_guard.hpp"
#include "qsbr.hpp"

namespace weft::dataplane {

/// Counts of one thread, read by others at leisure.
class DropCounters {
  public:
    void add(net::DropReason reason, std::uint64_t count = 1) {
        auto& cell = cells_[static_cast<std::size_t>(reason)];
        cell.store(cell.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t get(std::size_t reason) const {
        return cells_[reason].load(std::memory_order_relaxed);
    }

  private:
    std::array<std::atomic<std::uint64_t>, net::kDropReasonCount> cells_{};
};

/// workers -> lane: peers with requests, as a lock-free list linked through Peer::next_requested
/// (a peer is on it at most once), and handshakes that came to a worker's socket.
class LaneMailbox {
  public:
    struct Handshake {
        ByteArray<wg::kHandshakeMessageMax> bytes{};
        std::uint8_t size = 0;
        net::Path path;
    };
    /// Only where steering failed do handshakes come this way.
    static constexpr std::size_t kHandedOnMax = 512;

    void request(wg::Peer& peer, wg::PeerRequest what) {
        if (!peer.request(what)) {
            return;
        }
        wg::Peer* head = requested_.load(std::memory_order_relaxed);
        do {
            peer.next_requested = head;
        } while (!requested_.compare_exchange_weak(head, &peer, std::memory_order_acq_rel));
        wake.wake();
    }
    /// The lane takes the whole list; it reads next_requested before take_requests().
    [[nodiscard]] wg::Peer* take_requested() {
        return requested_.exchange(nullptr, std::memory_order_acq_rel);
    }

    /// False if full or busy: the handshake is lost, as on any lossy network.
    [[nodiscard]] bool hand_on(ConstBytes datagram, const net::Path& path);
    [[nodiscard]] std::vector<Handshake> take_handed_on();

    sys::WakeFd wake;

  private:
    std::atomic<wg::Peer*> requested_{nullptr};
    struct Guarded {
        std::mutex mutex;
        std::vector<Handshake> handshakes;
    };
    Guarded handed_on_;
};

/// Offloads in use. Starts as probed; a worker that meets a refusal switches one off for all.
struct OffloadSwitches {
    std::atomic<bool> tun_tso{false};
    std::atomic<bool> tun_uso{false};
    std::atomic<bool> udp_gso{false};
    std::atomic<bool> udp_gro{false};
};

struct Shared {
    Shared(const crypto::AeadKernels& aead, const wg::IndexTable& index_table, std::size_t workers)
        : kernels(aead), indices(index_table), sharing(workers), qsbr(workers) {}

    /// By a worker, which is online in qsbr: others may do parts of it.
    void seal(std::size_t worker, std::span<const crypto::SealJob> jobs);
    void open(std::size_t worker, std::span<crypto::OpenJob> jobs);

    const crypto::AeadKernels& kernels;
    const wg::IndexTable& indices;
    std::uint32_t mtu = 0;
    std::uint16_t listen_port = 0;  // changes while the threads are stopped
    net::IpAddress icmp_source6;    // likewise
    bool steered = true;
    OffloadSwitches offloads;
    LaneMailbox lane;
    sys::GossipRelay gossip;
    LoopGuard loop_guard;
    sys::WorkSharing sharing;
    Qsbr qsbr;
    /// Set when the TUN has vanished.
    std::atomic<bool> interface_lost{false};

    /// Release by the engine (publish_routes), acquire here; retired through qsbr.
    std::atomic<const wg::RouteTable*> routes{nullptr};

    [[nodiscard]] const wg::RouteTable& route_table() const {
        return *routes.load(std::memory_order_acquire);
    }
};

}  // namespace weft::dataplane
