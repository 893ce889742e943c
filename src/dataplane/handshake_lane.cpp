// SPDX-License-Identifier: Apache-2.0
// The lane's loop: 1 drain the sockets into a bounded queue, 2 free what no worker holds, 3
// requests, 4 some handshakes, 5 timers, 6 carry out, until nothing is left; then sleep to the next
// timer. Draining first makes the queue's depth the measure of load (paper 5.3).
#include "handshake_lane.hpp"

#include <algorithm>
#include <array>

#include <pthread.h>
#include <sys/epoll.h>

#include <weft/wg/messages.hpp>

namespace weft::dataplane {

HandshakeLane::HandshakeLane(Shared& shared,
                             GuardedDevice& guarded,
                             std::vector<std::unique_ptr<Worker>>& workers)
    : shared_(shared),
      guarded_(guarded),
      workers_(workers),
      buffer_(std::make_unique_for_overwrite<std::byte[]>(sys::kUdpReadMax)) {}

void HandshakeLane::start(const sys::UdpPair& receive, const sys::UdpPair& send) {
    receive_ = &receive;
    send_ = &send;
    stopping_.store(false);
    thread_ = std::thread{[this] { loop(); }};
    pthread_setname_np(thread_.native_handle(), "weft-lane");
}

void HandshakeLane::stop() {
    stopping_.store(true);
    shared_.lane.wake.wake();
    if (thread_.joinable()) {
        thread_.join();
    }
}

void HandshakeLane::loop() {
    const UniqueFd epoll{::epoll_create1(EPOLL_CLOEXEC)};
    WEFT_ASSERT(epoll.valid());
    for (const int fd : {receive_->v4.fd(), receive_->v6.fd(), shared_.lane.wake.fd()}) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = fd;
        if (fd >= 0) {
            WEFT_ASSERT(::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) == 0);
        }
    }
    while (!stopping_.load()) {
        std::array<epoll_event, 4> events;
        ::epoll_wait(epoll.get(), events.data(), events.size(), sleep_ms());
        shared_.lane.wake.clear();
        drain(receive_->v4);
        drain(receive_->v6);
        for (const auto& handshake : shared_.lane.take_handed_on()) {
            enqueue(ConstBytes{handshake.bytes}.first(handshake.size), handshake.path);
        }
        run_round();
    }
}

void HandshakeLane::drain(const sys::UdpSocket& socket) {
    // No more than the queue takes: what waits in the socket is dropped there for nothing. Half of
    // the room, so that a flood over one family leaves some to the other.
    const std::size_t room = (wg::kLaneQueueMax - queue_.size() + 1) / 2;
    sys::ReceivedTrain train;
    for (std::size_t n = 0; socket.valid() && n < room; ++n) {
        const sys::IoResult got = socket.receive({buffer_.get(), sys::kUdpReadMax}, train);
        if (!got.ok()) {
            if (!got.would_block()) {
                drops_.add(net::DropReason::kReceiveFailed);
            }
            return;
        }
        if (train.truncated) {
            drops_.add(net::DropReason::kTruncated);
            continue;
        }
        ConstBytes rest{buffer_.get(), train.size};
        do {
            const ConstBytes datagram = rest.first(std::min(train.segment, rest.size()));
            rest = rest.subspan(datagram.size());
            enqueue(datagram, train.path);
        } while (!rest.empty());
    }
}

void HandshakeLane::enqueue(ConstBytes datagram, const net::Path& path) {
    const auto type = wg::classify(datagram);
    if (!type || *type == wg::MessageType::kData) {
        drops_.add(net::DropReason::kUnknownType);
        return;
    }
    if (queue_.size() >= wg::kLaneQueueMax) {
        drops_.add(net::DropReason::kLaneOverflow);
        return;
    }
    auto& item = queue_.emplace_back();
    copy_bytes(datagram, item.bytes);
    item.size = static_cast<std::uint8_t>(datagram.size());
    item.path = path;
}

