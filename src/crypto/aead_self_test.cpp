// SPDX-License-Identifier: Apache-2.0
// The proof that a kernel table must give before it may run: known tags for lengths around every
// block edge, sealed in batches of several shapes, opened again, and refused after one flipped bit.
// While starting up and in unit tests; not on the packet's way.
//
// A tag covers every byte of its ciphertext, so the right tag means the right ciphertext. The tags
// were made with OpenSSL (python3-cryptography); full messages are in tests/vectors.
#include <algorithm>
#include <vector>

#include <weft/base/endian.hpp>
#include <weft/crypto/aead.hpp>

namespace weft::crypto {

namespace {

struct KnownAnswer {
    std::size_t size;        // of the plaintext, pad and all
    std::uint64_t tag_high;  // first and second half of the tag, big-endian
    std::uint64_t tag_low;
};

constexpr KnownAnswer kAnswers[] = {
    {0, 0xebe0703eeb1a7c64, 0x0533dfc835ea2ff7},    {1, 0x8af1258c8d34c8ab, 0xc314186a643380af},
    {15, 0x8aed1321ef20e925, 0x43af05ec58f5b6ab},   {16, 0x56e8c77f521b3248, 0x8e0e35b1463fc708},
    {17, 0xa1d2e067e4dded6b, 0x2aa189edc41a9ae0},   {31, 0x1def9080bc1aa9f4, 0xf28831f4f2e5c2be},
    {32, 0x36b822f92732f76c, 0x6e773c53e6b34168},   {33, 0xc3a842a2ab07da2a, 0xcb4b9b396490fbaf},
    {63, 0xd2b30a37e42f5578, 0x5c2f8685f47fbc5e},   {64, 0x8c5741dcc0ed12f1, 0xa2907528db952fc9},
    {65, 0x562a783699af0fc7, 0x1d3191fd38b70118},   {127, 0x1f3c872f8f011d85, 0x9c265076d47974ef},
    {128, 0x9f4a15586c5df96e, 0x88769b742fc83204},  {129, 0x956bd340e1f6c891, 0x15b40e56c5b38252},
    {191, 0x76aab5e5c0b7713c, 0x5122cd3785dd4dfa},  {192, 0x5b338332500d45a7, 0x075162f3ac6a9686},
    {193, 0xbe171b874ac05018, 0xf69692898fddbada},  {255, 0x70e47732ec016862, 0xf607a94c52393f6d},
    {256, 0x71a1aca5967fdc66, 0xd8bcb0334211779f},  {257, 0xf464a84c33b669da, 0xfcc3da9040ba233a},
    {319, 0x18ce929361c8845d, 0x0273f9489048b34c},  {320, 0xe822089ca4c84b27, 0x31bc57cd5a43b858},
    {321, 0x0734adb9f5665ca8, 0x09074cb2c7326f7c},  {511, 0xccd28304ae5f5491, 0x45788052f99c8f59},
    {512, 0x267b8ab27afe7507, 0x386d8a98f0dc387e},  {513, 0x6b15953292b5981a, 0x5bd88f7a31261fb5},
    {575, 0xb704dfb12029c9b5, 0x51a28d31bcc348ae},  {576, 0xc97d43e339df52b9, 0xa4f0aa902622da3e},
    {577, 0x7906f9e360afb120, 0x18c47b6327d095b9},  {1023, 0x91880310b72b0780, 0xa2ff46dc0a8972e6},
    {1024, 0x28e1b039e6b9ce38, 0x9c7247e90f426a65}, {1025, 0x9ffa86d9075ba182, 0x14f258fbf9840d78},
    {1420, 0x46268c8af21f4120, 0x7c2a531caf1d186d}, {1440, 0x31a5c222fab9fd0a, 0xf7f060a108812d87},
    {1500, 0x72972da6b9f177e5, 0xfdd9332e6c88658d}, {2048, 0xe6110f4f2b8c1b1a, 0xcf7f5f2e877ebf20},
};
constexpr std::size_t kCount = std::size(kAnswers);

constexpr std::size_t kHeadSizes[] = {0, 28, 40, 1, 60, kHeadMax};
constexpr std::size_t kBatchSizes[] = {kCount, 1, 3};

/// Key `number` of the two that take turns.
AeadKey test_key(std::size_t number) {
    AeadKey key;
    for (std::size_t i = 0; i < AeadKey::kSize; ++i) {
        key.mutable_bytes()[i] = static_cast<std::byte>(0x40 + 7 * number + 5 * i);
    }
    return key;
}

/// One known answer laid out as a job. The buffers stay where they are for as long as the job.
struct Message {
    std::vector<std::byte> plaintext;
    std::vector<std::byte> sealed;
    SealJob job;

