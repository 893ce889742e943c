// SPDX-License-Identifier: Apache-2.0
// See options.hpp.
#include "scaleway/options.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>

#include <weft/base/read_to_end.hpp>
#include <weft/base/unique_fd.hpp>

namespace weft::discovery::scaleway {
namespace {

constexpr const char* kVariable = "SCW_SECRET_KEY";
constexpr std::size_t kTokenMax = 256;  // a UUID is 36
constexpr int kExitUsage = 2;
constexpr long kLimitMost = 300;

// Where the Instances API is served.
const std::vector<std::string> kZones{"fr-par-1",
                                      "fr-par-2",
                                      "fr-par-3",
                                      "nl-ams-1",
                                      "nl-ams-2",
                                      "nl-ams-3",
                                      "pl-waw-1",
                                      "pl-waw-2",
                                      "pl-waw-3"};

constexpr const char* kFooter =
    "The token is the secret key of an API key whose policy has InstancesReadOnly (with\n"
    "--private-networks IPAMReadOnly too). It is read from --token-file (mode 0600), else from "
    "the\n"
    "variable SCW_SECRET_KEY.\n"
    "Prints {\"schema\":1,\"machines\":[{\"name\",\"public\",\"private\",\"tags\"}]}: all of it "
    "or, on an "
    "error,\n"
    "nothing.\n"
    "Example, in weft.toml:\n"
    "  [[discovery]]\n"
    "  exec = [\"/usr/bin/weft-discover-scaleway\", \"--token-file\", "
    "\"/etc/weft/scaleway.token\",\n"
    "          \"--zone\", \"fr-par-1\", \"--tag\", \"weft\"]\n"
    "or by weft-discover-scaleway.timer, as a user of its own, with --output:\n"
    "  [[discovery]]\n"
    "  file = \"/run/weft-discover/scaleway.json\"\n"
    "Exit codes: 0 printed, 1 failed, 2 usage";

bool is_word(const std::string& text, const char* more) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [more](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view{more}.find(c) != std::string_view::npos;
    });
}

std::string check_zone(const std::string& zone) {
    return is_word(zone, "-") ? "" : "no zone such as fr-par-1: " + zone;
}

/// The token is never sent in clear, but to this machine: for tests, and a proxy of one's own.
std::string check_url(const std::string& url) {
    const std::string_view text{url};
    if (text.substr(0, 8) == "https://" && text.size() > 8) {
        return "";
    }
    for (const std::string_view here : {"http://127.0.0.1", "http://[::1]"}) {
        const std::string_view rest = text.substr(std::min(here.size(), text.size()));
        if (text.substr(0, here.size()) == here &&
            (rest.empty() || rest[0] == ':' || rest[0] == '/')) {
            return rest.find('@') == std::string_view::npos ? "" : "no user in the URL, please";
        }
    }
    return "must be https://… (http:// with 127.0.0.1 or [::1] only, for the token would be sent "
           "in "
           "clear)";
}

Result<std::string> read_token_file(const std::string& file) {
    const UniqueFd fd{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (!fd.valid()) {
        return errno_error(errno, "the token file " + file, "it must exist and be ours to read");
    }
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
        return invalid("the token file " + file + " is not a regular file");
    }
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return Error{std::make_error_code(std::errc::permission_denied),
                     "the token file " + file + " can be used by others than its owner",
                     "chmod 600 " + file};
    }
    return read_to_end(fd, kTokenMax, "the token file " + file);
}

}  // namespace

std::optional<Options> parse_options(int argc, char** argv, int& exit_code) {
    Options options;
    CLI::App app{"The Instances of a Scaleway account, for weft's [[discovery]].",
                 "weft-discover-scaleway"};
    app.add_option("--token-file", options.token_from, "Holds the API's secret key; mode 0600")
        ->type_name("FILE");
    app.add_option("--zone", options.zones, "May be repeated; else all zones")
        ->type_name("ZONE")
        ->check(check_zone);
    app.add_option("--tag", options.tags, "Only servers that have it; may be repeated: all of them")
        ->type_name("TAG");
    app.add_option("--project", options.project, "Only servers of that project")->type_name("ID");
    app.add_option("--organization", options.organization, "Only servers of that organization")
        ->type_name("ID");
    app.add_flag("--private-networks",
                 options.private_networks,
                 "Ask for addresses in private networks too (IPAM)");
    long limit = static_cast<long>(options.limit.count());
    app.add_option("--limit", limit, "For all of it, retries included: 25")
        ->type_name("SECONDS")
        ->check(CLI::Range(1L, kLimitMost));
    app.add_option("--output", options.output, "Replace that file, as a whole, instead of printing")
        ->type_name("FILE");
    app.add_option("--api-url", options.api_url, options.api_url)
        ->type_name("URL")
        ->check(check_url);
    app.set_version_flag("--version", std::string{"weft-discover-scaleway "} + WEFT_VERSION);
    app.footer(kFooter);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        exit_code = app.exit(error) == 0 ? 0 : kExitUsage;
        return std::nullopt;
    }
    options.limit = std::chrono::seconds{limit};
    while (options.api_url.back() == '/') {
        options.api_url.pop_back();
    }
    if (options.zones.empty()) {
        options.zones = kZones;
    }
    return options;
}

Result<> read_token(Options& options) {
    if (!options.token_from.empty()) {
        auto token = read_token_file(options.token_from);
        if (!token) {
            return token.error();
        }
        options.token = std::move(*token);
        // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
    } else if (const char* value = ::getenv(kVariable); value != nullptr) {
        options.token = value;
        options.token_from = kVariable;
    } else {
        return invalid("there is no token", std::string{"--token-file FILE, or "} + kVariable);
    }
    while (!options.token.empty() &&
           (options.token.back() == '\n' || options.token.back() == '\r')) {
        options.token.pop_back();
    }
    if (options.token.size() > kTokenMax || !is_word(options.token, "-_.")) {
        return invalid(options.token_from + " holds no token: a secret key is one word",
                       "it is shown once, when the API key is made");
    }
    return {};
}

}  // namespace weft::discovery::scaleway
