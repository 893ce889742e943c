// SPDX-License-Identifier: Apache-2.0
// The packet's way in. Thread: its worker; every stage is serial within it, workers run in
// parallel.
//
//   1  receive   a train from UDP (GRO: equal-sized datagrams in one buffer)
//   2  classify  exact type and length; what is the lane's or gossip's and came here goes there
//   3  find      receiver index -> session, all 32 bits compared
//   4  open      counters outside the window rejected; the rest opened in place, in batches
//   5  commit    good tag first, then its bit in the window: a replay ends here
//   6  roam      endpoint, timers, counters, once for a run of one session
//   7  check     inner length, ECN, inner source against the device-wide prefix table
//   8  write     neighbours of one flow merged to a super-packet, to this worker's TUN queue
//
// Design: src/README.md; window: wg/replay_window.hpp; kernel twin: wireguard/receive.c.
#include "inbound.hpp"

#include <algorithm>
#include <cerrno>

#include <weft/net/ip_view.hpp>
#include <weft/wg/messages.hpp>

namespace weft::dataplane {

namespace {
constexpr unsigned kMergeFailuresMax = 8;
}

Inbound::Inbound(Shared& shared,
                 std::size_t worker,
                 const sys::TunQueue& tun,
                 const sys::UdpPair& udp,
                 DropCounters& drops)
    : shared_(shared),
      worker_(worker),
      tun_(tun),
      udp_(udp),
      drops_(drops),
      buffer_(std::make_unique_for_overwrite<std::byte[]>(sys::kUdpReadMax)) {}

// ---- 1 receive ------------------------------------------------------------------------------

bool Inbound::run(Time now) {
    bool worked = false;
    for (const sys::UdpSocket* socket : {&udp_.v4, &udp_.v6}) {
        std::size_t trains = 0;
        while (socket->valid() && trains < kTrainsPerRun && receive(*socket, now)) {
            trains += 1;
        }
        worked |= trains != 0;
    }
    return worked;
}

bool Inbound::receive(const sys::UdpSocket& socket, Time now) {
    sys::ReceivedTrain train;
    const sys::IoResult got = socket.receive({buffer_.get(), sys::kUdpReadMax}, train);
    if (!got.ok()) {
        if (!got.would_block()) {
            drops_.add(net::DropReason::kReceiveFailed);
        }
        return false;
    }
    if (train.truncated) {
        drops_.add(net::DropReason::kTruncated);
    } else {
        on_train(train, now);
    }
    return true;
}

void Inbound::on_train(const sys::ReceivedTrain& train, Time now) {
    Bytes rest{buffer_.get(), train.size};
    do {
        const Bytes datagram = rest.first(std::min(train.segment, rest.size()));
        rest = rest.subspan(datagram.size());
        classify(datagram, train, now);
        if (batch_ == kBatchMax) {
            process_batch(train, now);
        }
    } while (!rest.empty());
    process_batch(train, now);
    write_run();
}

// ---- 2 classify, 3 find ---------------------------------------------------------------------

void Inbound::classify(Bytes datagram, const sys::ReceivedTrain& train, Time now) {
    const auto type = wg::classify(datagram);
    if (type != wg::MessageType::kData) {
        if (!type) {
            if (!shared_.gossip.post(train.path.remote, datagram)) {
                drops_.add(net::DropReason::kUnknownType);
            }
        } else if (!shared_.lane.hand_on(datagram, train.path)) {
            drops_.add(net::DropReason::kLaneOverflow);
        }
        return;
    }
    wg::Session* session = shared_.indices.find(wg::receiver_of_data(datagram));
    if (session == nullptr) {
        drops_.add(net::DropReason::kUnknownIndex);
        return;
    }
    if (!session->may_receive(now)) {
        drops_.add(net::DropReason::kSessionExpired);
        return;
    }
    jobs_[batch_] = {.key = &session->receive_key(),
                     .nonce = wg::counter_of_data(datagram),
                     .sealed = datagram.subspan(wg::kDataHeaderSize)};
    sessions_[batch_] = session;
    batch_ += 1;
}

// ---- 4 open ---------------------------------------------------------------------------------

void Inbound::process_batch(const sys::ReceivedTrain& train, Time now) {
    reject_seen();
    shared_.open(worker_, {jobs_.data(), batch_});
    commit(train, now);
    batch_ = 0;
}

/// Spares the opening of what could not be accepted; the window is asked again after the tag.
void Inbound::reject_seen() {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < batch_;) {
        wg::Session& session = *sessions_[i];
        const std::scoped_lock lock{session.receive_lock};
        for (; i < batch_ && sessions_[i] == &session; ++i) {
            if (session.window.may_accept(jobs_[i].nonce)) {
                jobs_[kept] = jobs_[i];
                sessions_[kept] = &session;
                kept += 1;
            }
        }
    }
    if (kept != batch_) {
        drops_.add(net::DropReason::kCounterRejected, batch_ - kept);
        batch_ = kept;
    }
}

// ---- 5 commit -------------------------------------------------------------------------------

