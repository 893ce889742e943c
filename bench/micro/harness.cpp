// SPDX-License-Identifier: Apache-2.0
// Clock, packets and output of the AEAD programs (harness.hpp).
#include "harness.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>

#include <fcntl.h>
#include <sodium.h>
#include <sys/mman.h>

#include <weft/base/endian.hpp>
#include <weft/base/random.hpp>
#include <weft/base/unique_fd.hpp>

#ifdef __x86_64__
#include <x86intrin.h>
#endif

namespace weft::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kWorkingSet = std::size_t{512} * 1024;  // bytes of sealed packets: in L2
constexpr int kSamples = 5;                                   // the median of these is printed

/// The counter in shared memory that WEFT_BENCH_COUNTER names (arm/insn_count.c), if it does.
const volatile std::uint64_t* shared_counter() {
    const char* path = std::getenv("WEFT_BENCH_COUNTER");
    const UniqueFd fd{path != nullptr ? ::open(path, O_RDONLY | O_CLOEXEC) : -1};
    if (!fd.valid()) {
        return nullptr;
    }
    void* memory = ::mmap(nullptr, sizeof(std::uint64_t), PROT_READ, MAP_SHARED, fd.get(), 0);
    return memory != MAP_FAILED ? static_cast<const volatile std::uint64_t*>(memory) : nullptr;
}

std::uint64_t tsc() {
    static const volatile std::uint64_t* const shared = shared_counter();
    if (shared != nullptr) {
        return *shared;
    }
#ifdef __x86_64__
    unsigned processor = 0;
    return __rdtscp(&processor);
#else
    return 0;
#endif
}

struct Sample {
    double nanoseconds = 0;
    double cycles = 0;
};

/// Many packets of one size, with the sealed form of each to put back.
class Packets {
  public:
    Packets(std::size_t size, std::size_t batch)
        : count_(std::clamp(kWorkingSet / (size + kTag) / batch, std::size_t{1}, std::size_t{64}) *
                 batch),
          plain_(count_ * size),
          sealed_(count_ * (size + kTag)),
          packets_(count_) {
        SeededRandom{size}.fill(plain_);
        for (std::size_t i = 0; i < count_; ++i) {
            packets_[i] = {i + 1,
                           ConstBytes{plain_}.subspan(i * size, size),
                           Bytes{sealed_}.subspan(i * (size + kTag), size + kTag)};
        }
    }
    [[nodiscard]] std::span<Packet> all() { return packets_; }
    void keep() { kept_ = sealed_; }
    void put_back() { copy_bytes(kept_, sealed_); }
    /// Whether what was opened is what was sealed.
    [[nodiscard]] bool are_plain() const {
        return std::ranges::all_of(packets_, [](const Packet& p) {
            return std::ranges::equal(p.plain, ConstBytes{p.sealed}.first(p.plain.size()));
        });
    }

  private:
    std::size_t count_;
    std::vector<std::byte> plain_;
    std::vector<std::byte> sealed_;
    std::vector<std::byte> kept_;
    std::vector<Packet> packets_;
};

template <typename Work>
bool in_batches(std::span<Packet> packets, std::size_t batch, const Work& work) {
    bool good = true;
    for (std::size_t at = 0; at < packets.size(); at += batch) {
        good &= work(packets.subspan(at, std::min(batch, packets.size() - at)));
    }
    return good;
}

std::vector<std::byte> seal_by_libsodium(const Packet& packet) {
    std::vector<std::byte> sealed(packet.plain.size() + kTag);
    crypto_aead_chacha20poly1305_ietf_encrypt(as_uchar(sealed.data()),
                                              nullptr,
                                              as_uchar(packet.plain.data()),
                                              packet.plain.size(),
                                              nullptr,
                                              0,
                                              nullptr,
                                              as_uchar(nonce_bytes(packet.nonce).data()),
                                              as_uchar(bench_key().data()));
    return sealed;
}

/// Sealed as libsodium seals, opened again, and damage noticed.
bool is_right(Aead& aead, std::size_t size, std::size_t batch) {
    Packets packets{size, batch};
    const auto seal = [&](std::span<Packet> some) { return aead.seal(some), true; };
    const auto open = [&](std::span<Packet> some) { return aead.open(some); };
    in_batches(packets.all(), batch, seal);
    for (const Packet& packet : packets.all()) {
        if (!std::ranges::equal(packet.sealed, seal_by_libsodium(packet))) {
            return false;
        }
    }
    packets.keep();
    if (!in_batches(packets.all(), batch, open) || !packets.are_plain()) {
        return false;
    }
    packets.put_back();
    packets.all().back().sealed.back() ^= std::byte{1};
    return !in_batches(packets.all(), batch, open);
}

