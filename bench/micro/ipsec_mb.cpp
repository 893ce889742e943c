// SPDX-License-Identifier: Apache-2.0
// weft-bench-aead-ipsec-mb: Intel's multi-buffer library through its burst door (submit_burst and
// flush_burst, without the checks of arguments), for each of its instruction sets this CPU has.
#include <algorithm>
#include <iostream>
#include <memory>

#include <intel-ipsec-mb.h>

#include "harness.hpp"

namespace weft::bench {
namespace {

class IpsecMb final : public Aead {
  public:
    explicit IpsecMb(IMB_MGR& manager) : manager_(manager) {}

    void seal(std::span<Packet> packets) override {
        run(packets, [this](IMB_JOB& job, Packet& packet, std::size_t i) {
            const std::size_t size = packet.plain.size();
            fill(job, packet.nonce, i, size);
            job.cipher_direction = IMB_DIR_ENCRYPT;
            job.chain_order = IMB_ORDER_CIPHER_HASH;
            job.src = bytes(packet.plain);
            job.dst = bytes(packet.sealed);
            job.auth_tag_output = bytes(packet.sealed) + size;
        });
    }
    bool open(std::span<Packet> packets) override {
        run(packets, [this](IMB_JOB& job, Packet& packet, std::size_t i) {
            fill(job, packet.nonce, i, packet.sealed.size() - kTag);
            job.cipher_direction = IMB_DIR_DECRYPT;
            job.chain_order = IMB_ORDER_HASH_CIPHER;
            job.src = bytes(packet.sealed);
            job.dst = bytes(packet.sealed);
            job.auth_tag_output = bytes(Bytes{tags_[i]});
        });
        bool good = true;
        for (std::size_t i = 0; i < packets.size(); ++i) {
            good &= std::ranges::equal(packets[i].sealed.last(kTag), tags_[i]);
        }
        return good;
    }

  private:
    static std::uint8_t* bytes(Bytes of) { return reinterpret_cast<std::uint8_t*>(of.data()); }
    static const std::uint8_t* bytes(ConstBytes of) {
        return reinterpret_cast<const std::uint8_t*>(of.data());
    }

    void fill(IMB_JOB& job, std::uint64_t nonce, std::size_t i, std::size_t size) {
        nonces_[i] = nonce_bytes(nonce);
        job.cipher_mode = IMB_CIPHER_CHACHA20_POLY1305;
        job.hash_alg = IMB_AUTH_CHACHA20_POLY1305;
        job.enc_keys = key_.data();
        job.dec_keys = key_.data();
        job.key_len_in_bytes = key_.size();
        job.iv = bytes(ConstBytes{nonces_[i]});
        job.iv_len_in_bytes = nonces_[i].size();
        job.cipher_start_src_offset_in_bytes = 0;
        job.hash_start_src_offset_in_bytes = 0;
        job.msg_len_to_cipher_in_bytes = size;
        job.msg_len_to_hash_in_bytes = size;
        job.auth_tag_output_len_in_bytes = kTag;
        job.u.CHACHA20_POLY1305.aad = nullptr;
        job.u.CHACHA20_POLY1305.aad_len_in_bytes = 0;
    }

    template <typename Fill>
    void run(std::span<Packet> packets, const Fill& fill_job) {
        std::array<IMB_JOB*, kBatchMax> jobs{};
        const auto count = static_cast<std::uint32_t>(packets.size());
        IMB_GET_NEXT_BURST(&manager_, count, jobs.data());
        for (std::size_t i = 0; i < packets.size(); ++i) {
            fill_job(*jobs[i], packets[i], i);
        }
        std::uint32_t done = IMB_SUBMIT_BURST_NOCHECK(&manager_, count, jobs.data());
        while (done < count) {
            const std::uint32_t more = IMB_FLUSH_BURST(&manager_, count - done, jobs.data());
            if (more == 0) {
                return;  // the tags will be wrong
            }
            done += more;
        }
    }

    IMB_MGR& manager_;
    ByteArray<32> key_ = bench_key();
    std::array<ByteArray<12>, kBatchMax> nonces_{};
    std::array<ByteArray<kTag>, kBatchMax> tags_{};
};

struct Architecture {
    const char* isa;
    std::uint64_t needs;
    void (*initialize)(IMB_MGR*);
};

constexpr Architecture kArchitectures[] = {
    {"avx512", IMB_FEATURE_AVX512_SKX, init_mb_mgr_avx512},
    {"avx2", IMB_FEATURE_AVX2, init_mb_mgr_avx2},
    {"sse", IMB_FEATURE_SSE4_2, init_mb_mgr_sse},
};

bool measure_all(const Options& options) {
    for (const Architecture& architecture : kArchitectures) {
        if (!options.isa.empty() && options.isa != architecture.isa) {
            continue;
        }
        const std::unique_ptr<IMB_MGR, decltype(&free_mb_mgr)> manager{alloc_mb_mgr(0),
                                                                       free_mb_mgr};
        if (!manager || (manager->features & architecture.needs) != architecture.needs) {
            continue;
        }
        architecture.initialize(manager.get());
        IpsecMb aead{*manager};
        if (!measure(aead, "ipsec-mb", architecture.isa, imb_get_version_str(), options)) {
            return false;
        }
    }
    return true;
}

}  // namespace
}  // namespace weft::bench

int main(int argc, char** argv) {
    return weft::bench::measure_all(weft::bench::parse_options(argc, argv)) ? 0 : 1;
}
