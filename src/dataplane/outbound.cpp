// SPDX-License-Identifier: Apache-2.0
// The packet's way out. Thread: its worker; every stage is serial within it, workers run in
// parallel.
//
//   1  read      the TUN queue until empty or a budget is spent: packets and super-packets
//   2  route     inner destination -> peer -> current session; none: stage it, ask the lane. Too
//                large for the peer's path, or our own message going round: it ends here
//   3  number    as many nonces as segments in one atomic add
//   4  message   per segment: patched header in scratch, place in the peer's train, a seal job
//   5  seal      the jobs in batches, from header and payload straight into the trains
//   6  send      each train as one UDP GSO datagram; singly where the kernel refuses
//
// Design: src/README.md; wire format and limits: wg/messages.hpp; kernel twin: wireguard/send.c.
#include "outbound.hpp"

#include <algorithm>
#include <cerrno>

#include <poll.h>

#include <weft/wg/messages.hpp>

namespace weft::dataplane {

namespace {

constexpr int kSendWaitMs = 5;  // for room in a full socket buffer, before the train is dropped

/// The largest inner packet whose message, padded, is one datagram.
constexpr std::size_t kInnerMax =
    sys::kTrainBytesMax - wg::kDataOverhead - (wg::kPaddingMultiple - 1);
constexpr std::uint32_t kIpv6MinimumMtu = 1280;  // RFC 8200 5

/// Outer ECN for an inner packet: its own, but CE becomes ECT(0) (kernel INET_ECN_encapsulate).
std::uint8_t outer_ecn(const net::IpView& ip) {
    const auto ecn = static_cast<std::uint8_t>(ip.traffic_class() & 3U);
    return ecn == 3 ? std::uint8_t{2} : ecn;
}

}  // namespace

Outbound::Outbound(Shared& shared,
                   std::size_t worker,
                   const sys::TunQueue& tun,
                   const sys::UdpPair& udp,
                   DropCounters& drops)
    : shared_(shared),
      worker_(worker),
      tun_(tun),
      udp_(udp),
      drops_(drops),
      arena_(std::make_unique_for_overwrite<std::byte[]>(kArenaBytes)) {}

// ---- 1 read ---------------------------------------------------------------------------------

bool Outbound::run(Time now) {
    bool worked = false;
    may_wait_ = true;
    round_ = now;
    for (std::size_t reads = 0; reads < kReadsPerRun; ++reads) {
        if (arena_used_ + sys::kTunReadMax > kArenaBytes) {
            seal_jobs();
            arena_used_ = 0;
        }
        const Bytes room{arena_.get() + arena_used_, sys::kTunReadMax};
        const sys::IoResult got = tun_.read(room);
        if (!got.ok()) {
            if (got.error == EBADFD || got.error == EBADF) {
                shared_.interface_lost.store(true, std::memory_order_relaxed);
            } else if (!got.would_block()) {
                drops_.add(net::DropReason::kTunReadFailed);
            }
            break;
        }
        worked = true;
        const std::size_t end = arena_used_ + static_cast<std::size_t>(got.size);
        take(room.first(static_cast<std::size_t>(got.size)), now);
        // Sealing in the middle of a read leaves jobs that point into it.
        arena_used_ = job_count_ != 0 ? end : 0;
    }
    send_all();
    arena_used_ = 0;
    return worked;
}

// ---- 2 route --------------------------------------------------------------------------------

void Outbound::take(Bytes read, Time now) {
    const auto super = SuperPacket::parse(read);
    if (!super) {
        const std::size_t header = std::min(read.size(), sys::kVnetHeaderSize);
        const bool is_ip = net::IpView::parse(read.subspan(header)).has_value();
        drops_.add(is_ip ? net::DropReason::kOffloadMalformed : net::DropReason::kInnerMalformed);
        return;
    }
    wg::Peer* peer = route(*super, now);
    if (peer != nullptr && !goes_round(*super, *peer, now)) {
        submit(*super, read, *peer, now);
    }
}

wg::Peer* Outbound::route(const SuperPacket& super, Time now) {
    const wg::RouteTable& routes = shared_.route_table();
    const std::byte* destination = super.ip().destination_bytes();
    wg::Peer* peer = super.ip().is_v4() ? routes.find_v4(destination) : routes.find_v6(destination);
    if (peer != nullptr && peer->has_endpoint()) {
        return peer;
    }
    drops_.add(peer == nullptr ? net::DropReason::kNoRoute : net::DropReason::kNoEndpoint,
               super.segments());
    answer_unreachable(super, now);
    return nullptr;
}

/// Whom an ICMP answer is from: this node; but a packet from outside with an IPv4 source of this
/// node's own is a martian (RFC 1812 5.3.7) and dropped, so there it is who was called.
net::IpAddress Outbound::answer_source(const net::IpView& ip) const {
    return ip.is_v4() ? ip.destination() : shared_.icmp_source6;
}

void Outbound::answer_unreachable(const SuperPacket& super, Time now) {
    ByteArray<sys::kVnetHeaderSize + kIcmpMax> answer{};
    const net::IpAddress source = answer_source(super.ip());
    answer_sender(
        answer,
        build_icmp_unreachable(
            super.packet(), super.ip(), source, Bytes{answer}.subspan(sys::kVnetHeaderSize)),
        now);
}

/// Writes an ICMP answer of `size` bytes behind a vnet header of zeros; nothing if `size` is 0.
void Outbound::answer_sender(Bytes answer, std::size_t size, Time now) {
    if (size != 0 && icmp_budget_.take(now)) {
        const std::array part{iovec{answer.data(), sys::kVnetHeaderSize + size}};
        if (!tun_.write(part).ok()) {
            drops_.add(net::DropReason::kTunWriteFailed);
        }
    }
}

/// Whether this is a message of ours that would go to `peer` for ever (see loop_guard.hpp).
bool Outbound::goes_round(const SuperPacket& super, const wg::Peer& peer, Time now) {
    const auto to = udp_destination_from(shared_.listen_port, super.packet(), super.ip());
    if (!to || !shared_.loop_guard.closes_loop(*to, peer.path().remote, now)) {
        return false;
    }
    drops_.add(net::DropReason::kRoutingLoop, super.segments());
    return true;
}

/// What no message carries, or what the peer's path has refused and the kernel may not cut: its
/// sender is told a size that fits.
bool Outbound::fits(const SuperPacket& super, const wg::Peer& peer, Time now) {
    const std::size_t size = super.segment_size(0);
    const bool is_v4 = super.ip().is_v4();
    std::size_t most = kInnerMax;
    if (must_stay_whole(super.packet(), super.ip())) {
        // IPv6 goes down to its minimum and no further; smaller packets are tried.
        most = std::min<std::size_t>(most,
                                     std::max(path_limits_.inner_max(peer.key(), now),
                                              is_v4 ? std::uint32_t{0} : kIpv6MinimumMtu));
    }
    if (size <= most) {
        return true;
    }
    drops_.add(net::DropReason::kTooLarge, super.segments());
    ByteArray<sys::kVnetHeaderSize + kIcmpMax> answer{};
    answer_sender(
        answer,
        build_icmp_too_big(super.packet(),
                           super.ip(),
                           static_cast<std::uint32_t>(std::min<std::size_t>(most, shared_.mtu)),
                           answer_source(super.ip()),
                           Bytes{answer}.subspan(sys::kVnetHeaderSize)),
        now);
    return false;
}

// ---- 3 number -------------------------------------------------------------------------------

void Outbound::submit(const SuperPacket& super, ConstBytes read, wg::Peer& peer, Time now) {
    wg::Session* session = peer.current();
    if (session == nullptr || !session->may_send(now)) {
        stage(read, super, peer, now);
        return;
    }
    if (!fits(super, peer, now)) {
        return;
    }
    const auto first = session->take_nonces(super.segments());
    if (!first) {
        drops_.add(net::DropReason::kNonceExhausted, super.segments());
        shared_.lane.request(peer, wg::PeerRequest::kHandshake);
        return;
    }
    const std::uint8_t ecn = outer_ecn(super.ip());
    for (std::uint32_t i = 0; i < super.segments(); ++i) {
        const Message message = begin_message(*session, *first + i, super.segment_size(i), ecn);
        // Only now: making room may have sealed, and numbers the scratch anew.
        add_job(message, super.segment(i, heads_[job_count_]));
    }
    note_sent(*session, true, now);
}

void Outbound::stage(ConstBytes read, const SuperPacket& super, wg::Peer& peer, Time now) {
    if (const std::uint32_t dropped = peer.staged.stage(read, super.segments()); dropped != 0) {
        drops_.add(net::DropReason::kStagedOverflow, dropped);
    }
    if (!peer.initiated_recently(now)) {
        shared_.lane.request(peer, wg::PeerRequest::kHandshake);
    }
    // The session may have come, and the queue been flushed, between our look and the staging.
    const wg::Session* session = peer.current();
    if (session != nullptr && session->may_send(now)) {
        shared_.lane.request(peer, wg::PeerRequest::kFlush);
    }
}

void Outbound::flush_staged(wg::Peer& peer, bool keepalive_if_empty, Time now) {
    round_ = now;
    auto items = peer.staged.take_all();
    for (auto& item : items) {
        if (const auto super = SuperPacket::parse(item.bytes)) {
            submit(*super, item.bytes, peer, now);
        }
    }
    wg::Session* session = peer.current();
    if (items.empty() && keepalive_if_empty) {
        const auto nonce =
            session != nullptr && session->may_send(now) ? session->take_nonces(1) : std::nullopt;
        if (nonce) {
            add_job(begin_message(*session, *nonce, 0, 0), {});
            note_sent(*session, false, now);
        } else if (!peer.initiated_recently(now)) {
            shared_.lane.request(peer, wg::PeerRequest::kHandshake);
        }
    }
    send_all();  // before items die: the jobs point into them
}

void Outbound::note_sent(wg::Session& session, bool is_data, Time now) {
    wg::Peer& peer = session.peer();
    peer.timers.on_authenticated_sent(now);
    if (is_data) {
        peer.timers.on_data_sent(now);
    }
    if (session.wants_rekey_after_send(now) && !peer.initiated_recently(now)) {
        shared_.lane.request(peer, wg::PeerRequest::kHandshake);
    }
}

// ---- 4 message ------------------------------------------------------------------------------

/// Finds the place of a message with `size` inner bytes and writes its header there.
Outbound::Message Outbound::begin_message(const wg::Session& session,
                                          std::uint64_t nonce,
                                          std::size_t size,
                                          std::uint8_t ecn) {
    const std::uint32_t pad = wg::padding_for(size, shared_.mtu);
    const TrainSlot slot = place(session.peer(), wg::kDataOverhead + size + pad, ecn);
    wg::write_data_header(slot.at, session.remote_index(), nonce);
    if (job_count_ == kJobsMax) {
        seal_jobs();
    }
    return {.session = session, .nonce = nonce, .at = slot.at, .pad = pad + slot.extra_pad};
}

void Outbound::add_job(const Message& message, SuperPacket::Segment segment) {
    jobs_[job_count_] = {.key = &message.session.send_key(),
                         .nonce = message.nonce,
                         .head = segment.head,
                         .payload = segment.payload,
                         .pad = message.pad,
                         .destination = message.at + wg::kDataHeaderSize};
    job_count_ += 1;
}

TrainSlot Outbound::place(wg::Peer& peer, std::size_t size, std::uint8_t ecn) {
    Train* train = yard_.find(peer);
    if (train != nullptr) {
        if (const TrainSlot slot = TrainYard::reserve(*train, size, ecn); slot.at != nullptr) {
            return slot;
        }
        send(*train);
    }
    train = yard_.open(peer, ecn);
    if (train == nullptr) {
        send(yard_.oldest());
        train = yard_.open(peer, ecn);
    }
    return TrainYard::reserve(*train, size, ecn);
}

// ---- 5 seal ---------------------------------------------------------------------------------

void Outbound::seal_jobs() {
    shared_.seal(worker_, {jobs_.data(), job_count_});
    job_count_ = 0;
}

// ---- 6 send ---------------------------------------------------------------------------------

void Outbound::send_all() {
    for (Train& train : yard_.all()) {
        if (train.peer != nullptr) {
            send(train);
        }
    }
    WEFT_DCHECK(job_count_ == 0);
}

void Outbound::send(Train& train) {
    seal_jobs();
    wg::Peer& peer = *train.peer;
    const net::Path path = peer.path();
    peer.counters.tx_bytes.fetch_add(train.used, std::memory_order_relaxed);
    peer.counters.tx_packets.fetch_add(train.count, std::memory_order_relaxed);
    const bool as_train =
        train.count == 1 || shared_.offloads.udp_gso.load(std::memory_order_relaxed);
    if (!as_train || !send_whole(train, path)) {
        send_singly(train, path);
    }
    TrainYard::release(train);
}

/// False if the kernel refuses segmentation and the messages must go one by one.
bool Outbound::send_whole(const Train& train, const net::Path& path) {
    const sys::IoResult sent =
        send_once({.bytes = train.view(), .segment = train.segment, .traffic_class = train.ecn},
                  *train.peer,
                  path);
    if (sent.ok()) {
        return true;
    }
    if (train.count > 1 && sent.refuses_gso()) {
        if (sent.refuses_gso_for_good()) {
            shared_.offloads.udp_gso.store(false, std::memory_order_relaxed);
        }
        return false;
    }
    if (train.count == 1) {
        note_refused(*train.peer, train.used, sent);
    }
    drops_.add(net::DropReason::kSendFailed, train.count);
    return true;
}

void Outbound::send_singly(const Train& train, const net::Path& path) {
    ConstBytes rest = train.view();
    while (!rest.empty()) {
        const ConstBytes one = rest.first(std::min(train.segment, rest.size()));
        rest = rest.subspan(one.size());
        const sys::IoResult sent = send_once(
            {.bytes = one, .segment = one.size(), .traffic_class = train.ecn}, *train.peer, path);
        if (!sent.ok()) {
            note_refused(*train.peer, one.size(), sent);
            drops_.add(net::DropReason::kSendFailed);
        }
    }
}

/// One message was too large for the path: larger inner packets are answered for a while.
void Outbound::note_refused(const wg::Peer& peer, std::size_t size, sys::IoResult sent) {
    if (sent.error == EMSGSIZE) {
        path_limits_.refused(peer.key(), size, round_);
    }
}

/// Waits a moment for a full socket buffer; forgets a source address that the kernel refuses.
sys::IoResult Outbound::send_once(const sys::OutgoingTrain& train,
                                  wg::Peer& peer,
                                  const net::Path& path) {
    const sys::UdpSocket& socket = udp_.of(path.remote.address.family());
    if (!socket.valid()) {
        return {0, EAFNOSUPPORT};
    }
    sys::IoResult sent = socket.send(train, path);
    if (sent.would_block() && may_wait_) {
        pollfd room{socket.fd(), POLLOUT, 0};
        // Once a round: a stuck underlay must not stall the other direction.
        may_wait_ = ::poll(&room, 1, kSendWaitMs) > 0;
        sent = socket.send(train, path);
    }
    // A train's EINVAL may be about segmentation; its messages singly will tell.
    const bool is_single = train.bytes.size() == train.segment;
    const bool about_source = sent.refuses_source() && (is_single || sent.error != EINVAL);
    if (about_source && !path.source.is_unspecified()) {
        peer.forget_source();
        sent = socket.send(train, peer.path());
    }
    return sent;
}

}  // namespace weft::dataplane
