// SPDX-License-Identifier: Apache-2.0
// The devices of memory_io.hpp behind the doors of sys.
#include "memory_io.hpp"

#include <algorithm>
#include <array>

#include <fcntl.h>

#include <weft/base/assert.hpp>
#include <weft/sys/tun.hpp>
#include <weft/sys/udp_socket.hpp>

#include "super_packet.hpp"

namespace weft::bench {
namespace {

constexpr std::size_t kDescriptorsMax = 64;

struct Devices {
    std::array<MemoryTun*, kDescriptorsMax> tuns{};
    std::array<MemorySocket*, kDescriptorsMax> sockets{};
};
Devices devices;

UniqueFd new_descriptor() {
    UniqueFd fd{::open("/dev/null", O_RDWR | O_CLOEXEC)};
    WEFT_ASSERT(fd.valid() && static_cast<std::size_t>(fd.get()) < kDescriptorsMax);
    return fd;
}

template <typename Device>
Device& device_of(const std::array<Device*, kDescriptorsMax>& table, int fd) {
    Device* device = table[static_cast<std::size_t>(fd)];
    WEFT_ASSERT(device != nullptr);
    return *device;
}

constexpr sys::IoResult kNothing{.size = 0, .error = EAGAIN};

}  // namespace

MemoryWire::MemoryWire() : trains_(kTrainsMax) {
    for (Train& train : trains_) {
        train.bytes.resize(sys::kUdpReadMax);
    }
}

MemoryWire::Train* MemoryWire::push() {
    return pushed_ - popped_ < kTrainsMax ? &trains_[pushed_++ % kTrainsMax] : nullptr;
}

const MemoryWire::Train* MemoryWire::pop() {
    return popped_ < pushed_ ? &trains_[popped_++ % kTrainsMax] : nullptr;
}

UniqueFd attach(MemoryTun& tun) {
    tun.last_write.resize(sys::kTunReadMax);
    UniqueFd fd = new_descriptor();
    devices.tuns[static_cast<std::size_t>(fd.get())] = &tun;
    return fd;
}

UniqueFd attach(MemorySocket& socket) {
    UniqueFd fd = new_descriptor();
    devices.sockets[static_cast<std::size_t>(fd.get())] = &socket;
    return fd;
}

}  // namespace weft::bench

namespace weft::sys {

using bench::device_of;
using bench::devices;

IoResult TunQueue::read(Bytes buffer) const {
    bench::MemoryTun& tun = device_of(devices.tuns, fd());
    if (tun.next == tun.reads.size()) {
        return bench::kNothing;
    }
    const bench::Buffer& packet = tun.reads[tun.next++];
    copy_bytes(packet, buffer);
    return {.size = static_cast<std::int32_t>(packet.size())};
}

IoResult TunQueue::write(std::span<const iovec> parts) const {
    bench::MemoryTun& tun = device_of(devices.tuns, fd());
    Bytes rest{tun.last_write};
    for (const iovec& part : parts) {
        rest = copy_bytes({static_cast<const std::byte*>(part.iov_base), part.iov_len}, rest);
    }
    const std::size_t size = tun.last_write.size() - rest.size();
    const auto packet = dataplane::SuperPacket::parse(Bytes{tun.last_write}.first(size));
    tun.packets_written += packet ? packet->segments() : 0;
    return {.size = static_cast<std::int32_t>(size)};
}

IoResult UdpSocket::send(const OutgoingTrain& train, const net::Path& /*path*/) const {
    bench::MemorySocket& socket = device_of(devices.sockets, fd());
    bench::MemoryWire::Train* place = socket.out != nullptr ? socket.out->push() : nullptr;
    if (place == nullptr) {
        return bench::kNothing;
    }
    copy_bytes(train.bytes, place->bytes);
    place->size = train.bytes.size();
    place->segment = train.segment;
    return {.size = static_cast<std::int32_t>(train.bytes.size())};
}

IoResult UdpSocket::receive(Bytes buffer, ReceivedTrain& out) const {
    bench::MemorySocket& socket = device_of(devices.sockets, fd());
    const bench::MemoryWire::Train* train = socket.in != nullptr ? socket.in->pop() : nullptr;
    if (train == nullptr) {
        return bench::kNothing;
    }
    copy_bytes(ConstBytes{train->bytes}.first(train->size), buffer);
    out.size = train->size;
    out.segment = train->segment;
    out.traffic_class = 0;
    out.truncated = false;
    out.path = bench::kPeerPath;
    return {.size = static_cast<std::int32_t>(train->size)};
}

}  // namespace weft::sys
