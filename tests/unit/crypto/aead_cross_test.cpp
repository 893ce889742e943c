// SPDX-License-Identifier: Apache-2.0
// Every kernel table against libsodium's combined mode, crossed: each length with each
// misalignment, in place and not, heads and pads, batches of every shape and with several keys,
// buffers at the very edge of their pages, and ciphertexts and one-time keys at the edges of
// Poly1305's arithmetic. Release builds and WEFT_FULL=yes take every combination, others a sample.
#include <algorithm>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <weft/base/random.hpp>
#include <weft/crypto/aead.hpp>

#include "hex.hpp"
#include "seed.hpp"
#include "vector_file.hpp"

namespace weft::crypto {
namespace {

using Buffer = std::vector<std::byte>;

constexpr std::byte kCanary{0xc3};
constexpr std::size_t kMargin = 32;

/// Every how manieth combination is taken.
std::size_t stride() {
#if defined(NDEBUG)
    return 1;
#else
    return test::rounds<std::size_t>(17, 1);
#endif
}

Buffer random_bytes(RandomSource& random, std::size_t size) {
    Buffer bytes(size);
    random.fill(bytes);
    return bytes;
}

/// How one message lies in memory.
struct Shape {
    std::size_t size = 0;
    std::size_t head = 0;  // cut down to what fits
    std::size_t pad = 0;
    std::size_t source_offset = 0;
    std::size_t offset = 0;
    bool in_place = false;
};

/// A message with all of its memory, and what must come out.
class Message {
  public:
    Message(RandomSource& random, const AeadKey& key, const Shape& shape)
        : shape_(shape), nonce_(random.below(~std::uint64_t{0})), key_(key) {
        shape_.head = std::min({shape.head, shape.size, kHeadMax});
        shape_.pad = std::min(shape.pad, shape.size - shape_.head);
        plaintext_ = random_bytes(random, shape.size);
        std::fill(plaintext_.end() - static_cast<std::ptrdiff_t>(shape_.pad),
                  plaintext_.end(),
                  std::byte{0});
        expected_.resize(shape.size + kTagSize);
        seal_with_data(key, nonce_, {}, plaintext_, expected_);
        const std::size_t payload = shape.size - shape_.head - shape_.pad;
        source_.assign(shape.source_offset + payload, kCanary);
        std::copy_n(plaintext_.begin() + static_cast<std::ptrdiff_t>(shape_.head),
                    payload,
                    source_.begin() + static_cast<std::ptrdiff_t>(shape.source_offset));
        memory_.assign(kMargin + shape.offset + expected_.size() + kMargin, kCanary);
        if (shape.in_place) {
            copy_bytes(ConstBytes{source_}.subspan(shape.source_offset),
                       sealed().subspan(shape_.head));
        }
    }

    [[nodiscard]] SealJob seal_job() {
        const std::size_t payload = shape_.size - shape_.head - shape_.pad;
        return {.key = &key_,
                .nonce = nonce_,
                .head = ConstBytes{plaintext_}.first(shape_.head),
                .payload = shape_.in_place ? ConstBytes{sealed().subspan(shape_.head, payload)}
                                           : ConstBytes{source_}.subspan(shape_.source_offset),
                .pad = static_cast<std::uint32_t>(shape_.pad),
                .destination = sealed().data()};
    }
    [[nodiscard]] OpenJob open_job() { return {&key_, nonce_, sealed()}; }

    void check_sealed() {
        ASSERT_TRUE(std::equal(expected_.begin(), expected_.end(), sealed().begin())) << text();
        check_margins();
    }
    void check_opened(bool ok) {
        ASSERT_TRUE(ok) << text();
        ASSERT_TRUE(std::equal(plaintext_.begin(), plaintext_.end(), sealed().begin())) << text();
        check_margins();
    }

  private:
    [[nodiscard]] Bytes sealed() {
        return Bytes{memory_}.subspan(kMargin + shape_.offset, expected_.size());
    }
    [[nodiscard]] std::string text() const {
        return std::to_string(shape_.size) + " bytes, head " + std::to_string(shape_.head) +
               ", pad " + std::to_string(shape_.pad) + ", at " + std::to_string(shape_.offset) +
               (shape_.in_place ? ", in place" : "");
    }
    void check_margins() {
        const auto is_canary = [](std::byte byte) { return byte == kCanary; };
        const auto front = static_cast<std::ptrdiff_t>(kMargin + shape_.offset);
        ASSERT_TRUE(std::all_of(memory_.begin(), memory_.begin() + front, is_canary)) << text();
        ASSERT_TRUE(std::all_of(memory_.end() - kMargin, memory_.end(), is_canary)) << text();
    }

    Shape shape_;
    std::uint64_t nonce_;
    const AeadKey& key_;
    Buffer plaintext_;
    Buffer expected_;
    Buffer source_;
    Buffer memory_;
};

class CrossKernel : public testing::TestWithParam<const AeadKernels*> {
  protected:
    CrossKernel() {
        for (AeadKey& key : keys_) {
            random_.fill(key.mutable_bytes());
        }
    }

