// SPDX-License-Identifier: Apache-2.0
// Every kernel table against the vectors and against libsodium's combined mode, over lengths,
// splits, pads, misalignments and damage; then the messages with associated data.
#include <algorithm>
#include <array>
#include <vector>

#include <gtest/gtest.h>

#include <weft/base/random.hpp>
#include <weft/crypto/aead.hpp>
#include <weft/crypto/x25519.hpp>

#include "hex.hpp"
#include "vector_file.hpp"

namespace weft::crypto {
namespace {

using test::unhex;
using test::unhex_array;
using Buffer = std::vector<std::byte>;

constexpr std::byte kCanary{0xc3};

AeadKey key_from(std::string_view hex) {
    return AeadKey{unhex_array<32>(hex)};
}

AeadKey random_key(RandomSource& random) {
    AeadKey key;
    random.fill(key.mutable_bytes());
    return key;
}

Buffer random_bytes(RandomSource& random, std::size_t size) {
    Buffer bytes(size);
    random.fill(bytes);
    return bytes;
}

// ---- choosing -----------------------------------------------------------------------------------

TEST(Kernels, OfThisMachineAllPassTheirSelfTest) {
    ASSERT_TRUE(initialize());
    ASSERT_FALSE(available_kernels().empty());
    for (const AeadKernels* kernels : available_kernels()) {
        EXPECT_TRUE(self_test(*kernels)) << kernels->name;
    }
    EXPECT_TRUE(failed_kernels().empty());
}

TEST(Kernels, AreChosenByNameAndAutoIsTheBest) {
    const auto best = choose_kernels("auto");
    ASSERT_TRUE(best);
    EXPECT_EQ(*best, available_kernels().front());
    for (const AeadKernels* kernels : available_kernels()) {
        const auto chosen = choose_kernels(kernels->name);
        ASSERT_TRUE(chosen);
        EXPECT_EQ(*chosen, kernels);
    }
    EXPECT_STREQ((*choose_kernels("libsodium"))->name, "libsodium");
}

TEST(Kernels, ThatAreNotThereAreAnErrorThatListsTheOthers) {
    for (const auto* wish : {"", "enigma", "AUTO", "libsodium "}) {
        const auto chosen = choose_kernels(wish);
        ASSERT_FALSE(chosen) << wish;
        EXPECT_NE(chosen.error().cause.find('"' + std::string{wish} + '"'), std::string::npos);
        EXPECT_NE(chosen.error().remedy.find("auto"), std::string::npos);
        EXPECT_NE(chosen.error().remedy.find("libsodium"), std::string::npos);
    }
}

TEST(SelfTest, FailsKernelsThatAreWrong) {
    constexpr auto kSealNothing = [](std::span<const SealJob>) noexcept {};
    constexpr auto kOpenNothing = [](std::span<OpenJob>) noexcept {};
    constexpr auto kAcceptAll = [](std::span<OpenJob> jobs) noexcept {
        available_kernels().back()->open(jobs);
        for (OpenJob& job : jobs) {
            job.ok = true;
        }
    };
    constexpr auto kForgetCounterTop = [](std::span<const SealJob> jobs) noexcept {
        for (SealJob job : jobs) {
            job.nonce &= 0xffffffff;
            available_kernels().back()->seal({&job, 1});
        }
    };
    const AeadKernels& good = *available_kernels().back();
    EXPECT_TRUE(self_test({"good", good.seal, good.open}));
    EXPECT_FALSE(self_test({"bad", kSealNothing, good.open}));
    EXPECT_FALSE(self_test({"bad", good.seal, kOpenNothing}));
    EXPECT_FALSE(self_test({"bad", good.seal, kAcceptAll}));
    EXPECT_FALSE(self_test({"bad", kForgetCounterTop, good.open}));
}

// ---- every kernel table -------------------------------------------------------------------------

class EachKernel : public testing::TestWithParam<const AeadKernels*> {
  protected:
    const AeadKernels& kernels() const { return *GetParam(); }
};

INSTANTIATE_TEST_SUITE_P(Available,
                         EachKernel,
                         testing::ValuesIn(available_kernels().begin(), available_kernels().end()),
                         [](const auto& each) { return std::string{each.param->name}; });

/// A job with all of its memory, between canaries, at a chosen misalignment.
struct SealCase {
    Buffer head;
    Buffer payload;
    Buffer expected;
    Buffer memory;
    std::size_t offset;
    SealJob job;

