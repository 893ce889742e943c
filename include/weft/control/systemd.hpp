// SPDX-License-Identifier: Apache-2.0
// What the service manager is told (sd_notify(3)); nothing at all where there is none, or where
// weft was built without systemd. Control thread.
#pragma once

#include <string>

namespace weft::control {

/// READY=1: everything answers. Also ends a reload. `status` is shown by `systemctl status`.
void notify_ready(const std::string& status);
/// RELOADING=1 with the time that systemd wants beside it.
void notify_reloading();
/// STOPPING=1
void notify_stopping();
/// WATCHDOG=1, where the manager waits for it (WatchdogSec=): to be called while all goes well.
void notify_alive();

}  // namespace weft::control