    /// Seals and opens `messages` as one batch.
    static void run(std::vector<Message>& messages) {
        std::vector<SealJob> seals;
        std::vector<OpenJob> opens;
        for (Message& message : messages) {
            seals.push_back(message.seal_job());
            opens.push_back(message.open_job());
        }
        GetParam()->seal(seals);
        for (Message& message : messages) {
            ASSERT_NO_FATAL_FAILURE(message.check_sealed());
        }
        GetParam()->open(opens);
        for (std::size_t i = 0; i < messages.size(); ++i) {
            ASSERT_NO_FATAL_FAILURE(messages[i].check_opened(opens[i].ok));
        }
    }

    SeededRandom random_{71};
    AeadKey keys_[3];
};

INSTANTIATE_TEST_SUITE_P(Available,
                         CrossKernel,
                         testing::ValuesIn(available_kernels().begin(), available_kernels().end()),
                         [](const auto& each) { return std::string{each.param->name}; });

/// Each length by itself and in a batch with its like, over misalignments and places.
TEST_P(CrossKernel, EveryLengthAtEveryMisalignmentInPlaceAndNot) {
    std::vector<std::size_t> sizes;
    for (std::size_t size = 0; size <= 2048; ++size) {
        sizes.push_back(size);
    }
    sizes.insert(sizes.end(), {4095, 4096, 4097, 9000, 65535});
    std::size_t taken = 0;
    for (const std::size_t size : sizes) {
        for (std::size_t offset = 0; offset < 16; offset += 5) {
            for (const bool in_place : {false, true}) {
                if (++taken % stride() != 0) {
                    continue;
                }
                const std::size_t count = taken % 3 == 0 ? 1 : 2 + taken % 8;
                std::vector<Message> messages;
                for (std::size_t i = 0; i < (size > 9000 ? 1 : count); ++i) {
                    messages.emplace_back(random_,
                                          keys_[(taken + i) % 3],
                                          Shape{.size = size,
                                                .head = (taken * 7) % 130,
                                                .pad = taken % 4 == 0 ? taken % 17 : 0,
                                                .source_offset = (taken + i) % 16,
                                                .offset = offset + i % 2,
                                                .in_place = in_place});
                }
                ASSERT_NO_FATAL_FAILURE(run(messages));
            }
        }
    }
}

/// Heads of every length with payloads and pads that move every edge across the blocks.
TEST_P(CrossKernel, EveryHeadWithPayloadsAndPadsAroundTheBlocks) {
    std::size_t taken = 0;
    for (std::size_t head = 0; head <= kHeadMax; ++head) {
        for (const std::size_t payload : {0u, 1u, 15u, 63u, 64u, 65u, 127u, 200u, 321u}) {
            for (const std::size_t pad : {0u, 1u, 16u, 63u, 130u}) {
                if (++taken % stride() != 0) {
                    continue;
                }
                std::vector<Message> messages;
                for (std::size_t i = 0; i < 1 + taken % 9; ++i) {
                    messages.emplace_back(random_,
                                          keys_[i % 3],
                                          Shape{.size = head + payload + pad,
                                                .head = head,
                                                .pad = pad,
                                                .in_place = taken % 2 == 0});
                }
                ASSERT_NO_FATAL_FAILURE(run(messages));
            }
        }
    }
}

/// Batches of up to 130 messages: equal lengths, equal but the last, any lengths, one long one.
TEST_P(CrossKernel, BatchesOfEveryShape) {
    std::size_t taken = 0;
    for (std::size_t count = 1; count <= 130; count += count < 40 ? 1 : 15) {
        for (unsigned kind = 0; kind < 5; ++kind) {
            if (++taken % stride() != 0) {
                continue;
            }
            const std::size_t usual = random_.below(1500);
            const std::size_t keys = 1 + random_.below(3);
            std::vector<Message> messages;
            for (std::size_t i = 0; i < count; ++i) {
                const bool is_last = i + 1 == count;
                const std::size_t sizes[] = {usual,
                                             is_last ? usual / 3 : usual,
                                             random_.below(1500),
                                             random_.below(200),
                                             i == count / 2 ? 1500 : random_.below(80)};
                messages.emplace_back(random_,
                                      keys_[random_.below(keys)],
                                      Shape{.size = sizes[kind],
                                            .head = random_.below(60),
                                            .pad = random_.below(16),
                                            .source_offset = random_.below(16),
                                            .offset = random_.below(16),
                                            .in_place = random_.below(2) == 0});
            }
            ASSERT_NO_FATAL_FAILURE(run(messages));
        }
    }
}

/// Memory between two pages that nobody may touch.
class GuardedMemory {
  public:
    explicit GuardedMemory(std::size_t size)
        : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))),
          room_((size + page_ - 1) / page_ * page_ + page_),
          base_(mmap(nullptr, room_ + 2 * page_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
        if (base_ == MAP_FAILED || mprotect(inside(), room_, PROT_READ | PROT_WRITE) != 0) {
            throw std::bad_alloc{};
        }
    }
    GuardedMemory(const GuardedMemory&) = delete;
    GuardedMemory& operator=(const GuardedMemory&) = delete;
    ~GuardedMemory() { munmap(base_, room_ + 2 * page_); }

    /// `size` bytes that begin after the first guard, or end before the last one.
    [[nodiscard]] Bytes edge(std::size_t size, bool at_end) {
        return {inside() + (at_end ? room_ - size : 0), size};
    }

  private:
    [[nodiscard]] std::byte* inside() { return static_cast<std::byte*>(base_) + page_; }

    std::size_t page_;
    std::size_t room_;
    void* base_;
};

