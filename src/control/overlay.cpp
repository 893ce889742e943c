// SPDX-License-Identifier: Apache-2.0
// See overlay.hpp. Control thread.
#include "overlay.hpp"

#include <algorithm>
#include <utility>

#include <fcntl.h>

#include <weft/sys/gossip_relay.hpp>
#include <weft/sys/udp_group.hpp>

namespace weft::control {
namespace {

/// As handshakes have: DSCP AF41, no ECN. Where no router takes it off, GRO puts no gossip to data.
constexpr std::uint8_t kTrafficClass = 0x88;

static_assert(gossip::kPaddedSizeMax <= sys::GossipRelay::kDatagramMax);
static_assert(sys::kGossipTypesFirst == gossip::kDatagramTypesFirst &&
              sys::kGossipTypesLast == gossip::kDatagramTypesLast);

}  // namespace

Overlay::Overlay(Parts parts)
    : parts_(std::move(parts)),
      storage_(parts_.state_dir),
      participant_({storage_, parts_.random, kBuildTime}),
      sockets_{Watched{parts_.loop}, Watched{parts_.loop}},
      relay_(parts_.loop),
      timer_(parts_.loop),
      buffer_(std::make_unique_for_overwrite<std::byte[]>(kPortion * kTrainMax)) {}

mesh::Clock Overlay::clock() {
    return {BootClock::now(), wall_now()};
}

Result<> Overlay::start() {
    mesh::Output out;
    if (Result<> started = participant_.start(clock(), out); !started) {
        Error error = started.error();
        error.cause = parts_.state_dir.string() + ": " + error.cause;
        return error;
    }
    running_ = true;
    take_sockets();
    if (parts_.enabled) {
        watch(relay_, parts_.engine.gossip_relay().fd(), [this] { drain_relay(); });
    }
    carry_out(out);
    return {};
}

void Overlay::stop() {
    if (std::exchange(running_, false)) {
        mesh::Output last;
        participant_.stop(last);
        tell(last);
    }
    timer_.cancel();
    release_sockets();
    boost::system::error_code ignored;
    relay_.descriptor.close(ignored);
}

void Overlay::release_sockets() {
    for (Watched& watched : sockets_) {
        boost::system::error_code ignored;
        watched.descriptor.close(ignored);
    }
}

void Overlay::take_sockets() {
    if (!parts_.enabled) {
        return;  // full buffers drop what comes
    }
    const sys::UdpPair& pair = parts_.engine.gossip_sockets();
    watch(sockets_[0], pair.v4.fd(), [this, &pair] { drain(pair.v4); });
    watch(sockets_[1], pair.v6.fd(), [this, &pair] { drain(pair.v6); });
}

void Overlay::watch(Watched& watched, int fd, std::function<void()> drain) {
    const int duplicate = fd >= 0 ? ::fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
    if (duplicate < 0) {
        return;  // no such family, or no steering
    }
    watched.descriptor.assign(duplicate);
    watched.drain = std::move(drain);
    wait(watched);
}

void Overlay::wait(Watched& watched) {
    watched.descriptor.async_wait(Descriptor::wait_read,
                                  [this, &watched](const boost::system::error_code& error) {
                                      if (!error && running_) {
                                          watched.drain();
                                          wait(watched);
                                      }
                                  });
}

/// One portion: what is left makes the descriptor readable again at once, behind others' events.
void Overlay::drain(const sys::UdpSocket& socket) {
    std::array<sys::ReceivedTrain, kPortion> trains;
    const Bytes buffer{buffer_.get(), kPortion * kTrainMax};
    const sys::IoResult got = socket.receive_many(buffer, trains);
    if (!got.ok()) {
        return;
    }
    mesh::Output out;
    for (std::size_t i = 0; i < static_cast<std::size_t>(got.size); ++i) {
        if (!trains[i].truncated) {
            on_train(trains[i], buffer.subspan(i * kTrainMax, trains[i].size), out);
        }
    }
    carry_out(out);
}

void Overlay::drain_relay() {
    mesh::Output out;
    const Bytes buffer{buffer_.get(), sys::GossipRelay::kDatagramMax};
    for (std::size_t i = 0; i < kPortion; ++i) {
        net::Endpoint from;
        const ConstBytes datagram = parts_.engine.gossip_relay().take(from, buffer);
        if (datagram.empty()) {
            break;
        }
        participant_.on_datagram(from, datagram, clock(), out);
    }
    carry_out(out);
}

void Overlay::on_train(const sys::ReceivedTrain& train, ConstBytes bytes, mesh::Output& out) {
    while (!bytes.empty()) {
        const ConstBytes datagram = bytes.first(std::min(train.segment, bytes.size()));
        bytes = bytes.subspan(datagram.size());
        participant_.on_datagram(train.path.remote, datagram, clock(), out);
    }
}

void Overlay::carry_out(mesh::Output& out) {
    for (const gossip::Actions::Datagram& datagram : out.datagrams) {
        send(datagram);
    }
    tell(out);
    tell_of_members(out);
    if (out.peers_changed || out.own_changed) {
        parts_.on_peers_changed();
    }
    out = {};
    if (const std::optional<Result<>> joined = participant_.take_joined()) {
        on_joined_(*joined);
    }
    arm_timer();
}

void Overlay::tell(const mesh::Output& out) const {
    for (const mesh::Notice& notice : out.notices) {
        const auto level = notice.warning ? LogLevel::kWarn : LogLevel::kInfo;
        if (notice.detail.empty()) {
            parts_.log.event(level, notice.event, {{"node", notice.subject}});
        } else {
            parts_.log.event(
                level, notice.event, {{"node", notice.subject}, {"detail", notice.detail}});
        }
    }
}

/// Handlers send, and so come here again with an output of their own.
void Overlay::tell_of_members(const mesh::Output& out) const {
    for (const gossip::Actions::PeerTime& answer : out.answers) {
        parts_.on_pinged(answer);
    }
    for (const gossip::Actions::Asked& asked : out.asked) {
        parts_.on_asked(asked);
    }
    for (const gossip::Actions::Seen& seen : out.seen) {
        parts_.on_seen(seen);
    }
}

/// What cannot be sent is lost, as on any network; gossip asks again.
void Overlay::send(const gossip::Actions::Datagram& datagram) const {
    const sys::UdpSocket& socket = parts_.engine.gossip_way_out().of(datagram.to.address.family());
    if (socket.valid() && parts_.enabled) {
        const sys::OutgoingTrain train{.bytes = datagram.bytes,
                                       .segment = datagram.bytes.size(),
                                       .traffic_class = kTrafficClass};
        const net::Path path{datagram.to, {}, 0};
        static_cast<void>(datagram.whole ? socket.send_unfragmented(train, path)
                                         : socket.send(train, path));
    }
}

void Overlay::arm_timer() {
    if (!running_ || !parts_.enabled) {
        return;
    }
    const Time now = BootClock::now();
    const Time next = std::min(participant_.next_timer(), now + kTickMax);
    timer_.expires_after(std::chrono::ceil<std::chrono::milliseconds>(
        std::max<Duration>(next - now, std::chrono::milliseconds{1})));
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error && running_) {
            mesh::Output out;
            participant_.on_timer(clock(), out);
            carry_out(out);
        }
    });
}

}  // namespace weft::control
