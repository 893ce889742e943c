// SPDX-License-Identifier: Apache-2.0
// weft-bench-aead-weft: every table of kernels that this CPU can run, through the daemon's own
// door.
#include <array>
#include <iostream>

#include <weft/crypto/aead.hpp>

#include "harness.hpp"

namespace weft::bench {
namespace {

class Kernels final : public Aead {
  public:
    explicit Kernels(const crypto::AeadKernels& kernels) : kernels_(kernels), key_(bench_key()) {}

    void seal(std::span<Packet> packets) override {
        for (std::size_t i = 0; i < packets.size(); ++i) {
            seals_[i] = {.key = &key_,
                         .nonce = packets[i].nonce,
                         .head = {},
                         .payload = packets[i].plain,
                         .pad = 0,
                         .destination = packets[i].sealed.data()};
        }
        kernels_.seal(std::span{seals_}.first(packets.size()));
    }
    bool open(std::span<Packet> packets) override {
        for (std::size_t i = 0; i < packets.size(); ++i) {
            opens_[i] = {
                .key = &key_, .nonce = packets[i].nonce, .sealed = packets[i].sealed, .ok = false};
        }
        const std::span jobs = std::span{opens_}.first(packets.size());
        kernels_.open(jobs);
        bool good = true;
        for (const auto& job : jobs) {
            good &= job.ok;
        }
        return good;
    }

  private:
    const crypto::AeadKernels& kernels_;
    crypto::AeadKey key_;
    std::array<crypto::SealJob, kBatchMax> seals_;
    std::array<crypto::OpenJob, kBatchMax> opens_;
};

}  // namespace
}  // namespace weft::bench

int main(int argc, char** argv) {
    using namespace weft;
    const bench::Options options = bench::parse_options(argc, argv);
    bool known = false;
    for (const crypto::AeadKernels* kernels : crypto::available_kernels()) {
        if (!options.isa.empty() && options.isa != kernels->name) {
            continue;
        }
        known = true;
        bench::Kernels aead{*kernels};
        if (!bench::measure(aead, "weft", kernels->name, WEFT_VERSION, options)) {
            return 1;
        }
    }
    if (!known) {
        std::cerr << "no such kernels here: " << options.isa << '\n';
        return 2;
    }
    return 0;
}
