// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any bytes as notices of nf_tables. Nothing outside of them is read, and what they
// tell of does not depend on what follows them.
#include <vector>

#include <weft/firewall/monitor.hpp>

#include "fuzz.hpp"

namespace {

constexpr std::uint32_t kPort = 77;

/// As the monitor reads them: at an address that fits a header, and not a byte longer.
weft::firewall::ForeignChanges changes_in(weft::ConstBytes notices) {
    const std::vector<std::byte> copy{notices.begin(), notices.end()};
    return weft::firewall::foreign_changes(copy, kPort);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const weft::ConstBytes notices = std::as_bytes(std::span{data, size});
    const auto whole = changes_in(notices);
    const auto half = changes_in(notices.first(size / 2 / 4 * 4));
    WEFT_FUZZ_CHECK(whole.ours || !half.ours);
    WEFT_FUZZ_CHECK(whole.theirs || !half.theirs);
    return 0;
}
