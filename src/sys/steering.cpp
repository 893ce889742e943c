// SPDX-License-Identifier: Apache-2.0
// The steering program (see steering.hpp). Steering is a hint: a worker hands on what is not its
// own, so the program checks no more than it needs. WireGuard paper §5.4.6 for the message's
// layout.
#include "steering.hpp"

#include <cerrno>

#include <sys/socket.h>

#include <weft/sys/udp_group.hpp>

namespace weft::sys {
namespace {

constexpr std::uint32_t kTypeAt = 0;
constexpr std::uint32_t kTypeInitiation = 1;
constexpr std::uint32_t kTypeResponse = 2;
constexpr std::uint32_t kTypeCookieReply = 3;
constexpr std::uint32_t kTypeTransportData = 4;
constexpr std::uint32_t kIndexAt = 4;  // u32, little-endian
constexpr std::uint32_t kIndexLastAt = 7;
constexpr std::uint32_t kInitiationSize = 148;
constexpr std::uint32_t kInitiationMac2At = 132;

constexpr sock_filter step(int code, std::uint32_t k, std::uint8_t if_true, std::uint8_t if_false) {
    return {.code = static_cast<std::uint16_t>(code), .jt = if_true, .jf = if_false, .k = k};
}

}  // namespace

SteeringProgram build_steering(unsigned workers) {
    constexpr int kLoadByte = BPF_LD | BPF_B | BPF_ABS;
    constexpr int kLoadWord = BPF_LD | BPF_W | BPF_ABS;
    constexpr int kLoadSize = BPF_LD | BPF_W | BPF_LEN;
    constexpr int kIfEqual = BPF_JMP | BPF_JEQ | BPF_K;
    constexpr int kIfAtLeast = BPF_JMP | BPF_JGE | BPF_K;
    constexpr int kIfAbove = BPF_JMP | BPF_JGT | BPF_K;
    constexpr int kReturn = BPF_RET | BPF_K;
    // A load past the end ends the program with 0 (bpf_helpers: LD_ABS).
    return {
        step(kLoadByte, kTypeAt, 0, 0),
        step(kIfEqual, kTypeTransportData, 0, 5),
        step(kLoadByte, kIndexLastAt, 0, 0),  // the whole index is there
        step(kLoadByte, kIndexAt, 0, 0),
        step(BPF_ALU | BPF_AND | BPF_K, kSteeringWorkerMask, 0, 0),
        step(BPF_ALU | BPF_MOD | BPF_K, workers, 0, 0),
        step(BPF_RET | BPF_A, 0, 0, 0),
        step(kIfEqual, kTypeResponse, 6, 0),
        step(kIfEqual, kTypeCookieReply, 5, 0),
        step(kIfEqual, kTypeInitiation, 0, 5),
        step(kLoadSize, 0, 0, 0),
        step(kIfEqual, kInitiationSize, 0, 5),
        step(kLoadWord, kInitiationMac2At, 0, 0),  // a cookie's mac2 starts with 0 once in 2^32
        step(kIfEqual, 0, 3, 0),
        step(kReturn, workers, 0, 0),
        step(kIfAtLeast, kGossipTypesFirst, 0, 1),
        step(kIfAbove, kGossipTypesLast, 0, 1),
        step(kReturn, workers + 1, 0, 0),
        step(kReturn, workers + 2, 0, 0),
    };
}

int attach_steering(int fd, unsigned workers) {
    SteeringProgram program = build_steering(workers);
    const sock_fprog request{.len = static_cast<unsigned short>(program.size()),
                             .filter = program.data()};
    if (::setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &request, sizeof request) != 0) {
        return errno;
    }
    return 0;
}

}  // namespace weft::sys
