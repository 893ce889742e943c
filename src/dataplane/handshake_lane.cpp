// SPDX-License-Identifier: Apache-2.0
// The lane's loop: 1 drain the sockets into bounded queues, 2 free what no worker holds, 3
// requests, 4 some handshakes, 5 timers, 6 carry out, until nothing is left; then sleep to the next
// timer. Draining first makes the queues' depth the measure of load (paper 5.3).
#include "handshake_lane.hpp"

#include <algorithm>
#include <array>

#include <pthread.h>
#include <sys/resource.h>

#include <weft/wg/messages.hpp>

namespace weft::dataplane {

HandshakeLane::HandshakeLane(Shared& shared,
                             GuardedDevice& guarded,
                             std::vector<std::unique_ptr<Worker>>& workers,
                             const sys::UdpGroup& group)
    : shared_(shared),
      guarded_(guarded),
      workers_(workers),
      group_(group),
      buffer_(std::make_unique_for_overwrite<std::byte[]>(kArrivalMax * sys::kReceiveManyMax)) {}

void HandshakeLane::start() {
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
    // For this thread alone (setpriority(2), "C library/kernel differences"); cannot fail.
    static_cast<void>(::setpriority(PRIO_PROCESS, 0, kNice));
    const sys::WakeFd& wake = shared_.lane.wake;
    const UniqueFd epoll = sys::watch({group_.lane.v4.fd(),
                                       group_.lane.v6.fd(),
                                       group_.crowd.v4.fd(),
                                       group_.crowd.v6.fd(),
                                       wake.fd()});
    while (!stopping_.load()) {
        sys::sleep_on(epoll, wake, sleep_ms());
        drain(group_.lane, queue_);
        drain(group_.crowd, crowd_);
        for (const auto& handshake : shared_.lane.take_handed_on()) {
            enqueue(ConstBytes{handshake.bytes}.first(handshake.size), handshake.path, crowd_);
        }
        run_round();
    }
}

void HandshakeLane::drain(const sys::UdpPair& sockets, Queue& queue) {
    // No more than the queue takes: what waits in the socket is dropped there for nothing. Half of
    // the room, so that a flood over one family leaves some to the other.
    drain(sockets.v4, queue, (kQueueMax - queue.size() + 1) / 2);
    drain(sockets.v6, queue, (kQueueMax - queue.size() + 1) / 2);
}

void HandshakeLane::drain(const sys::UdpSocket& socket, Queue& queue, std::size_t room) {
    std::array<sys::ReceivedTrain, sys::kReceiveManyMax> trains;
    while (socket.valid() && room > 0) {
        const auto wanted = std::span{trains}.first(std::min(room, trains.size()));
        const Bytes buffer{buffer_.get(), kArrivalMax * wanted.size()};
        const sys::IoResult got = socket.receive_many(buffer, wanted);
        if (!got.ok()) {
            if (!got.would_block()) {
                drops_.add(net::DropReason::kReceiveFailed);
            }
            return;
        }
        const auto count = static_cast<std::size_t>(got.size);
        for (std::size_t i = 0; i < count; ++i) {
            if (trains[i].truncated) {
                drops_.add(net::DropReason::kTruncated);
                continue;
            }
            ConstBytes rest{buffer.subspan(i * kArrivalMax, trains[i].size)};
            do {
                const ConstBytes datagram = rest.first(std::min(trains[i].segment, rest.size()));
                rest = rest.subspan(datagram.size());
                enqueue(datagram, trains[i].path, queue);
            } while (!rest.empty());
        }
        if (count < wanted.size()) {
            return;
        }
        room -= count;
    }
}

void HandshakeLane::enqueue(ConstBytes datagram, const net::Path& path, Queue& queue) {
    const auto type = wg::classify(datagram);
    if (!type || *type == wg::MessageType::kData) {
        drops_.add(net::DropReason::kUnknownType);
        return;
    }
    if (queue.size() >= kQueueMax) {
        drops_.add(net::DropReason::kLaneOverflow);
        return;
    }
    auto& item = queue.emplace_back();
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
    const std::size_t before = queue_.size();
    run_queue(queue_, kPerRound - kCrowdPerRound, now, actions);
    run_queue(crowd_, kPerRound - (before - queue_.size()), now, actions);
    guarded_.device.on_timers(now, actions);
    carry_out(actions);
}

void HandshakeLane::run_queue(Queue& queue, std::size_t limit, wg::Now now, wg::Actions& actions) {
    for (std::size_t n = 0; n < limit && !queue.empty(); ++n) {
        const auto& item = queue.front();
        const std::size_t waiting = queue_.size() + crowd_.size();
        const net::DropReason dropped = guarded_.device.on_datagram(
            ConstBytes{item.bytes}.first(item.size), item.path, waiting, now, actions);
        if (dropped != net::DropReason::kNone) {
            guarded_.drops.add(dropped);
        }
        queue.pop_front();
    }
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
    const sys::UdpPair& own = group_.steered ? group_.lane : group_.workers.front();
    const sys::UdpSocket& socket = own.of(datagram.path.remote.address.family());
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
    if (!queue_.empty() || !crowd_.empty()) {
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