void HandshakeLane::run_round() {
    const std::scoped_lock lock{guarded_.mutex};
    const wg::Now now{BootClock::now(), wall_now()};
    wg::Actions actions;
    // No worker can hold these, so none can put them on the request list again; the list is read
    // before they die because it may still name them.
    const auto free_after_requests = shared_.qsbr.take_ready();
    run_requests(now, actions);
    for (std::size_t n = 0; n < kHandshakesPerRound && !queue_.empty(); ++n) {
        const auto& item = queue_.front();
        const net::DropReason dropped = guarded_.device.on_datagram(
            ConstBytes{item.bytes}.first(item.size), item.path, queue_.size(), now, actions);
        if (dropped != net::DropReason::kNone) {
            guarded_.drops.add(dropped);
        }
        queue_.pop_front();
    }
    guarded_.device.on_timers(now, actions);
    carry_out(actions);
}

void HandshakeLane::run_requests(wg::Now now, wg::Actions& actions) {
    wg::Peer* peer = shared_.lane.take_requested();
    while (peer != nullptr) {
        wg::Peer* next = peer->next_requested;
        guarded_.device.on_requests(*peer, peer->take_requests(), now, actions);
        peer = next;
    }
}

void HandshakeLane::carry_out(wg::Actions& actions) {
    for (const auto& datagram : actions.datagrams) {
        send(datagram);
    }
    if (actions.routes_changed) {
        const wg::RouteTable* fresh = guarded_.device.routes().snapshot().release();
        const wg::RouteTable* old = shared_.routes.exchange(fresh, std::memory_order_acq_rel);
        shared_.qsbr.retire(std::shared_ptr<const wg::RouteTable>{old});
    }
    for (const auto& order : actions.flushes) {
        workers_[order.peer->worker() % workers_.size()]->flush(order);
    }
    if (actions.dropped_staged != 0) {
        guarded_.drops.add(net::DropReason::kHandshakeFailed, actions.dropped_staged);
    }
    retire(actions);
    actions = {};
}

void HandshakeLane::retire(wg::Actions& actions) {
    for (auto& session : actions.retired_sessions) {
        shared_.qsbr.retire(std::shared_ptr<const wg::Session>{std::move(session)});
    }
    for (auto& peer : actions.retired_peers) {
        for (const auto& worker : workers_) {
            worker->forget(*peer);
        }
        shared_.qsbr.retire(std::shared_ptr<const wg::Peer>{std::move(peer)});
    }
}

void HandshakeLane::send(const wg::Actions::Datagram& datagram) {
    const sys::UdpSocket& socket = send_->of(datagram.path.remote.address.family());
    if (!socket.valid()) {
        guarded_.drops.add(net::DropReason::kSendFailed);
        return;
    }
    const sys::OutgoingTrain train{.bytes = datagram.view(),
                                   .segment = datagram.size,
                                   .traffic_class = datagram.traffic_class};
    sys::IoResult sent = socket.send(train, datagram.path);
    if (sent.refuses_source() && !datagram.path.source.is_unspecified()) {
        if (datagram.peer != nullptr) {
            datagram.peer->forget_source();
        }
        sent = socket.send(train, {datagram.path.remote, {}, 0});
    }
    if (!sent.ok()) {
        guarded_.drops.add(net::DropReason::kSendFailed);
    }
}

int HandshakeLane::sleep_ms() {
    if (!queue_.empty()) {
        return 0;
    }
    const std::scoped_lock lock{guarded_.mutex};
    if (shared_.qsbr.has_waiting()) {
        return kReclaimPollMs;
    }
    const Time now = BootClock::now();
    const auto wait =
        std::chrono::ceil<std::chrono::milliseconds>(guarded_.device.next_deadline() - now);
    return static_cast<int>(std::clamp<std::int64_t>(wait.count(), 0, 60'000));
}

}  // namespace weft::dataplane
