// SPDX-License-Identifier: Apache-2.0
// See process_usage.hpp.
#include "process_usage.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <sys/resource.h>
#include <unistd.h>

#include <weft/base/clock.hpp>

namespace weft::server {
namespace {

constexpr int kFieldsToStart = 19;  // proc(5): of stat's fields behind the name, "state" the first
constexpr double kMicroseconds = 1e6;

double seconds_of(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / kMicroseconds;
}

/// Pages in all, and of these in memory.
void read_memory(ProcessUsage& usage) {
    std::ifstream file{"/proc/self/statm"};
    std::uint64_t all = 0;
    std::uint64_t resident = 0;
    if (file >> all >> resident) {
        const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
        usage.virtual_bytes = all * page;
        usage.resident_bytes = resident * page;
    }
}

void count_descriptors(ProcessUsage& usage) {
    std::error_code error;
    std::uint64_t count = 0;
    std::filesystem::directory_iterator entry{"/proc/self/fd", error};
    for (; !error && entry != std::filesystem::directory_iterator{}; entry.increment(error)) {
        ++count;
    }
    if (!error && count > 0) {
        usage.open_descriptors = count - 1;  // the one that reads them
    }
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        usage.descriptors_max = limit.rlim_cur;
    }
}

/// In ticks since the machine's start, which is the origin of BootClock.
void read_start(ProcessUsage& usage) {
    std::ifstream file{"/proc/self/stat"};
    std::string text;
    std::getline(file, text);
    std::istringstream fields{text.substr(std::min(text.size(), text.rfind(')') + 1))};
    std::string skipped;
    for (int i = 0; i < kFieldsToStart; ++i) {
        fields >> skipped;
    }
    std::uint64_t ticks = 0;
    if (fields >> ticks) {
        const std::chrono::duration<double> wall = wall_now().time_since_epoch();
        const std::chrono::duration<double> up = BootClock::now().time_since_epoch();
        usage.started_seconds = (wall - up).count() + static_cast<double>(ticks) /
                                                          static_cast<double>(sysconf(_SC_CLK_TCK));
    }
}

}  // namespace

ProcessUsage process_usage() {
    ProcessUsage usage;
    rusage used{};
    if (getrusage(RUSAGE_SELF, &used) == 0) {
        usage.cpu_seconds = seconds_of(used.ru_utime) + seconds_of(used.ru_stime);
    }
    read_memory(usage);
    count_descriptors(usage);
    read_start(usage);
    return usage;
}

}  // namespace weft::server