/// One sample: rounds over all packets until the time is over; only `work` is on the clock.
template <typename Prepare, typename Work>
Sample take(Packets& packets, int milliseconds, const Prepare& prepare, const Work& work) {
    const std::chrono::milliseconds wanted{milliseconds};
    Clock::duration spent{};
    std::uint64_t cycles = 0;
    std::uint64_t done = 0;
    while (spent < wanted) {
        prepare();
        const auto start = Clock::now();
        const std::uint64_t first = tsc();
        work();
        cycles += tsc() - first;
        spent += Clock::now() - start;
        done += packets.all().size();
    }
    const double count = static_cast<double>(done);
    return {std::chrono::duration<double, std::nano>{spent}.count() / count,
            static_cast<double>(cycles) / count};
}

template <typename Prepare, typename Work>
Sample median_of(Packets& packets, int milliseconds, const Prepare& prepare, const Work& work) {
    std::vector<Sample> samples;
    for (int i = 0; i < kSamples; ++i) {
        samples.push_back(take(packets, milliseconds / kSamples + 1, prepare, work));
    }
    std::ranges::sort(samples, {}, &Sample::nanoseconds);
    return samples[kSamples / 2];
}

std::vector<std::size_t> numbers(const std::string& text) {
    std::vector<std::size_t> found;
    const char* at = text.c_str();
    char* end = nullptr;
    for (; *at != '\0'; at = *end == ',' ? end + 1 : end) {
        found.push_back(std::strtoul(at, &end, 10));
        if (end == at || (*end != ',' && *end != '\0') || found.back() == 0) {
            return {};
        }
    }
    return found;
}

}  // namespace

ByteArray<32> bench_key() {
    ByteArray<32> key{};
    for (std::size_t i = 0; i < key.size(); ++i) {
        key[i] = static_cast<std::byte>(i);
    }
    return key;
}

ByteArray<12> nonce_bytes(std::uint64_t nonce) {
    ByteArray<12> bytes{};
    store_le64(&bytes[4], nonce);
    return bytes;
}

Options parse_options(int argc, char** argv) {
    Options options;
    bool good = argc % 2 == 1;
    for (int i = 1; good && i < argc; i += 2) {
        const std::string name = argv[i];
        const std::string value = argv[i + 1];
        if (name == "--sizes") {
            options.sizes = numbers(value);
        } else if (name == "--batches") {
            options.batches = numbers(value);
        } else if (name == "--isa") {
            options.isa = value;
        } else if (name == "--milliseconds") {
            options.milliseconds = std::atoi(value.c_str());
        } else {
            good = false;
        }
    }
    good &= !options.sizes.empty() && !options.batches.empty() && options.milliseconds > 0 &&
            std::ranges::max(options.batches) <= kBatchMax;
    if (!good) {
        std::cerr << "usage: [--sizes N,...] [--batches N,... (at most 32)] [--isa NAME] "
                     "[--milliseconds N of each figure]\n";
        std::exit(2);
    }
    return options;
}

bool measure(Aead& aead,
             const std::string& library,
             const std::string& isa,
             const std::string& version,
             const Options& options) {
    for (const std::size_t batch : options.batches) {
        for (const std::size_t size : options.sizes) {
            if (!is_right(aead, size, batch)) {
                std::cerr << library << ' ' << isa << ": wrong result at " << size << " bytes x "
                          << batch << '\n';
                return false;
            }
            Packets packets{size, batch};
            const auto seal = [&] {
                in_batches(packets.all(), batch, [&](std::span<Packet> some) {
                    return aead.seal(some), true;
                });
            };
            const auto open = [&] {
                in_batches(
                    packets.all(), batch, [&](std::span<Packet> some) { return aead.open(some); });
            };
            const Sample sealing = median_of(
                packets, options.milliseconds, [] {}, seal);
            packets.keep();
            const Sample opening = median_of(
                packets, options.milliseconds, [&] { packets.put_back(); }, open);
            for (const auto& [name, sample] :
                 {std::pair{"seal", sealing}, std::pair{"open", opening}}) {
                std::cout << library << '\t' << isa << '\t' << version << '\t' << name << '\t'
                          << size << '\t' << batch << '\t' << sample.nanoseconds << '\t'
                          << sample.cycles << '\n';
            }
        }
    }
    return true;
}

}  // namespace weft::bench
