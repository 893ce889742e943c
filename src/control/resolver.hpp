// SPDX-License-Identifier: Apache-2.0
// Host names to addresses without holding up the control thread: getaddrinfo blocks for as long as
// the name servers are silent, so it runs on a thread of its own, one batch at a time. That thread
// is detached and shares nothing but its batch: a stop does not wait for silent name servers.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <weft/config/config.hpp>
#include <weft/control/device_edit.hpp>
#include <weft/net/address.hpp>

namespace weft::control {

class Resolver {
  public:
    static constexpr std::size_t kAddressesMax = 256;  // of one name; more are ignored

    struct Question {
        std::optional<KeyBytes> peer;  // nothing: the node asks for itself
        config::HostPort host;
    };
    struct Answer {
        Question question;
        std::vector<net::Endpoint> endpoints;  // empty: not resolved
        std::string cause;                     // why not
    };

    Resolver() = default;
    ~Resolver();
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    [[nodiscard]] bool busy() const { return batch_ != nullptr; }
    /// Not while busy. False if there is no thread to be had now, and nothing was asked.
    [[nodiscard]] bool ask(const std::vector<Question>& questions);
    /// What has come in since; never blocks.
    [[nodiscard]] std::vector<Answer> take_answers();

  private:
    struct Batch;
    static void run(const std::shared_ptr<Batch>& batch, std::vector<Question> questions);
    std::shared_ptr<Batch> batch_;
};

}  // namespace weft::control
