// SPDX-License-Identifier: Apache-2.0
// See resolver.hpp. Control thread, but for run() and resolve(), which are the helper thread's.
#include "resolver.hpp"

#include <atomic>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

#include <weft/base/assert.hpp>

#include "signals_blocked.hpp"

namespace weft::control {

struct Resolver::Batch {
    std::mutex mutex;
    std::vector<Answer> answers;         // guarded by mutex
    bool done = false;                   // guarded by mutex
    std::atomic<bool> abandoned{false};  // the Resolver is gone: ask no more names
};

namespace {

std::optional<net::Endpoint> to_endpoint(const addrinfo& info, std::uint16_t port) {
    if (info.ai_family == AF_INET && info.ai_addrlen >= sizeof(sockaddr_in)) {
        sockaddr_in from{};
        memcpy(&from, info.ai_addr, sizeof from);
        ByteArray<4> bytes{};
        memcpy(bytes.data(), &from.sin_addr, bytes.size());
        return net::Endpoint{net::IpAddress{std::span<const std::byte, 4>{bytes}}, port, 0};
    }
    if (info.ai_family == AF_INET6 && info.ai_addrlen >= sizeof(sockaddr_in6)) {
        sockaddr_in6 from{};
        memcpy(&from, info.ai_addr, sizeof from);
        ByteArray<16> bytes{};
        memcpy(bytes.data(), &from.sin6_addr, bytes.size());
        return net::Endpoint{
            net::IpAddress{std::span<const std::byte, 16>{bytes}}, port, from.sin6_scope_id};
    }
    return std::nullopt;
}

Resolver::Answer resolve(Resolver::Question question) {
    Resolver::Answer answer{std::move(question), {}, {}};
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_DGRAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* list = nullptr;
    const int status = getaddrinfo(answer.question.host.host.c_str(), nullptr, &hints, &list);
    if (status != 0) {
        answer.cause = gai_strerror(status);
        return answer;
    }
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner{list, &freeaddrinfo};
    for (const addrinfo* info = list; info != nullptr; info = info->ai_next) {
        const auto endpoint = to_endpoint(*info, answer.question.host.port);
        if (endpoint && answer.endpoints.size() < Resolver::kAddressesMax) {
            answer.endpoints.push_back(*endpoint);
        }
    }
    if (answer.endpoints.empty()) {
        answer.cause = "no address of that name";
    }
    return answer;
}

}  // namespace

Resolver::~Resolver() {
    if (batch_) {
        batch_->abandoned.store(true, std::memory_order_relaxed);
    }
}

void Resolver::run(const std::shared_ptr<Batch>& batch, std::vector<Question> questions) {
    for (Question& question : questions) {
        if (batch->abandoned.load(std::memory_order_relaxed)) {
            return;
        }
        Answer answer = resolve(std::move(question));
        const std::scoped_lock lock{batch->mutex};
        batch->answers.push_back(std::move(answer));
    }
    const std::scoped_lock lock{batch->mutex};
    batch->done = true;
}

bool Resolver::ask(const std::vector<Question>& questions) {
    WEFT_ASSERT(!busy());
    if (questions.empty()) {
        return true;
    }
    auto batch = std::make_shared<Batch>();
    const SignalsBlocked blocked;
    try {
        std::thread{[batch, questions = std::vector{questions}]() mutable {
            run(batch, std::move(questions));
        }}.detach();
        batch_ = std::move(batch);
    } catch (const std::system_error&) {
        // Told by busy().
    }
    return busy();
}

std::vector<Resolver::Answer> Resolver::take_answers() {
    if (!batch_) {
        return {};
    }
    std::vector<Answer> answers;
    bool done = false;
    {
        const std::scoped_lock lock{batch_->mutex};
        answers.swap(batch_->answers);
        done = batch_->done;
    }
    if (done) {
        batch_.reset();
    }
    return answers;
}

}  // namespace weft::control
