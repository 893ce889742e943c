// SPDX-License-Identifier: Apache-2.0
// See weft/control/descriptor_store.hpp. Control thread.
#include <array>
#include <cstdio>

#include <weft/control/descriptor_store.hpp>

#ifdef WEFT_HAVE_SYSTEMD
#include <cstdlib>

#include <systemd/sd-daemon.h>
#endif

namespace weft::control {
namespace {

/// Two digits, so that names are in the order of their numbers.
std::string numbered(std::string_view kind, std::size_t number) {
    std::array<char, 24> digits{};
    std::snprintf(digits.data(), digits.size(), "-%02zu", number);
    return std::string{kind} + digits.data();
}

bool is_of_kind(std::string_view name, std::string_view kind) {
    return name.size() == kind.size() + 3 && name.starts_with(kind) && name[kind.size()] == '-';
}

}  // namespace

UniqueFd DescriptorStore::take(std::string_view name) {
    const auto found = kept_.find(name);
    if (found == kept_.end()) {
        return {};
    }
    UniqueFd taken = std::move(found->second);
    kept_.erase(found);
    return taken;
}

std::vector<UniqueFd> DescriptorStore::take_all(std::string_view kind) {
    std::vector<UniqueFd> taken;
    for (auto it = kept_.begin(); it != kept_.end();) {
        if (is_of_kind(it->first, kind)) {
            taken.push_back(std::move(it->second));
            it = kept_.erase(it);
        } else {
            ++it;
        }
    }
    return taken;
}

void DescriptorStore::keep_all(std::string_view kind, std::span<const int> fds) {
    forget_all(kind);
    for (std::size_t i = 0; i < fds.size(); ++i) {
        keep(numbered(kind, i), fds[i]);
    }
}

void DescriptorStore::forget_all(std::string_view kind) {
    for (const std::string& name : std::set{held_}) {
        if (is_of_kind(name, kind)) {
            forget(name);
        }
    }
}

void DescriptorStore::forget_all() {
    for (const std::string& name : std::set{held_}) {
        forget(name);
    }
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
        store.held_.insert(names[i]);
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
    held_.emplace(name);
}

void DescriptorStore::forget(std::string_view name) {
    static_cast<void>(sd_notify(0, ("FDSTOREREMOVE=1\nFDNAME=" + std::string{name}).c_str()));
    if (const auto held = held_.find(name); held != held_.end()) {
        held_.erase(held);
    }
}

void DescriptorStore::wait_for_manager() {
    constexpr std::uint64_t kMicroseconds = 2'000'000;
    static_cast<void>(sd_notify_barrier(0, kMicroseconds));
}

#else

DescriptorStore DescriptorStore::open() {
    return {};
}
void DescriptorStore::keep(std::string_view /*name*/, int /*fd*/) {}
void DescriptorStore::forget(std::string_view /*name*/) {}
void DescriptorStore::wait_for_manager() {}

#endif

}  // namespace weft::control
