// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any bytes as what the kernel answers on rtnetlink. recvmsg and sendto are replaced
// by the linker (--wrap): each request is answered by the input, then by an acknowledgement, and
// links, addresses, routes and ways are read from that. The walkers are held to the bytes they were
// given.
#include <cerrno>
#include <string>
#include <utility>

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <weft/netlink/rtnetlink.hpp>

#include "fuzz.hpp"
#include "message.hpp"

namespace {

/// Stands in for the sequence number of the request in what the input answers.
constexpr std::uint32_t kAnySequence = 1;

struct Kernel {
    weft::fuzz::Buffer answer;  // of every request
    std::uint32_t sequence = 0;
    bool answered = false;
};

Kernel& kernel() {
    static Kernel one;
    return one;
}

/// The input with its messages addressed to the request, or in the end an acknowledgement.
weft::fuzz::Buffer next_datagram() {
    nlmsghdr header{};
    if (std::exchange(kernel().answered, true)) {
        weft::fuzz::Buffer done(sizeof header + sizeof(nlmsgerr));
        header.nlmsg_len = static_cast<std::uint32_t>(done.size());
        header.nlmsg_type = NLMSG_ERROR;
        header.nlmsg_seq = kernel().sequence;
        std::memcpy(done.data(), &header, sizeof header);
        return done;
    }
    weft::fuzz::Buffer datagram = kernel().answer;
    std::size_t at = 0;
    while (datagram.size() - at >= sizeof header) {
        std::memcpy(&header, &datagram[at], sizeof header);
        if (header.nlmsg_seq == kAnySequence) {
            header.nlmsg_seq = kernel().sequence;
            std::memcpy(&datagram[at], &header, sizeof header);
        }
        const std::size_t step = weft::netlink::netlink_align(header.nlmsg_len);
        if (step < sizeof header || step > datagram.size() - at) {
            break;
        }
        at += step;
    }
    return datagram;
}

}  // namespace

// Their names are what --wrap wants.
// NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" ssize_t __wrap_sendto(
    int /*fd*/, const void* bytes, size_t size, int /*flags*/, const sockaddr* /*to*/, socklen_t) {
    nlmsghdr header{};
    WEFT_FUZZ_CHECK(size >= sizeof header);
    std::memcpy(&header, bytes, sizeof header);
    WEFT_FUZZ_CHECK(header.nlmsg_len == size && (header.nlmsg_flags & NLM_F_REQUEST) != 0);
    kernel().sequence = header.nlmsg_seq;
    kernel().answered = false;
    return static_cast<ssize_t>(size);
}

extern "C" ssize_t __wrap_recvmsg(int /*fd*/, msghdr* message, int /*flags*/) {
    const weft::fuzz::Buffer datagram = next_datagram();
    const iovec& part = message->msg_iov[0];
    const std::size_t size = std::min(datagram.size(), part.iov_len);
    std::copy_n(datagram.data(), size, static_cast<std::byte*>(part.iov_base));
    message->msg_flags = datagram.size() > size ? MSG_TRUNC : 0;
    return static_cast<ssize_t>(size);
}
// NOLINTEND(bugprone-reserved-identifier)

namespace {

using weft::ConstBytes;

void check_attributes(ConstBytes payload) {
    ConstBytes rest = payload;
    std::size_t before = rest.size();
    while (const auto attribute = weft::netlink::next_attribute(rest)) {
        WEFT_FUZZ_CHECK(rest.size() < before && attribute->value.size() < before);
        before = rest.size();
        const std::string text = weft::netlink::read_string(attribute->value);
        WEFT_FUZZ_CHECK(text.size() <= attribute->value.size());
        WEFT_FUZZ_CHECK(text.find('\0') == std::string::npos);
        WEFT_FUZZ_CHECK(attribute->value.size() == 4 ||
                        weft::netlink::read_u32(attribute->value) == 0);
    }
}

/// Walks the input as a datagram; how many messages it has.
std::size_t check_messages(ConstBytes datagram) {
    std::size_t messages = 0;
    std::size_t before = datagram.size();
    while (const auto message = weft::netlink::next_message(datagram)) {
        WEFT_FUZZ_CHECK(datagram.size() < before && message->payload.size() < before);
        before = datagram.size();
        if (const auto ack = weft::netlink::parse_ack(*message)) {
            WEFT_FUZZ_CHECK(ack->error >= 0 && ack->error <= 4095);
            WEFT_FUZZ_CHECK(ack->text.size() <= message->payload.size());
        }
        check_attributes(message->payload);
        ++messages;
    }
    return messages;
}

/// What is read is sound; the input may also be a refusal.
void check_replies(weft::netlink::Rtnetlink& rtnetlink, std::size_t most) {
    if (const auto links = rtnetlink.links()) {
        WEFT_FUZZ_CHECK(links->size() <= most);
        for (const auto& link : *links) {
            WEFT_FUZZ_CHECK(link.index != 0);
        }
    }
    if (const auto link = rtnetlink.find_link("wv0123456789ab"); link && *link) {
        WEFT_FUZZ_CHECK((*link)->index != 0);
    }
    if (const auto addresses = rtnetlink.addresses(2)) {
        WEFT_FUZZ_CHECK(addresses->size() <= most);
        for (const auto& address : *addresses) {
            WEFT_FUZZ_CHECK(weft::net::Prefix::parse(address.to_string()) == address);
        }
    }
    if (const auto routes = rtnetlink.routes(2)) {
        WEFT_FUZZ_CHECK(routes->size() <= 2 * most);  // asked for each family
        for (const auto& route : *routes) {
            WEFT_FUZZ_CHECK(route.interface == 2);
            WEFT_FUZZ_CHECK(route.destination.length <= route.destination.address.bits());
            for (const auto& address : {route.source, route.gateway}) {
                WEFT_FUZZ_CHECK(!address ||
                                address->family() == route.destination.address.family());
            }
        }
    }
    for (const char* destination : {"192.0.2.1", "2001:db8::1"}) {
        const auto way = rtnetlink.interface_towards(*weft::net::IpAddress::parse(destination));
        WEFT_FUZZ_CHECK(way ? *way != 0 : way.error().code.value() != 0);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static auto rtnetlink = weft::netlink::Rtnetlink::open();
    kernel().answer = weft::fuzz::copy_of(std::as_bytes(std::span{data, size}));
    check_replies(*rtnetlink, check_messages(kernel().answer));
    return 0;
}
