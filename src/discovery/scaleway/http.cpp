// SPDX-License-Identifier: Apache-2.0
// See http.hpp.
#include "scaleway/http.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <strings.h>

#include <curl/curl.h>

#include <weft/base/number.hpp>

namespace weft::discovery::scaleway {

struct HttpClient::Handles {
    CURL* easy = nullptr;
    curl_slist* headers = nullptr;
};

namespace {

constexpr long kConnectLimitMs = 5'000;
constexpr curl_off_t kRetryAfterMaxSeconds = 3'600;
constexpr std::string_view kTotal = "x-total-count:";

/// Of one request.
struct Receiving {
    Answer answer;
    std::size_t headers = 0;
    bool too_large = false;
};

std::size_t on_body(char* data, std::size_t /*one*/, std::size_t size, void* context) {
    auto& receiving = *static_cast<Receiving*>(context);
    if (receiving.answer.body.size() + size > HttpClient::kBodyMax) {
        receiving.too_large = true;
        return 0;
    }
    receiving.answer.body.append(data, size);
    return size;
}

std::size_t on_header(char* data, std::size_t /*one*/, std::size_t size, void* context) {
    auto& receiving = *static_cast<Receiving*>(context);
    if (++receiving.headers > HttpClient::kHeadersMax) {
        receiving.too_large = true;
        return 0;
    }
    std::string_view line{data, size};
    if (line.size() < kTotal.size() ||
        ::strncasecmp(line.data(), kTotal.data(), kTotal.size()) != 0) {
        return size;
    }
    line.remove_prefix(kTotal.size());
    while (!line.empty() && line.front() == ' ') {
        line.remove_prefix(1);
    }
    receiving.answer.total = parse_number<std::size_t>(line.substr(0, line.find_first_of(" \r\n")));
    return size;
}

}  // namespace

void HttpClient::Delete::operator()(Handles* handles) const {
    curl_slist_free_all(handles->headers);
    curl_easy_cleanup(handles->easy);
    delete handles;
}

Result<HttpClient> HttpClient::open(const std::string& token) {
    std::unique_ptr<Handles, Delete> handles{new Handles};
    if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) {
        handles->easy = curl_easy_init();
    }
    handles->headers = curl_slist_append(nullptr, ("X-Auth-Token: " + token).c_str());
    if (handles->easy == nullptr || handles->headers == nullptr) {
        return Error{
            std::make_error_code(std::errc::not_enough_memory), "libcurl does not start", ""};
    }
    CURL* easy = handles->easy;
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, handles->headers);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "weft-discover-scaleway/" WEFT_VERSION);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, kConnectLimitMs);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, nullptr);  // no bombs
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    return HttpClient{std::move(handles)};
}

Result<Answer> HttpClient::get(const std::string& url, std::chrono::milliseconds limit) {
    CURL* easy = handles_->easy;
    Receiving receiving;
    std::array<char, CURL_ERROR_SIZE> cause{};
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    // In clear only to this machine (options.cpp), and then by no proxy.
    curl_easy_setopt(easy, CURLOPT_PROXY, url.compare(0, 7, "http://") == 0 ? "" : nullptr);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(limit.count()));
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, cause.data());
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &receiving);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &receiving);
    const CURLcode code = curl_easy_perform(easy);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, nullptr);
    const std::string host = url.substr(0, url.find('/', url.find("//") + 2));
    if (receiving.too_large) {
        return Error{std::make_error_code(std::errc::file_too_large),
                     host + " answers with more than " + std::to_string(kBodyMax) + " bytes",
                     ""};
    }
    if (code != CURLE_OK) {
        const char* text = cause[0] != '\0' ? cause.data() : curl_easy_strerror(code);
        return Error{std::make_error_code(std::errc::io_error), host + ": " + text, ""};
    }
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &receiving.answer.status);
    curl_off_t seconds = 0;
    curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds);
    receiving.answer.retry_after =
        std::chrono::seconds{std::clamp<curl_off_t>(seconds, 0, kRetryAfterMaxSeconds)};
    return std::move(receiving.answer);
}

std::string HttpClient::escaped(const std::string& text) const {
    char* const raw = curl_easy_escape(handles_->easy, text.c_str(), static_cast<int>(text.size()));
    std::string out = raw == nullptr ? "" : raw;
    curl_free(raw);
    return out;
}

}  // namespace weft::discovery::scaleway
