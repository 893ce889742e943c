// SPDX-License-Identifier: Apache-2.0
// Preloaded into a daemon whose clock is to be wrong: CLOCK_REALTIME is off by the seconds in the
// file that FALSE_CLOCK names, 0 without it; no other clock is.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long seconds_off(void) {
    const char* name = getenv("FALSE_CLOCK");
    const int fd = name == NULL ? -1 : open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    char text[24] = {0};
    const ssize_t size = read(fd, text, sizeof text - 1);
    close(fd);
    return size > 0 ? strtol(text, NULL, 10) : 0;
}

int clock_gettime(clockid_t clock, struct timespec* out) {
    const int result = (int)syscall(SYS_clock_gettime, clock, out);
    if (result == 0 && clock == CLOCK_REALTIME) {
        out->tv_sec += seconds_off();
    }
    return result;
}
