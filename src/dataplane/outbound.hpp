// SPDX-License-Identifier: Apache-2.0
// TUN to UDP, one worker's half. outbound.cpp lists the stages.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include <weft/base/clock.hpp>
#include <weft/sys/tun.hpp>
#include <weft/sys/udp_group.hpp>

#include "icmp_error.hpp"
#include "path_limits.hpp"
#include "shared.hpp"
#include "super_packet.hpp"
#include "train.hpp"

namespace weft::dataplane {

/// Owned and called by one worker, online in Shared::qsbr for the length of each call.
class Outbound {
  public:
    Outbound(Shared& shared,
             std::size_t worker,
             const sys::TunQueue& tun,
             const sys::UdpPair& udp,
             DropCounters& drops);

    /// Stages 1–6 until the TUN queue is empty or the budget is spent. True if there was work.
    bool run(Time now);
    /// What waited for a session goes out; with nothing waiting, perhaps a keepalive.
    void flush_staged(wg::Peer& peer, bool keepalive_if_empty, Time now);

  private:
    static constexpr std::size_t kReadsPerRun = 128;
    static constexpr std::size_t kJobsMax = 64;
    static constexpr std::size_t kArenaBytes = 4 * sys::kTunReadMax;

    /// A message whose place and header are ready, before its payload is known to a seal job.
    struct Message {
        const wg::Session& session;
        std::uint64_t nonce;
        std::byte* at;
        std::uint32_t pad;
    };

    void take(Bytes read, Time now);
    [[nodiscard]] wg::Peer* route(const SuperPacket& super, Time now);
    [[nodiscard]] net::IpAddress answer_source(const net::IpView& ip) const;
    void answer_unreachable(const SuperPacket& super, Time now);
    void answer_sender(Bytes answer, std::size_t size, Time now);
    [[nodiscard]] bool goes_round(const SuperPacket& super, const wg::Peer& peer, Time now);
    [[nodiscard]] bool fits(const SuperPacket& super, const wg::Peer& peer, Time now);
    void submit(const SuperPacket& super, ConstBytes read, wg::Peer& peer, Time now);
    void stage(ConstBytes read, const SuperPacket& super, wg::Peer& peer, Time now);
    [[nodiscard]] Message begin_message(const wg::Session& session,
                                        std::uint64_t nonce,
                                        std::size_t size,
                                        std::uint8_t ecn);
    void add_job(const Message& message, SuperPacket::Segment segment);
    [[nodiscard]] TrainSlot place(wg::Peer& peer, std::size_t size, std::uint8_t ecn);
    void note_sent(wg::Session& session, bool is_data, Time now);
    void seal_jobs();
    void send_all();
    void send(Train& train);
    [[nodiscard]] bool send_whole(const Train& train, const net::Path& path);
    void send_singly(const Train& train, const net::Path& path);
    void note_refused(const wg::Peer& peer, std::size_t size, sys::IoResult sent);
    [[nodiscard]] sys::IoResult send_once(const sys::OutgoingTrain& train,
                                          wg::Peer& peer,
                                          const net::Path& path);

    Shared& shared_;
    std::size_t worker_;
    const sys::TunQueue& tun_;
    const sys::UdpPair& udp_;
    DropCounters& drops_;

    std::unique_ptr<std::byte[]> arena_;  // TUN reads whose payloads the jobs still point to
    std::size_t arena_used_ = 0;
    std::array<crypto::SealJob, kJobsMax> jobs_;
    std::array<SuperPacket::Scratch, kJobsMax> heads_;
    std::size_t job_count_ = 0;
    TrainYard yard_;
    IcmpBudget icmp_budget_;
    PathLimits path_limits_;
    Time round_{};          // when it began
    bool may_wait_ = true;  // for room in a socket, until a wait was in vain in this round
};

}  // namespace weft::dataplane
