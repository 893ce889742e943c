// SPDX-License-Identifier: Apache-2.0
// What the AEAD programs share: packets, the clock, options and output. Each program measures one
// library, so that libraries of equal symbol names never meet and each has the CPU's state (lane
// width, clock) to itself; bench/harness/micro.py interleaves the programs.
//
// A figure is the time per packet of sealing (payload to another place) or opening (in place), one
// packet a call or 32. Before each sample of opening the sealed bytes are put back, outside the
// clock.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <weft/base/bytes.hpp>

namespace weft::bench {

inline constexpr std::size_t kTag = 16;
inline constexpr std::size_t kBatchMax = 32;

/// One packet: `plain` of some size, and as many bytes and a tag at `sealed`.
struct Packet {
    std::uint64_t nonce = 0;
    ConstBytes plain;
    Bytes sealed;
};

/// A library under test with a key in place. Its calls take 1 to kBatchMax packets.
class Aead {
  public:
    Aead() = default;
    Aead(const Aead&) = delete;
    Aead& operator=(const Aead&) = delete;
    virtual ~Aead() = default;

    /// plain -> sealed.
    virtual void seal(std::span<Packet> packets) = 0;
    /// sealed -> its plaintext, in place; false if any tag was bad.
    [[nodiscard]] virtual bool open(std::span<Packet> packets) = 0;
};

/// 00 01 02 ... 1f
[[nodiscard]] ByteArray<32> bench_key();
/// 32 zero bits and the little-endian counter (WireGuard paper, 5.4.6).
[[nodiscard]] ByteArray<12> nonce_bytes(std::uint64_t nonce);

struct Options {
    std::vector<std::size_t> sizes{64, 256, 576, 1420, 8900};
    std::vector<std::size_t> batches{1, kBatchMax};
    std::string isa;  // only this one; empty: all
    int milliseconds = 20;
};

/// --sizes A,B --batches A,B --isa NAME --milliseconds N; anything else ends the program with 2.
[[nodiscard]] Options parse_options(int argc, char** argv);

/// Proves that `aead` seals what RFC 8439 says (against libsodium) and refuses damage, then prints
/// a line for each operation, size and batch:
///   library <tab> isa <tab> version <tab> seal|open <tab> size <tab> batch <tab> ns <tab> TSC
///   cycles
/// (0 cycles where there is no TSC; with WEFT_BENCH_COUNTER=FILE the difference of the counter that
/// lies there). False, with a message, if it is not right.
[[nodiscard]] bool measure(Aead& aead,
                           const std::string& library,
                           const std::string& isa,
                           const std::string& version,
                           const Options& options);

}  // namespace weft::bench