void Inbound::commit(const sys::ReceivedTrain& train, Time now) {
    for (std::size_t start = 0; start < batch_;) {
        wg::Session& session = *sessions_[start];
        const Run run = commit_run(start);
        if (run.packets != 0) {
            session.peer().counters.rx_bytes.fetch_add(run.bytes, std::memory_order_relaxed);
            session.peer().counters.rx_packets.fetch_add(run.packets, std::memory_order_relaxed);
            if (run.missing != 0) {
                session.peer().counters.rx_missing.fetch_add(run.missing,
                                                             std::memory_order_relaxed);
            }
            note_received(session, train, run.any_data, now);
        }
        for (; start < run.end; ++start) {
            const crypto::OpenJob& job = jobs_[start];
            if (job.ok) {
                deliver(job.sealed.first(job.sealed.size() - crypto::kTagSize),
                        session.peer(),
                        train.traffic_class);
            }
        }
    }
}

/// The jobs from `start` that have one session: clears `ok` of what its window has seen.
Inbound::Run Inbound::commit_run(std::size_t start) {
    wg::Session& session = *sessions_[start];
    const std::scoped_lock lock{session.receive_lock};
    const std::uint64_t next = session.window.next();
    Run run{.end = start};
    for (; run.end < batch_ && sessions_[run.end] == &session; ++run.end) {
        crypto::OpenJob& job = jobs_[run.end];
        if (!job.ok) {
            drops_.add(net::DropReason::kAuthFailed);
            continue;
        }
        job.ok = session.window.commit(job.nonce);
        if (!job.ok) {
            drops_.add(net::DropReason::kCounterRejected);
            continue;
        }
        run.bytes += wg::kDataHeaderSize + job.sealed.size();
        run.packets += 1;
        run.any_data |= job.sealed.size() > crypto::kTagSize;
    }
    run.missing = session.window.next() - next - run.packets;
    return run;
}

// ---- 6 roam ---------------------------------------------------------------------------------

void Inbound::note_received(wg::Session& session,
                            const sys::ReceivedTrain& train,
                            bool any_data,
                            Time now) {
    wg::Peer& peer = session.peer();
    peer.roam(train.path);
    wg::Session* current = peer.current();
    if (session.confirm()) {
        peer.succeed(current, session);  // at once: a peer that started anew has no other session
        shared_.lane.request(peer, wg::PeerRequest::kConfirm);
        current = peer.current();
    }
    peer.timers.on_authenticated_received(now);
    if (any_data) {
        peer.timers.on_data_received(now);
    }
    // Asked of the session that sends: a late packet on an older one says nothing about its age.
    if (current != nullptr && current->wants_rekey_after_receive(now)) {
        shared_.lane.request(peer, wg::PeerRequest::kHandshake);
    }
}

// ---- 7 check --------------------------------------------------------------------------------

void Inbound::deliver(Bytes plaintext, const wg::Peer& peer, std::uint8_t outer_traffic_class) {
    if (plaintext.empty()) {
        return;  // a keepalive
    }
    const auto ip = net::IpView::parse(plaintext);
    if (!ip) {
        drops_.add(net::DropReason::kInnerMalformed);
        return;
    }
    const wg::RouteTable& routes = shared_.route_table();
    const wg::Peer* owner =
        ip->is_v4() ? routes.find_v4(ip->source_bytes()) : routes.find_v6(ip->source_bytes());
    if (owner != &peer) {
        drops_.add(net::DropReason::kWrongSource);
        return;
    }
    const Bytes packet = plaintext.first(ip->total_size());
    net::decapsulate_ecn(outer_traffic_class, packet, ip->is_v4());
    const Merger::Allowed allowed{.tcp = shared_.offloads.tun_tso.load(std::memory_order_relaxed),
                                  .udp = shared_.offloads.tun_uso.load(std::memory_order_relaxed)};
    if (!merger_.try_append(packet, *ip, allowed)) {
        write_run();
        merger_.start(packet, *ip, allowed);
    }
}

// ---- 8 write --------------------------------------------------------------------------------

void Inbound::write_run() {
    if (merger_.empty()) {
        return;
    }
    const sys::IoResult written = tun_.write(merger_.finish());
    if (!written.ok()) {
        const bool merged = merger_.packets() > 1;
        if (merged && written.error == EINVAL) {
            write_singly();
        } else {
            drops_.add(net::DropReason::kTunWriteFailed, merger_.packets());
        }
    }
    merger_.clear();
}

/// This kernel does not take the super-packet: its packets one by one, and after repeats no more
/// merging.
void Inbound::write_singly() {
    if (++merge_failures_ >= kMergeFailuresMax) {
        shared_.offloads.tun_uso.store(false, std::memory_order_relaxed);
        shared_.offloads.tun_tso.store(false, std::memory_order_relaxed);
    }
    for (std::size_t i = 0; i < merger_.packets(); ++i) {
        if (!tun_.write(merger_.single(i)).ok()) {
            drops_.add(net::DropReason::kTunWriteFailed);
        }
    }
}

}  // namespace weft::dataplane