    Message(std::size_t index, const AeadKey& key) {
        const std::size_t size = kAnswers[index].size;
        const std::size_t pad = std::min(size, index % 16);
        const std::size_t head = std::min(size - pad, kHeadSizes[index % std::size(kHeadSizes)]);
        plaintext.resize(size);
        for (std::size_t i = 0; i < size - pad; ++i) {
            plaintext[i] = static_cast<std::byte>(11 * i + size);
        }
        sealed.resize(size + kTagSize, std::byte{0xee});
        job.key = &key;
        job.nonce = std::uint64_t{0x0123456789abcdef} * (index + 1);
        job.destination = sealed.data();
        job.head = ConstBytes{plaintext}.first(head);
        job.payload = ConstBytes{plaintext}.subspan(head, size - pad - head);
        job.pad = static_cast<std::uint32_t>(pad);
        if (index % 2 == 1) {  // every other payload waits in place
            copy_bytes(job.payload, Bytes{sealed}.subspan(head));
            job.payload = ConstBytes{sealed}.subspan(head, job.payload.size());
        }
    }

    [[nodiscard]] bool has_known_tag(const KnownAnswer& answer) const {
        const std::byte* const tag = sealed.data() + answer.size;
        return load_be64(tag) == answer.tag_high && load_be64(tag + 8) == answer.tag_low;
    }
    [[nodiscard]] bool holds_plaintext() const {
        return std::equal(plaintext.begin(), plaintext.end(), sealed.begin());
    }
};

template <class Job, class Kernel>
void run_in_batches(std::vector<Job>& jobs, std::size_t batch, Kernel kernel) {
    for (std::size_t i = 0; i < jobs.size(); i += batch) {
        kernel(std::span{jobs}.subspan(i, std::min(batch, jobs.size() - i)));
    }
}

/// Seals all messages, then opens all of them again but each third, which is damaged first.
bool agrees(const AeadKernels& kernels, std::size_t batch) {
    const AeadKey keys[2] = {test_key(0), test_key(1)};
    std::vector<Message> messages;
    messages.reserve(kCount);
    std::vector<SealJob> seals;
    for (std::size_t i = 0; i < kCount; ++i) {
        messages.emplace_back(i, keys[i % 2]);
        seals.push_back(messages.back().job);
    }
    run_in_batches(seals, batch, kernels.seal);

    std::vector<OpenJob> opens;
    for (std::size_t i = 0; i < kCount; ++i) {
        Message& message = messages[i];
        if (!message.has_known_tag(kAnswers[i])) {
            return false;
        }
        if (i % 3 == batch % 3) {
            message.sealed[(i * 37) % message.sealed.size()] ^= std::byte{1} << (i % 8);
        }
        opens.push_back({message.job.key, message.job.nonce, message.sealed});
    }
    run_in_batches(opens, batch, kernels.open);

    for (std::size_t i = 0; i < kCount; ++i) {
        const bool damaged = i % 3 == batch % 3;
        if (opens[i].ok == damaged || (!damaged && !messages[i].holds_plaintext())) {
            return false;
        }
    }
    return true;
}

}  // namespace

bool self_test(const AeadKernels& kernels) {
    return std::all_of(std::begin(kBatchSizes), std::end(kBatchSizes), [&](std::size_t batch) {
        return agrees(kernels, batch);
    });
}

}  // namespace weft::crypto