    SealCase(RandomSource& random, const AeadKey& key, std::size_t size, std::size_t misalignment)
        : offset(16 + misalignment) {
        const std::size_t head_size = random.below(std::min(size, kHeadMax) + 1);
        const std::size_t pad = random.below(std::min<std::size_t>(size - head_size, 40) + 1);
        head = random_bytes(random, head_size);
        payload = random_bytes(random, size - head_size - pad);

        Buffer plaintext = head;
        plaintext.insert(plaintext.end(), payload.begin(), payload.end());
        plaintext.resize(size);
        job.key = &key;
        job.nonce = random.below(~std::uint64_t{0});
        expected.resize(size + kTagSize);
        seal_with_data(key, job.nonce, {}, plaintext, expected);

        memory.assign(offset + size + kTagSize + 16, kCanary);
        job.destination = memory.data() + offset;
        job.head = head;
        job.payload = payload;
        job.pad = static_cast<std::uint32_t>(pad);
        if (random.below(2) == 0) {
            copy_bytes(payload, Bytes{memory}.subspan(offset + head_size));
            job.payload = ConstBytes{memory}.subspan(offset + head_size, payload.size());
        }
    }

    [[nodiscard]] Bytes sealed() { return Bytes{memory}.subspan(offset, expected.size()); }
    void check() {
        EXPECT_EQ(job.sealed_size(), expected.size());
        ASSERT_TRUE(std::equal(expected.begin(), expected.end(), sealed().begin()))
            << expected.size() << " bytes at " << offset;
        const auto is_canary = [](std::byte byte) { return byte == kCanary; };
        ASSERT_TRUE(std::all_of(memory.begin(), memory.end() - 16 - ssize(expected), is_canary));
        ASSERT_TRUE(std::all_of(memory.end() - 16, memory.end(), is_canary));
    }
};

TEST_P(EachKernel, AgreesWithTheVectors) {
    std::size_t used = 0;
    for (const auto& fields : test::read_vectors("chacha20poly1305.txt")) {
        if (fields.at(2) != "-") {
            continue;  // data messages have no associated data
        }
        ++used;
        const AeadKey key = key_from(fields.at(0));
        const Buffer plaintext = unhex(fields.at(3));
        Buffer sealed(plaintext.size() + kTagSize);
        SealJob seal;
        seal.key = &key;
        seal.nonce = std::stoull(fields.at(1));
        seal.payload = plaintext;
        seal.destination = sealed.data();
        kernels().seal({&seal, 1});
        ASSERT_EQ(to_hex(sealed), fields.at(4));

        OpenJob open{&key, seal.nonce, sealed};
        kernels().open({&open, 1});
        ASSERT_TRUE(open.ok);
        sealed.resize(plaintext.size());
        ASSERT_EQ(sealed, plaintext);
    }
    EXPECT_GT(used, 30u);
}

TEST_P(EachKernel, SealsAndOpensEveryLengthAtEveryMisalignment) {
    SeededRandom random{31};
    const AeadKey keys[] = {random_key(random), random_key(random)};
    std::vector<std::size_t> sizes;
    for (std::size_t size = 0; size <= 600; ++size) {
        sizes.push_back(size);
    }
    sizes.insert(sizes.end(), {1023, 1024, 1025, 1392, 1420, 1424, 1440, 4096, 8960, 65000});

    std::vector<SealCase> cases;
    std::vector<SealJob> seals;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        cases.emplace_back(random, keys[random.below(2)], sizes[i], random.below(16));
        seals.push_back(cases.back().job);
    }
    for (std::size_t at = 0; at < seals.size();) {  // batches of 0 to 20 jobs
        const std::size_t batch = std::min<std::size_t>(random.below(21), seals.size() - at);
        kernels().seal(std::span{seals}.subspan(at, batch));
        at += batch;
    }
    std::vector<OpenJob> opens;
    for (SealCase& one : cases) {
        ASSERT_NO_FATAL_FAILURE(one.check());
        opens.push_back({one.job.key, one.job.nonce, one.sealed()});
    }
    for (std::size_t at = 0; at < opens.size();) {
        const std::size_t batch = std::min<std::size_t>(random.below(21), opens.size() - at);
        kernels().open(std::span{opens}.subspan(at, batch));
        at += batch;
    }
    for (std::size_t i = 0; i < cases.size(); ++i) {
        ASSERT_TRUE(opens[i].ok) << sizes[i];
        Buffer plaintext = cases[i].head;
        plaintext.insert(plaintext.end(), cases[i].payload.begin(), cases[i].payload.end());
        plaintext.resize(sizes[i]);
        ASSERT_TRUE(std::equal(plaintext.begin(), plaintext.end(), opens[i].sealed.begin()));
    }
}

TEST_P(EachKernel, TakesHeadsPayloadsAndPadsOfEverySmallSize) {
    SeededRandom random{32};
    const AeadKey key = random_key(random);
    for (std::size_t head_size = 0; head_size <= kHeadMax; head_size += head_size < 34 ? 1 : 47) {
        for (std::size_t payload_size = 0; payload_size <= 34; ++payload_size) {
            for (std::uint32_t pad = 0; pad <= 17; pad += pad < 2 ? 1 : 5) {
                const Buffer head = random_bytes(random, head_size);
                const Buffer payload = random_bytes(random, payload_size);
                Buffer plaintext = head;
                plaintext.insert(plaintext.end(), payload.begin(), payload.end());
                plaintext.resize(plaintext.size() + pad);
                Buffer expected(plaintext.size() + kTagSize);
                seal_with_data(key, 7, {}, plaintext, expected);
                Buffer sealed(expected.size(), kCanary);
                const SealJob job{&key, 7, head, payload, pad, sealed.data()};
                kernels().seal({&job, 1});
                ASSERT_EQ(sealed, expected) << head_size << ' ' << payload_size << ' ' << pad;
            }
        }
    }
}

TEST_P(EachKernel, RefusesEveryFlippedBit) {
    SeededRandom random{33};
    const AeadKey key = random_key(random);
    for (const std::size_t size : {0u, 1u, 16u, 33u, 200u}) {
        Buffer good(size + kTagSize);
        seal_with_data(key, 9, {}, random_bytes(random, size), good);
        for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
            Buffer bad = good;
            bad[bit / 8] ^= std::byte{1} << (bit % 8);
            OpenJob job{&key, 9, bad, true};
            kernels().open({&job, 1});
            ASSERT_FALSE(job.ok) << size << " bytes, bit " << bit;
        }
    }
}

