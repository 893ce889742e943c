// SPDX-License-Identifier: Apache-2.0
// Opens the TUN device or takes it over (control thread, once) and moves packets through its queues
// (each worker its own): the inner end of the packet's way, both directions. The device belongs to
// the network namespace of the thread that opens it. Kernel: drivers/net/tun.c (tun_set_iff,
// set_offload), Documentation/networking/tuntap.rst.
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <weft/sys/tun.hpp>

#include "retry.hpp"

namespace weft::sys {
namespace {

constexpr const char* kDevice = "/dev/net/tun";
constexpr unsigned kQueuesMax = 256;  // MAX_TAP_QUEUES, drivers/net/tun.c

// Linux 6.2; Debian 12's headers lack them. The kernel takes both or neither.
constexpr unsigned kTunOffloadUso4 = 0x20;
constexpr unsigned kTunOffloadUso6 = 0x40;

constexpr unsigned kMaskTso = TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
constexpr unsigned kMaskUso = kTunOffloadUso4 | kTunOffloadUso6;

constexpr unsigned kInterfaceFlags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE;

constexpr const char* kPermissionRemedy =
    "run as root or with CAP_NET_ADMIN; in a container also allow the device (docker: --cap-add "
    "NET_ADMIN --device /dev/net/tun)";

Error open_error(int error) {
    const std::string doing = std::string{"opening "} + kDevice;
    switch (error) {
        case ENOENT:
            return errno_error(error,
                               doing,
                               "modprobe tun; where there is no udev also: mkdir -p /dev/net && "
                               "mknod /dev/net/tun c 10 200");
        case ENODEV:
        case ENXIO:
            return errno_error(error, doing, "modprobe tun");
        case EPERM:
        case EACCES:
            return errno_error(error, doing, kPermissionRemedy);
        default:
            return errno_error(error, doing);
    }
}

Error attach_error(int error, const std::string& name) {
    if (error == EBUSY) {
        return Error{std::error_code{error, std::generic_category()},
                     "a network interface named " + name + " exists already",
                     "stop the program that owns it, remove it (ip link delete " + name +
                         "), or choose another name (node.interface)"};
    }
    const std::string doing = "creating the TUN device " + name;
    if (error == EPERM || error == EACCES) {
        return errno_error(error, doing, kPermissionRemedy);
    }
    return errno_error(error, doing);
}

/// One more queue of the device called `name`; the first creates it, and only it: with
/// IFF_MULTI_QUEUE alone the kernel would attach to another program's multi-queue device.
Result<UniqueFd> open_queue(std::string& name, bool first) {
    UniqueFd fd{::open(kDevice, O_RDWR | O_NONBLOCK | O_CLOEXEC)};
    if (!fd.valid()) {
        return open_error(errno);
    }
    ifreq request{};
    std::memcpy(request.ifr_name, name.data(), name.size());
    request.ifr_flags = static_cast<short>(kInterfaceFlags | (first ? IFF_TUN_EXCL : 0U));
    if (::ioctl(fd.get(), TUNSETIFF, &request) != 0) {
        return attach_error(errno, name);
    }
    name = request.ifr_name;  // "weft%d" has become "weft0"
    return fd;
}

/// Whether it is a queue as open_queue() makes them, of the device called `name`.
Result<> check_queue(const UniqueFd& fd, const std::string& name) {
    constexpr unsigned kCompared = kInterfaceFlags | IFF_TAP | IFF_DETACH_QUEUE;
    ifreq request{};
    if (::ioctl(fd.get(), TUNGETIFF, &request) != 0) {
        return errno == EBADFD ? invalid("the interface was removed")
                               : errno_error(errno, "asking a kept queue for its interface");
    }
    request.ifr_name[IFNAMSIZ - 1] = 0;
    if (name != request.ifr_name) {
        return invalid("it is " + std::string{request.ifr_name} + ", not " + name);
    }
    if ((static_cast<unsigned short>(request.ifr_flags) & kCompared) != kInterfaceFlags) {
        return invalid("it is of another kind");
    }
    if (::fcntl(fd.get(), F_SETFL, O_RDWR | O_NONBLOCK) != 0) {
        return errno_error(errno, "making a kept queue non-blocking");
    }
    return {};
}

bool set_offload(int fd, unsigned mask) {
    return ::ioctl(fd, TUNSETOFFLOAD, static_cast<unsigned long>(mask)) == 0;
}

/// The largest part of the wish that this kernel takes, already set on `fd`. TSO and USO both need
/// checksum offload: a segment's checksum is always the reader's to compute.
unsigned probe_offload(int fd, const Offloads& wish) {
    const unsigned tso = wish.tun_tso ? kMaskTso : 0;
    const unsigned uso = wish.tun_uso ? kMaskUso : 0;
    const std::array<unsigned, 4> masks = {
        TUN_F_CSUM | tso | uso, TUN_F_CSUM | tso, TUN_F_CSUM | uso, TUN_F_CSUM};
    for (const unsigned mask : masks) {
        if (set_offload(fd, mask)) {
            return mask;
        }
    }
    return 0;
}

bool valid_name(const std::string& name) {
    return !name.empty() && name.size() < IFNAMSIZ &&
           name.find_first_of(std::string_view{"/: \t\n\v\f\r\0", 9}) == std::string::npos &&
           name != "." && name != "..";
}

}  // namespace

IoResult TunQueue::read(Bytes buffer) const {
    return retry_interrupted([&] { return ::read(fd_.get(), buffer.data(), buffer.size()); });
}

IoResult TunQueue::write(std::span<const iovec> parts) const {
    return retry_interrupted(
        [&] { return ::writev(fd_.get(), parts.data(), static_cast<int>(parts.size())); });
}

Result<Tun> Tun::create(const std::string& name, unsigned queues, const Offloads& wish) {
    if (!valid_name(name)) {
        return invalid("\"" + name + "\" cannot name a network interface",
                       "1 to 15 characters without space, slash and colon");
    }
    if (queues == 0 || queues > kQueuesMax) {
        return invalid("a TUN device has 1 to 256 queues, not " + std::to_string(queues));
    }
    Tun tun;
    tun.name_ = name;
    for (unsigned i = 0; i < queues; ++i) {
        Result<UniqueFd> fd = open_queue(tun.name_, i == 0);
        if (!fd) {
            return fd.error();
        }
        tun.queues_.emplace_back(std::move(*fd));
    }
    if (Result<> done = tun.set_up(wish); !done) {
        return done.error();
    }
    return tun;
}

Result<Tun> Tun::adopt(std::vector<UniqueFd> kept,
                       const std::string& name,
                       unsigned queues,
                       const Offloads& wish) {
    if (kept.empty() || kept.size() != queues) {
        return invalid("it has " + std::to_string(kept.size()) + " queues, not " +
                       std::to_string(queues));
    }
    Tun tun;
    tun.name_ = name;
    for (UniqueFd& fd : kept) {
        if (Result<> checked = check_queue(fd, name); !checked) {
            return checked.error();
        }
        tun.queues_.emplace_back(std::move(fd));
    }
    if (Result<> done = tun.set_up(wish); !done) {
        return done.error();
    }
    return tun;
}

/// Header, offloads (of the device, but each queue is asked) and index.
Result<> Tun::set_up(const Offloads& wish) {
    unsigned mask = 0;
    for (const TunQueue& queue : queues_) {
        const int header_size = static_cast<int>(kVnetHeaderSize);
        if (::ioctl(queue.fd(), TUNSETVNETHDRSZ, &header_size) != 0) {
            return errno_error(errno, "setting the vnet header size of " + name_);
        }
        if (&queue == &queues_.front()) {
            mask = probe_offload(queue.fd(), wish);
        } else if (!set_offload(queue.fd(), mask)) {
            return errno_error(errno, "setting the offloads of " + name_);
        }
    }
    tso_ = (mask & kMaskTso) != 0;
    uso_ = (mask & kMaskUso) != 0;
    ifindex_ = ::if_nametoindex(name_.c_str());
    if (ifindex_ == 0) {
        return errno_error(errno, "finding the index of " + name_);
    }
    return {};
}

}  // namespace weft::sys