TEST_P(CrossKernel, TouchesNothingBesideItsBuffers) {
    constexpr std::size_t kCount = 9;  // a full column of any kernel, and one more
    std::vector<std::size_t> sizes{0, 1, 15, 16, 17, 63, 64, 65, 100, 127, 128, 129, 191, 192, 193};
    sizes.insert(sizes.end(), {255, 256, 257, 511, 513, 1023, 1025, 1420, 2047, 4096, 9000});
    std::vector<std::unique_ptr<GuardedMemory>> heads;
    std::vector<std::unique_ptr<GuardedMemory>> payloads;
    std::vector<std::unique_ptr<GuardedMemory>> results;
    for (std::size_t i = 0; i < kCount; ++i) {
        heads.push_back(std::make_unique<GuardedMemory>(kHeadMax));
        payloads.push_back(std::make_unique<GuardedMemory>(9000));
        results.push_back(std::make_unique<GuardedMemory>(9000 + kTagSize));
    }
    for (const std::size_t size : sizes) {
        for (const bool at_end : {false, true}) {
            for (const std::size_t batch : {std::size_t{1}, kCount}) {
                std::vector<SealJob> seals;
                std::vector<OpenJob> opens;
                for (std::size_t i = 0; i < kCount; ++i) {
                    const std::size_t head = std::min<std::size_t>(size, i * 16);
                    SealJob job;
                    job.key = &keys_[i % 3];
                    job.nonce = size + i;
                    job.head = heads[i]->edge(head, at_end);
                    job.payload = payloads[i]->edge(size - head, at_end);
                    const Bytes result = results[i]->edge(size + kTagSize, at_end);
                    job.destination = result.data();
                    seals.push_back(job);
                    opens.push_back({job.key, job.nonce, result});
                }
                for (std::size_t at = 0; at < kCount; at += batch) {
                    GetParam()->seal(std::span{seals}.subspan(at, batch));
                    GetParam()->open(std::span{opens}.subspan(at, batch));
                }
                for (const OpenJob& open : opens) {
                    ASSERT_TRUE(open.ok) << size;
                }
            }
        }
    }
}

/// Plaintexts that make the ciphertext `pattern` throughout.
Buffer plaintext_for(const AeadKey& key, std::uint64_t nonce, const Buffer& pattern) {
    Buffer stream(pattern.size() + kTagSize);
    seal_with_data(key, nonce, {}, Buffer(pattern.size()), stream);
    Buffer plaintext(pattern.size());
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        plaintext[i] = stream[i] ^ pattern[i];
    }
    return plaintext;
}

/// All ones drive the sums of Poly1305 to their largest, and Wycheproof's keys its factors.
TEST_P(CrossKernel, AgreesAtTheEdgesOfPoly1305) {
    std::size_t keys = 0;
    for (const auto& fields : test::read_vectors("chacha20poly1305_wycheproof.txt")) {
        const AeadKey key{test::unhex_array<32>(fields.at(0))};
        const std::uint64_t nonce = std::stoull(fields.at(1));
        ++keys;
        for (const std::size_t size : {16u, 63u, 64u, 192u, 448u, 1024u, 1424u, 8192u}) {
            std::vector<Buffer> patterns{Buffer(size, std::byte{0xff}), Buffer(size)};
            patterns.push_back(patterns[0]);
            patterns.back()[0] = std::byte{0xfb};  // 2^130 - 5 and below
            patterns.push_back(patterns[1]);
            patterns.back()[size - 1] = std::byte{0x80};
            std::vector<Buffer> plaintexts;
            std::vector<Buffer> sealed(patterns.size(), Buffer(size + kTagSize));
            std::vector<SealJob> seals;
            for (std::size_t i = 0; i < patterns.size(); ++i) {
                plaintexts.push_back(plaintext_for(key, nonce, patterns[i]));
            }
            for (std::size_t i = 0; i < patterns.size(); ++i) {
                seals.push_back({&key, nonce, {}, plaintexts[i], 0, sealed[i].data()});
            }
            GetParam()->seal(seals);
            for (std::size_t i = 0; i < patterns.size(); ++i) {
                Buffer expected(size + kTagSize);
                seal_with_data(key, nonce, {}, plaintexts[i], expected);
                ASSERT_EQ(sealed[i], expected) << size << ' ' << i;
                Buffer alone(size + kTagSize);
                const SealJob one{&key, nonce, {}, plaintexts[i], 0, alone.data()};
                GetParam()->seal({&one, 1});
                ASSERT_EQ(alone, expected) << size << ' ' << i;
            }
        }
    }
    EXPECT_EQ(keys, 10u);
}

}  // namespace
}  // namespace weft::crypto