TEST_P(EachKernel, JudgesEachJobOfABatchOnItsOwn) {
    SeededRandom random{34};
    const AeadKey key = random_key(random);
    const AeadKey other_key = random_key(random);
    for (unsigned pattern = 0; pattern < 256; ++pattern) {
        std::vector<Buffer> messages;
        std::vector<OpenJob> jobs;
        for (std::size_t i = 0; i < 8; ++i) {
            messages.emplace_back(i * 33 + pattern % 5 + kTagSize);
            Buffer& message = messages.back();
            seal_with_data(key, i, {}, random_bytes(random, message.size() - kTagSize), message);
            OpenJob job{&key, i, message, random.below(2) == 0};
            if ((pattern >> i & 1) != 0) {
                switch (random.below(4)) {
                    case 0:
                        message.back() ^= std::byte{0x80};
                        break;
                    case 1:
                        message.front() ^= std::byte{1};
                        break;
                    case 2:
                        job.nonce ^= std::uint64_t{1} << random.below(64);
                        break;
                    default:
                        job.key = &other_key;
                }
            }
            jobs.push_back(job);
        }
        kernels().open(jobs);
        for (std::size_t i = 0; i < jobs.size(); ++i) {
            ASSERT_EQ(jobs[i].ok, (pattern >> i & 1) == 0) << pattern << ' ' << i;
        }
    }
}

