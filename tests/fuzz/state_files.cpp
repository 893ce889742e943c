// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any bytes as the payload of a state file, with the checksum that no mutation would
// find. What is read, kept and read again is the same.
#include <weft/base/checksum.hpp>
#include <weft/mesh/state.hpp>

#include "fuzz.hpp"
#include "memory_storage.hpp"

namespace {

using weft::fuzz::Buffer;
using weft::mesh::State;
using weft::test::MemoryStorage;

Buffer file_of(char kind, weft::ConstBytes payload) {
    Buffer file;
    for (const char c : {'W', 'F', 'T', kind, '\x01'}) {
        file.push_back(static_cast<std::byte>(c));
    }
    file.insert(file.end(), payload.begin(), payload.end());
    const auto sum = weft::checksum<8>(file);
    file.insert(file.end(), sum.begin(), sum.end());
    return file;
}

/// `read` of the file, and `keep` of what was read into another storage.
template <class Read, class Keep>
void check(const char* name, const Buffer& content, const Read& read, const Keep& keep) {
    MemoryStorage storage;
    storage.files[name] = content;
    State state{storage};
    const auto value = read(state);
    if (!value) {
        WEFT_FUZZ_CHECK(!value.error().cause.empty() && !value.error().remedy.empty());
        return;
    }
    WEFT_FUZZ_CHECK(value->has_value());
    MemoryStorage other;
    State again{other};
    WEFT_FUZZ_CHECK(keep(again, **value));
    WEFT_FUZZ_CHECK(other.files[name] == content);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    weft::fuzz::Input input{data, size};
    const std::uint8_t which = input.u8();
    const weft::ConstBytes payload = input.rest();
    const auto keep = [](State& state, const auto& value) { return state.keep(value).has_value(); };
    switch (which % 5) {
        case 0:
            check(
                "node.key", file_of('K', payload), [](State& s) { return s.node_keys(); }, keep);
            break;
        case 1:
            check(
                "network", file_of('N', payload), [](State& s) { return s.network(); }, keep);
            break;
        case 2:
            check(
                "members", file_of('M', payload), [](State& s) { return s.members(); }, keep);
            break;
        case 3:
            check(
                "issuer.key",
                file_of('I', payload),
                [](State& s) { return s.issuer_keys(); },
                keep);
            break;
        default: {  // trust is kept from a store of what was verified: it is only read here
            MemoryStorage storage;
            storage.files["trust"] = file_of('T', payload);
            State state{storage};
            const auto trust = state.trust();
            WEFT_FUZZ_CHECK(trust || !trust.error().remedy.empty());
        }
    }
    return 0;
}
