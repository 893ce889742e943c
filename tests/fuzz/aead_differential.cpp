// SPDX-License-Identifier: Apache-2.0
// Fuzz target: batches of messages whose lengths, heads, pads, places, nonces and keys the input
// chooses, sealed and opened by every kernel table of this CPU. All agree with libsodium's combined
// mode to the byte, and a message that the input damages is refused.
#include <weft/crypto/aead.hpp>

#include "fuzz.hpp"

namespace {

using namespace weft;
using namespace weft::crypto;

constexpr std::size_t kBatchMax = 24;
constexpr std::size_t kSizeMax = 2100;

struct Message {
    AeadKey key;
    std::uint64_t nonce = 0;
    std::size_t head = 0;
    std::size_t pad = 0;
    std::size_t offset = 0;
    bool in_place = false;
    std::size_t damaged = 0;  // the byte, if any, counted from 1
    fuzz::Buffer plaintext;
    fuzz::Buffer expected;

    explicit Message(fuzz::Input& input, const AeadKey* keys) {
        const unsigned flags = input.u8();
        key = keys[flags & 1].clone();
        in_place = (flags & 2) != 0;
        const std::size_t size = (flags & 4) != 0 ? input.u16() % (kSizeMax + 1) : input.u8();
        nonce = (flags & 8) != 0 ? input.u32() * std::uint64_t{0x100000003} : input.u8();
        head = std::min<std::size_t>(input.u8() % (kHeadMax + 1), size);
        pad = std::min<std::size_t>(input.u8() % 80, size - head);
        offset = input.u8() % 64;
        damaged = (flags & 0x30) == 0x30 ? 1 + input.u16() % (size + kTagSize) : 0;
        const auto fill = static_cast<std::byte>(input.u8());
        plaintext.assign(size, fill);
        std::fill(
            plaintext.end() - static_cast<std::ptrdiff_t>(pad), plaintext.end(), std::byte{0});
        copy_bytes(input.take(std::min<std::size_t>(size - pad, 64)), plaintext);
        expected.resize(size + kTagSize);
        seal_with_data(key, nonce, {}, plaintext, expected);
    }
};

void check(const AeadKernels& kernels, const std::vector<Message>& messages) {
    std::vector<fuzz::Buffer> payloads;
    std::vector<fuzz::Buffer> memory;
    std::vector<SealJob> seals;
    for (const Message& one : messages) {
        const std::size_t payload = one.plaintext.size() - one.head - one.pad;
        const auto text = ConstBytes{one.plaintext}.subspan(one.head, payload);
        payloads.push_back(fuzz::copy_of(text));
        memory.emplace_back(one.offset + one.expected.size());
        const Bytes result = Bytes{memory.back()}.subspan(one.offset);
        SealJob job{&one.key,
                    one.nonce,
                    ConstBytes{one.plaintext}.first(one.head),
                    payloads.back(),
                    static_cast<std::uint32_t>(one.pad),
                    result.data()};
        if (one.in_place) {
            copy_bytes(text, result.subspan(one.head));
            job.payload = result.subspan(one.head, payload);
        }
        seals.push_back(job);
    }
    kernels.seal(seals);

    std::vector<OpenJob> opens;
    for (std::size_t i = 0; i < messages.size(); ++i) {
        const Message& one = messages[i];
        const Bytes sealed = Bytes{memory[i]}.subspan(one.offset);
        WEFT_FUZZ_CHECK(std::equal(sealed.begin(), sealed.end(), one.expected.begin()));
        if (one.damaged != 0) {
            sealed[one.damaged - 1] ^= std::byte{0x20};
        }
        opens.push_back({&one.key, one.nonce, sealed});
    }
    kernels.open(opens);
    for (std::size_t i = 0; i < messages.size(); ++i) {
        const Message& one = messages[i];
        WEFT_FUZZ_CHECK(opens[i].ok == (one.damaged == 0));
        WEFT_FUZZ_CHECK(
            one.damaged != 0 ||
            std::equal(one.plaintext.begin(), one.plaintext.end(), opens[i].sealed.begin()));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto kernels = available_kernels();
    fuzz::Input input{data, size};
    AeadKey keys[2];
    for (AeadKey& key : keys) {
        copy_bytes(input.take(AeadKey::kSize / 8), key.mutable_bytes());
    }
    std::vector<Message> messages;
    while (!input.empty() && messages.size() < kBatchMax) {
        messages.emplace_back(input, keys);
    }
    for (const AeadKernels* each : kernels) {
        check(*each, messages);
    }
    return 0;
}
