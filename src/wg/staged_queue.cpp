// SPDX-License-Identifier: Apache-2.0
// Packets that wait for a session (kernel send.c, staged_packet_queue). Outbound, after the route
// is known and before a nonce is taken. Any worker stages, the peer's own worker takes, the lane
// clears.
#include <utility>

#include <weft/wg/staged_queue.hpp>

namespace weft::wg {

std::uint32_t StagedQueue::stage(ConstBytes read, std::uint32_t segments) {
    Item item{{read.begin(), read.end()}, segments};  // copied before the lock is taken
    std::uint32_t dropped = 0;

    const std::scoped_lock lock{guarded_.mutex};
    guarded_.bytes += read.size();
    guarded_.packets += segments;
    guarded_.items.push_back(std::move(item));
    while (guarded_.items.size() > 1 &&
           (guarded_.packets > kStagedPacketsMax || guarded_.bytes > kStagedBytesMax)) {
        const Item& oldest = guarded_.items.front();
        guarded_.bytes -= oldest.bytes.size();
        guarded_.packets -= oldest.segments;
        dropped += oldest.segments;
        guarded_.items.pop_front();
    }
    return dropped;
}

std::deque<StagedQueue::Item> StagedQueue::take_all() {
    const std::scoped_lock lock{guarded_.mutex};
    guarded_.bytes = 0;
    guarded_.packets = 0;
    return std::exchange(guarded_.items, {});
}

bool StagedQueue::empty() {
    const std::scoped_lock lock{guarded_.mutex};
    return guarded_.items.empty();
}

std::uint32_t StagedQueue::clear() {
    std::uint32_t packets = 0;
    for (const Item& item : take_all()) {
        packets += item.segments;
    }
    return packets;
}

}  // namespace weft::wg
