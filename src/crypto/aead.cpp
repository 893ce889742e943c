// SPDX-License-Identifier: Apache-2.0
// Which kernels seal and open data messages on this machine. Asked while starting up and by
// `weft check`; the packet path holds the table it was given. A kernel that does not reproduce the
// known answers here never sees a packet.
#include <string>
#include <vector>

#include <weft/crypto/aead.hpp>
#include <weft/crypto/x25519.hpp>

#include "chacha20_poly1305/tables.hpp"
#include "kernels.hpp"

namespace weft::crypto {

namespace {

/// What this CPU can run, by its self-test's verdict.
struct Judged {
    std::vector<const AeadKernels*> proven;
    std::vector<const AeadKernels*> failed;
};

Judged judge_kernels() {
    Judged judged;
    if (!initialize()) {
        return judged;
    }
    auto candidates = chacha20_poly1305::runnable_tables();
    candidates.push_back(&kLibsodiumKernels);
    for (const AeadKernels* kernels : candidates) {
        (self_test(*kernels) ? judged.proven : judged.failed).push_back(kernels);
    }
    return judged;
}

const Judged& judged_kernels() {
    static const Judged judged = judge_kernels();
    return judged;
}

}  // namespace

std::span<const AeadKernels* const> available_kernels() {
    return judged_kernels().proven;
}

std::span<const AeadKernels* const> failed_kernels() {
    return judged_kernels().failed;
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
