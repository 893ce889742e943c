// SPDX-License-Identifier: Apache-2.0
// GET over HTTPS with libcurl: bounded in time and size, no redirects (the token would go along).
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <weft/base/result.hpp>

namespace weft::discovery::scaleway {

struct Answer {
    long status = 0;
    std::string body;
    std::optional<std::size_t> total;  // X-Total-Count
    std::chrono::seconds retry_after{0};
};

class HttpClient {
  public:
    static constexpr std::size_t kBodyMax = std::size_t{8} << 20;
    static constexpr std::size_t kHeadersMax = 200;

    /// Errors: libcurl cannot be used.
    static Result<HttpClient> open(const std::string& token);

    /// Errors: no answer (EIO, which may pass), larger than kBodyMax (EFBIG).
    [[nodiscard]] Result<Answer> get(const std::string& url, std::chrono::milliseconds limit);

    /// Percent-encoded for a query.
    [[nodiscard]] std::string escaped(const std::string& text) const;

  private:
    struct Handles;
    struct Delete {
        void operator()(Handles* handles) const;
    };
    explicit HttpClient(std::unique_ptr<Handles, Delete> handles) : handles_(std::move(handles)) {}
    std::unique_ptr<Handles, Delete> handles_;
};

}  // namespace weft::discovery::scaleway
