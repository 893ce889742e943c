// SPDX-License-Identifier: Apache-2.0
// BLAKE2s, HMAC and KDF against RFC 7693, Python's hashlib (tests/vectors), libb2 where it is
// installed, and a plain reading of RFC 2104.
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

// Debian's cross compilers see the build machine's headers but not its libraries, so that finding
// the header is not enough; the oracle is asked on x86-64 alone.
#if defined(__x86_64__) && __has_include(<blake2.h>)
#define WEFT_TEST_LIBB2
#include <blake2.h>
#endif

#include <weft/base/endian.hpp>
#include <weft/base/random.hpp>
#include <weft/crypto/blake2s.hpp>

#include "hex.hpp"
#include "vector_file.hpp"

namespace weft::crypto {
namespace {

using test::unhex;
using Buffer = std::vector<std::byte>;

Buffer random_bytes(RandomSource& random, std::size_t size) {
    Buffer bytes(size);
    random.fill(bytes);
    return bytes;
}

Buffer hash_of(std::size_t output_size, ConstBytes key, ConstBytes data) {
    Buffer out(output_size);
    Blake2s{output_size, key}.update(data).finish(out);
    return out;
}

TEST(Blake2s, AgreesWithTheVectors) {
    for (const auto& fields : test::read_vectors("blake2s.txt")) {
        const std::size_t output_size = std::stoul(fields.at(0));
        EXPECT_EQ(to_hex(hash_of(output_size, unhex(fields.at(1)), unhex(fields.at(2)))),
                  fields.at(3));
    }
}

TEST(Blake2s, HashesAbcAsInAppendixB) {
    EXPECT_EQ(to_hex(blake2s(bytes_of("abc"))),
              "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982");
}

/// RFC 7693, appendix E: data that both the hash and its key are filled with.
Buffer selftest_sequence(std::size_t size) {
    Buffer out(size);
    auto a = static_cast<std::uint32_t>(0xdead4bad * std::uint64_t{size});
    std::uint32_t b = 1;
    for (std::byte& byte : out) {
        const std::uint32_t t = a + b;
        a = b;
        b = t;
        byte = static_cast<std::byte>(t >> 24);
    }
    return out;
}

TEST(Blake2s, PassesTheSelfTestOfAppendixE) {
    Blake2s grand{32};
    for (const std::size_t output_size : {16u, 20u, 28u, 32u}) {
        for (const std::size_t input_size : {0u, 3u, 64u, 65u, 255u, 1024u}) {
            const Buffer input = selftest_sequence(input_size);
            grand.update(hash_of(output_size, {}, input));
            grand.update(hash_of(output_size, selftest_sequence(output_size), input));
        }
    }
    Hash result{};
    grand.finish(result);
    EXPECT_EQ(to_hex(result), "6a411f08ce25adcdfb02aba641451cec53c598b24f4fc787fbdc88797f4c1dfe");
}

TEST(Blake2s, DoesNotCareHowTheDataIsCut) {
    SeededRandom random{41};
    const Buffer data = random_bytes(random, 400);
    const Buffer key = random_bytes(random, 32);
    const Buffer whole = hash_of(32, key, data);
    for (int i = 0; i < 500; ++i) {
        Blake2s hash{32, key};
        for (ConstBytes rest = data; !rest.empty();) {
            const std::size_t size = std::min<std::size_t>(random.below(140), rest.size());
            hash.update(rest.first(size));
            rest = rest.subspan(size);
        }
        Buffer out(32);
        hash.finish(out);
        ASSERT_EQ(out, whole);
    }
}

TEST(Blake2s, OfTwoPartsIsThatOfTheirConcatenation) {
    EXPECT_EQ(blake2s(bytes_of("ab"), bytes_of("c")), blake2s(bytes_of("abc")));
    EXPECT_EQ(blake2s({}, {}), blake2s({}));
}

TEST(Blake2sMac, IsTheKeyedHashOfSixteenBytes) {
    SeededRandom random{42};
    const Buffer key = random_bytes(random, 32);
    const Buffer data = random_bytes(random, 116);
    const auto mac = blake2s_mac(key, data);
    EXPECT_EQ(to_hex(mac), to_hex(hash_of(16, key, data)));
    const ByteArray<16> cookie = blake2s_mac(ConstBytes{key}.first(16), data);  // as for mac2
    EXPECT_NE(cookie, mac);
}

TEST(Blake2sMac, OfAKeyTakenInBeforehandIsTheSame) {
    SeededRandom random{43};
    const Buffer data = random_bytes(random, 200);
    for (const std::size_t key_size : {16U, 32U}) {
        const Buffer key = random_bytes(random, key_size);
        const MacKey taken_in{key};
        for (std::size_t size = 1; size <= data.size(); ++size) {
            const ConstBytes part = ConstBytes{data}.first(size);
            EXPECT_EQ(taken_in.mac(part), blake2s_mac(key, part)) << size;
        }
    }
}

TEST(Blake2sDeathTest, RefusesSizesThatTheHashDoesNotHave) {
    const Buffer long_key(33);
    EXPECT_DEATH(Blake2s{0}, "output_size");
    EXPECT_DEATH(Blake2s{33}, "output_size");
    EXPECT_DEATH((Blake2s{32, long_key}), "key");
}

TEST(Blake2s, AgreesWithLibb2ForEveryLengthOfDataKeyAndOutput) {
#ifdef WEFT_TEST_LIBB2
    SeededRandom random{43};
    const Buffer data = random_bytes(random, 300);
    const Buffer key = random_bytes(random, 32);
    for (std::size_t size = 0; size <= 300; ++size) {
        for (std::size_t key_size = 0; key_size <= 32; ++key_size) {
            // Any two of the sizes meet in every combination; all three would be 300,000 hashes.
            const std::size_t output_size = 1 + (size * 7 + key_size) % 32;
            Buffer expected(output_size);
            ASSERT_EQ(::blake2s(as_uchar(expected.data()),
                                data.data(),
                                key.data(),
                                output_size,
                                size,
                                key_size),
                      0);
            ASSERT_EQ(
                hash_of(output_size, ConstBytes{key}.first(key_size), ConstBytes{data}.first(size)),
                expected)
                << size << ' ' << key_size << ' ' << output_size;
        }
    }
#else
    GTEST_SKIP() << "libb2 is not installed for this target";
#endif
}

// ---- HMAC and KDF -------------------------------------------------------------------------------

/// RFC 2104 word for word, over concatenated buffers.
Buffer slow_hmac(const Buffer& key, const Buffer& data) {
    Buffer block = key.size() > 64 ? hash_of(32, {}, key) : key;
    block.resize(64);
    Buffer inner;
    Buffer outer;
    for (const std::byte byte : block) {
        inner.push_back(byte ^ std::byte{0x36});
        outer.push_back(byte ^ std::byte{0x5c});
    }
    inner.insert(inner.end(), data.begin(), data.end());
    const Buffer digest = hash_of(32, {}, inner);
    outer.insert(outer.end(), digest.begin(), digest.end());
    return hash_of(32, {}, outer);
}

TEST(HmacBlake2s, AgreesWithTheVectors) {
    for (const auto& fields : test::read_vectors("hmac_blake2s.txt")) {
        const Buffer data = unhex(fields.at(1));
        EXPECT_EQ(to_hex(hmac_blake2s(unhex(fields.at(0)), data).bytes()), fields.at(2));
    }
}

TEST(HmacBlake2s, AgreesWithAPlainReadingOfRfc2104) {
    SeededRandom random{44};
    for (std::size_t key_size = 0; key_size <= 140; ++key_size) {
        const Buffer key = random_bytes(random, key_size);
        const Buffer data = random_bytes(random, random.below(200));
        const std::size_t cut = random.below(data.size() + 1);
        const auto mac =
            hmac_blake2s(key, ConstBytes{data}.first(cut), ConstBytes{data}.subspan(cut));
        ASSERT_EQ(to_hex(mac.bytes()), to_hex(slow_hmac(key, data))) << key_size;
    }
}

TEST(Kdf, AgreesWithTheVectors) {
    for (const auto& fields : test::read_vectors("hkdf_blake2s.txt")) {
        const Secret<32> key{test::unhex_array<32>(fields.at(0))};
        const Buffer input = unhex(fields.at(1));
        const auto one = kdf1(key, input);
        const auto two = kdf2(key, input);
        const auto three = kdf3(key, input);
        EXPECT_EQ(to_hex(one[0].bytes()), fields.at(2));
        EXPECT_EQ(to_hex(two[0].bytes()), fields.at(2));
        EXPECT_EQ(to_hex(two[1].bytes()), fields.at(3));
        EXPECT_EQ(to_hex(three[0].bytes()), fields.at(2));
        EXPECT_EQ(to_hex(three[1].bytes()), fields.at(3));
        EXPECT_EQ(to_hex(three[2].bytes()), fields.at(4));
    }
}

}  // namespace
}  // namespace weft::crypto
