// SPDX-License-Identifier: Apache-2.0
// All machines of an account, zone by zone and page by page: complete, or an error. What passes by
// itself (429, 5xx, no answer) is tried again within the limit.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <weft/base/clock.hpp>
#include <weft/base/result.hpp>

#include "scaleway/answers.hpp"
#include "scaleway/http.hpp"
#include "scaleway/options.hpp"

namespace weft::discovery::scaleway {

class Account {
  public:
    /// `options` outlives it. The limit runs from here.
    Account(const Options& options, HttpClient client)
        : options_(options), client_(std::move(client)), until_(BootClock::now() + options.limit) {}

    [[nodiscard]] Result<std::vector<Machine>> machines();

  private:
    [[nodiscard]] Result<std::vector<Server>> servers_of(const std::string& zone);
    /// Nothing: what is listed has changed meanwhile, so that pages do not fit together.
    [[nodiscard]] Result<std::optional<std::vector<Server>>> read_servers(const std::string& zone);
    [[nodiscard]] Result<> add_private(const std::string& region,
                                       std::map<std::string, std::size_t>& by_nic,
                                       std::vector<Server>& servers);
    [[nodiscard]] Result<Answer> get(const std::string& url);
    [[nodiscard]] Error refused(const Answer& answer, const std::string& url) const;
    [[nodiscard]] std::string filters() const;
    [[nodiscard]] bool has_tags(const Machine& machine) const;

    const Options& options_;
    HttpClient client_;
    Time until_;
};

}  // namespace weft::discovery::scaleway
