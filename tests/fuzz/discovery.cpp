// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any text as what a program of discovery prints, and as the lists that are kept. What
// is read keeps its promises, and its printed form reads to the same.
#include <algorithm>

#include <weft/discovery/kept_lists.hpp>
#include <weft/discovery/machines.hpp>

#include "fuzz.hpp"

namespace {

namespace discovery = weft::discovery;

void check_machines(std::string_view text) {
    const auto machines = discovery::parse_machines(text);
    if (!machines) {
        WEFT_FUZZ_CHECK(!machines.error().cause.empty());
        return;
    }
    WEFT_FUZZ_CHECK(machines->size() <= discovery::kMachinesMax);
    for (const auto& machine : *machines) {
        WEFT_FUZZ_CHECK(!machine.name.empty() && machine.name.size() <= discovery::kNameMax);
        WEFT_FUZZ_CHECK(machine.tags.size() <= discovery::kTagsMax);
    }
    const auto addresses = discovery::addresses_of(*machines);
    WEFT_FUZZ_CHECK(std::is_sorted(addresses.begin(), addresses.end()));
    WEFT_FUZZ_CHECK(std::all_of(addresses.begin(), addresses.end(), discovery::is_machines));
    const std::string printed = discovery::to_json(*machines);
    const auto again = discovery::parse_machines(printed);
    WEFT_FUZZ_CHECK(again && discovery::to_json(*again) == printed);
}

void check_lists(std::string_view text) {
    const auto lists = discovery::parse_lists(text);
    if (!lists) {
        WEFT_FUZZ_CHECK(!lists.error().remedy.empty());
        return;
    }
    const auto again = discovery::parse_lists(discovery::to_text(*lists));
    WEFT_FUZZ_CHECK(again && *again == *lists);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = weft::fuzz::Input{data, size}.text();
    check_machines(text);
    check_lists(text);
    return 0;
}
