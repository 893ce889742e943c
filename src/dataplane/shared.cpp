// SPDX-License-Identifier: Apache-2.0
// The mailbox between workers and lane, and batches of the cipher as work that workers share.
#include "shared.hpp"

namespace weft::dataplane {

bool LaneMailbox::hand_on(ConstBytes datagram, const net::Path& path) {
    {
        const std::unique_lock lock{handed_on_.mutex, std::try_to_lock};
        if (!lock || handed_on_.handshakes.size() >= kHandedOnMax) {
            return false;
        }
        Handshake& item = handed_on_.handshakes.emplace_back();
        copy_bytes(datagram, item.bytes);
        item.size = static_cast<std::uint8_t>(datagram.size());
        item.path = path;
    }
    wake.wake();
    return true;
}

std::vector<LaneMailbox::Handshake> LaneMailbox::take_handed_on() {
    const std::scoped_lock lock{handed_on_.mutex};
    return std::exchange(handed_on_.handshakes, {});
}

namespace {

/// A batch of either kind of jobs, for WorkSharing.
template <class Jobs>
struct Batch {
    void (*kernel)(Jobs) noexcept;
    Jobs jobs;

    static void run(const void* context, std::size_t from, std::size_t count) {
        const auto& batch = *static_cast<const Batch*>(context);
        batch.kernel(batch.jobs.subspan(from, count));
    }
};

}  // namespace

void Shared::seal(std::size_t worker, std::span<const crypto::SealJob> jobs) {
    using Seals = Batch<std::span<const crypto::SealJob>>;
    const Seals batch{kernels.seal, jobs};
    std::size_t bytes = 0;
    for (const crypto::SealJob& job : jobs) {
        bytes += job.sealed_size();
    }
    sharing.run(worker, {Seals::run, &batch, jobs.size(), bytes});
}

void Shared::open(std::size_t worker, std::span<crypto::OpenJob> jobs) {
    using Opens = Batch<std::span<crypto::OpenJob>>;
    const Opens batch{kernels.open, jobs};
    std::size_t bytes = 0;
    for (const crypto::OpenJob& job : jobs) {
        bytes += job.sealed.size();
    }
    sharing.run(worker, {Opens::run, &batch, jobs.size(), bytes});
}

}  // namespace weft::dataplane
