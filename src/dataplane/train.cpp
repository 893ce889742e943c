// SPDX-License-Identifier: Apache-2.0
// Outbound stage 4's book-keeping: which message may ride in which train.
#include "train.hpp"

#include <algorithm>

#include <weft/wg/messages.hpp>

namespace weft::dataplane {

TrainYard::TrainYard() {
    for (Train& train : trains_) {
        train.bytes = std::make_unique_for_overwrite<std::byte[]>(sys::kTrainBytesMax);
    }
}

Train* TrainYard::find(const wg::Peer& peer) {
    for (Train& train : trains_) {
        if (train.peer == &peer) {
            return &train;
        }
    }
    return nullptr;
}

Train* TrainYard::open(wg::Peer& peer, std::uint8_t ecn) {
    for (Train& train : trains_) {
        if (train.peer == nullptr) {
            train.peer = &peer;
            train.ecn = ecn;
            train.opened = ++opened_;
            return &train;
        }
    }
    return nullptr;
}

Train& TrainYard::oldest() {
    return *std::min_element(trains_.begin(), trains_.end(), [](const Train& a, const Train& b) {
        return a.opened < b.opened;
    });
}

TrainSlot TrainYard::reserve(Train& train, std::size_t size, std::uint8_t ecn) {
    if (train.count == 0) {
        train.segment = size;
        train.ecn = ecn;
    } else if (train.ended || train.ecn != ecn || size > train.segment ||
               train.count == sys::kTrainSegmentsMax) {
        return {};
    }
    const std::size_t missing = train.segment - size;
    // A keepalive stays empty: padding would turn it into data.
    const bool may_pad = missing <= kExtraPadMax && size > wg::kDataOverhead;
    const std::size_t placed = may_pad ? train.segment : size;
    if (train.used + placed > sys::kTrainBytesMax) {
        return {};
    }
    std::byte* at = train.bytes.get() + train.used;
    train.used += placed;
    train.count += 1;
    train.ended = placed < train.segment;
    return {at, static_cast<std::uint32_t>(placed - size)};
}

void TrainYard::release(Train& train) {
    train.peer = nullptr;
    train.used = 0;
    train.count = 0;
    train.ended = false;
}

}  // namespace weft::dataplane