TEST_P(EachKernel, RefusesWhatIsShorterThanATag) {
    const AeadKey key;
    Buffer message(kTagSize - 1);
    std::array<OpenJob, 2> jobs{{{&key, 0, message, true}, {&key, 0, {}, true}}};
    kernels().open(jobs);
    EXPECT_FALSE(jobs[0].ok);
    EXPECT_FALSE(jobs[1].ok);
}

TEST_P(EachKernel, TakesAnEmptyBatch) {
    kernels().seal({});
    kernels().open({});
}

// ---- messages with associated data --------------------------------------------------------------

TEST(SealWithData, AgreesWithRfc8439AndTheOtherVectors) {
    for (const auto& fields : test::read_vectors("chacha20poly1305.txt")) {
        const AeadKey key = key_from(fields.at(0));
        const std::uint64_t counter = std::stoull(fields.at(1));
        const Buffer data = unhex(fields.at(2));
        const Buffer plaintext = unhex(fields.at(3));
        Buffer sealed(plaintext.size() + kTagSize);
        seal_with_data(key, counter, data, plaintext, sealed);
        EXPECT_EQ(to_hex(sealed), fields.at(4));
        Buffer opened(plaintext.size());
        EXPECT_TRUE(open_with_data(key, counter, data, sealed, opened));
        EXPECT_EQ(opened, plaintext);
    }
}

TEST(OpenWithData, LeavesZerosWhenAnythingIsWrong) {
    SeededRandom random{35};
    const AeadKey key = random_key(random);
    const AeadKey other_key = random_key(random);
    const Buffer data = random_bytes(random, 32);
    Buffer sealed(32 + kTagSize);
    seal_with_data(key, 1, data, random_bytes(random, 32), sealed);

    const Buffer zeros(32);
    const auto refuses = [&](const AeadKey& with, std::uint64_t counter, ConstBytes ad) {
        Buffer opened(32, kCanary);
        return !open_with_data(with, counter, ad, sealed, opened) && opened == zeros;
    };
    EXPECT_TRUE(refuses(other_key, 1, data));
    EXPECT_TRUE(refuses(key, 2, data));
    EXPECT_TRUE(refuses(key, 1, ConstBytes{data}.first(31)));
    for (std::byte& byte : sealed) {
        byte ^= std::byte{0x10};
        EXPECT_TRUE(refuses(key, 1, data));
        byte ^= std::byte{0x10};
    }
    EXPECT_FALSE(refuses(key, 1, data));
}

TEST(Xseal, AgreesWithTheDraft) {
    const auto cases = test::read_vectors("xchacha20poly1305.txt");
    const auto& fields = cases.at(0);
    const AeadKey key = key_from(fields.at(0));
    const auto nonce = unhex_array<24>(fields.at(1));
    const Buffer data = unhex(fields.at(2));
    const Buffer plaintext = unhex(fields.at(3));
    Buffer sealed(plaintext.size() + kTagSize);
    xseal(key, nonce, data, plaintext, sealed);
    EXPECT_EQ(to_hex(sealed), fields.at(4));
    EXPECT_EQ(fields.at(4).substr(fields.at(4).size() - 32), "c0875924c1c7987947deafd8780acf49");
}

TEST(Xopen, OpensItsOwnAndLeavesZerosOtherwise) {
    SeededRandom random{36};
    const AeadKey key = random_key(random);
    ByteArray<24> nonce{};
    random.fill(nonce);
    const Buffer cookie = random_bytes(random, 16);
    const Buffer mac1 = random_bytes(random, 16);
    Buffer sealed(cookie.size() + kTagSize);
    xseal(key, nonce, mac1, cookie, sealed);

    Buffer opened(16, kCanary);
    EXPECT_TRUE(xopen(key, nonce, mac1, sealed, opened));
    EXPECT_EQ(opened, cookie);
    for (std::byte& byte : nonce) {
        byte ^= std::byte{1};
        EXPECT_FALSE(xopen(key, nonce, mac1, sealed, opened));
        EXPECT_EQ(opened, Buffer(16));
        byte ^= std::byte{1};
    }
    EXPECT_FALSE(xopen(key, nonce, {}, sealed, opened));
}

}  // namespace
}  // namespace weft::crypto
