// SPDX-License-Identifier: Apache-2.0
// See weft/control/descriptor_store.hpp. Control thread.
#include <weft/control/descriptor_store.hpp>

#ifdef WEFT_HAVE_SYSTEMD
#include <cstdlib>

#include <systemd/sd-daemon.h>
#endif

namespace weft::control {

UniqueFd DescriptorStore::take(std::string_view name) {
    const auto found = kept_.find(name);
    if (found == kept_.end()) {
        return {};
    }
    UniqueFd taken = std::move(found->second);
    kept_.erase(found);
    return taken;
}

void DescriptorStore::forget_rest() {
    for (const auto& [name, fd] : kept_) {
        forget(name);
    }
    kept_.clear();
}

#ifdef WEFT_HAVE_SYSTEMD

DescriptorStore DescriptorStore::open() {
    DescriptorStore store;
    char** names = nullptr;
    const int count = sd_listen_fds_with_names(1, &names);  // and none is inherited any further
    for (int i = 0; i < count; ++i) {
        store.kept_.insert_or_assign(names[i], UniqueFd{SD_LISTEN_FDS_START + i});
        std::free(names[i]);
    }
    std::free(static_cast<void*>(names));
    return store;
}

void DescriptorStore::keep(std::string_view name, int fd) {
    forget(name);
    // A netlink socket that has lost messages has an error to tell, which is no reason to let it
    // go.
    const std::string state = "FDSTORE=1\nFDPOLL=0\nFDNAME=" + std::string{name};
    static_cast<void>(sd_pid_notify_with_fds(0, 0, state.c_str(), &fd, 1));
}

void DescriptorStore::forget(std::string_view name) {
    static_cast<void>(sd_notify(0, ("FDSTOREREMOVE=1\nFDNAME=" + std::string{name}).c_str()));
}

#else

DescriptorStore DescriptorStore::open() {
    return {};
}
void DescriptorStore::keep(std::string_view /*name*/, int /*fd*/) {}
void DescriptorStore::forget(std::string_view /*name*/) {}

#endif

}  // namespace weft::control
