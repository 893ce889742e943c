// SPDX-License-Identifier: Apache-2.0
// Which kernels seal and open data messages on this machine. Asked while starting up and by
// `weft check`; the packet path holds the table it was given. A kernel that does not reproduce the
// known answers here never sees a packet.
#include <string>
#include <vector>

#include <weft/crypto/aead.hpp>
#include <weft/crypto/x25519.hpp>

#include "kernels.hpp"

namespace weft::crypto {

namespace {

std::vector<const AeadKernels*> proven_kernels() {
    std::vector<const AeadKernels*> proven;
    if (!initialize()) {
        return proven;
    }
    for (const AeadKernels* kernels : {&kLibsodiumKernels}) {  // best first
        if (self_test(*kernels)) {
            proven.push_back(kernels);
        }
    }
    return proven;
}

}  // namespace

std::span<const AeadKernels* const> available_kernels() {
    static const std::vector<const AeadKernels*> proven = proven_kernels();
    return proven;
}

Result<const AeadKernels*> choose_kernels(std::string_view wish) {
    const auto kernels = available_kernels();
    if (kernels.empty()) {
        return invalid("no ChaCha20-Poly1305 implementation passes its self-test on this CPU",
                       "the hardware or the installed libsodium is broken");
    }
    if (wish == "auto") {
        return kernels.front();
    }
    std::string names = "auto";
    for (const AeadKernels* candidate : kernels) {
        if (wish == candidate->name) {
            return candidate;
        }
        names += std::string{", "} + candidate->name;
    }
    return invalid("cipher kernels \"" + std::string{wish} + "\" are not available here",
                   "choose one of: " + names);
}

}  // namespace weft::crypto
