// SPDX-License-Identifier: Apache-2.0
// sd_notify(3), or nothing. Control thread.
#include <weft/control/systemd.hpp>

#ifdef WEFT_HAVE_SYSTEMD
#include <ctime>

#include <systemd/sd-daemon.h>
#endif

namespace weft::control {

#ifdef WEFT_HAVE_SYSTEMD

void notify_ready(const std::string& status) {
    static_cast<void>(sd_notify(0, ("READY=1\nSTATUS=" + status).c_str()));
}

void notify_reloading() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);  // Type=notify-reload wants to know when it began
    const auto microseconds = static_cast<long long>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
    static_cast<void>(
        sd_notify(0, ("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds)).c_str()));
}

void notify_stopping() {
    static_cast<void>(sd_notify(0, "STOPPING=1"));
}

void notify_alive() {
    static const bool is_wanted = sd_watchdog_enabled(0, nullptr) > 0;
    if (is_wanted) {
        static_cast<void>(sd_notify(0, "WATCHDOG=1"));
    }
}

#else

void notify_ready(const std::string& /*status*/) {}
void notify_reloading() {}
void notify_stopping() {}
void notify_alive() {}

#endif

}  // namespace weft::control
