// SPDX-License-Identifier: Apache-2.0
// The daemon: flags, a process without leaks (umask, core dumps), the parts in their order,
// signals. Runs in the foreground. The main thread is the control thread.
//
//   log -> API socket (is another weftd there?) -> few capabilities -> Node -> API, UAPI and
//   metrics serve -> ready -> signals
//   and back in the reverse order
#include <algorithm>
#include <csignal>
#include <iostream>
#include <memory>
#include <string>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <weft/config/config.hpp>
#include <weft/control/guard.hpp>
#include <weft/control/log_sink.hpp>
#include <weft/control/node.hpp>
#include <weft/control/privileges.hpp>
#include <weft/control/systemd.hpp>
#include <weft/server/api_server.hpp>
#include <weft/server/metrics_server.hpp>
#include <weft/server/uapi_server.hpp>

namespace {

using weft::Error;
using weft::Result;
namespace config = weft::config;
namespace control = weft::control;
namespace server = weft::server;

// As `weft` has them (README.md).
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
constexpr int kExitPermission = 6;

int fail(const Error& error) {
    std::cerr << "weftd: " << error.message() << '\n';
    const bool permission = error.code == std::errc::permission_denied ||
                            error.code == std::errc::operation_not_permitted;
    return permission ? kExitPermission : kExitFailed;
}

/// Keys are in memory: no core dumps, no ptrace by the same user, no file that others can read.
void harden() {
    umask(077);
    prctl(PR_SET_DUMPABLE, 0);
    const rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGCHLD, SIG_DFL);  // who started us may ignore it: then nothing can be waited for
}

bool runs_programs(const config::Config& config) {
    return std::any_of(config.discovery.begin(), config.discovery.end(), [](const auto& source) {
        return !source.exec.empty();
    });
}

class Daemon {
  public:
    explicit Daemon(config::Paths paths) : paths_(std::move(paths)) {}

    Result<int> run();

  private:
    Result<> start(config::Config config);
    void wait_for_signal();
    void on_signal(int number);
    /// Idempotent.
    void stop(int exit_code);

    config::Paths paths_;
    control::DescriptorStore store_ = control::DescriptorStore::open();
    int exit_code_ = 0;
    boost::asio::io_context loop_{1};
    boost::asio::signal_set signals_{loop_};
    std::unique_ptr<control::LogSink> log_;
    std::unique_ptr<server::ApiServer> api_;
    std::unique_ptr<control::Node> node_;
    std::unique_ptr<server::UapiServer> uapi_;
    std::unique_ptr<server::MetricsServer> metrics_;
};

Result<> Daemon::start(config::Config config) {
    Result<std::unique_ptr<control::LogSink>> log =
        control::LogSink::open(config.log.level, config.log.format);
    if (!log) {
        return log.error();
    }
    log_ = std::move(*log);
    const server::ApiServerConfig api_config{paths_.socket.value_or(config.api.socket),
                                             config.api.group};
    Result<std::unique_ptr<server::ApiServer>> api =
        server::ApiServer::listen(api_config, loop_, *log_);
    if (!api) {
        return api.error();
    }
    api_ = std::move(*api);
    // The socket has its group; from here on the network is all that has to be administered.
    if (Result<> kept = control::keep_only_needed(runs_programs(config)); !kept) {
        return kept.error();
    }
    const auto metrics_at = config.api.metrics;
    Result<std::unique_ptr<control::Node>> node =
        control::Node::start(std::move(config),
                             {paths_,
                              loop_,
                              *log_,
                              [this] { stop(kExitFailed); },
                              [this] {
                                  log_->info("stopping", {{"cause", "weft down"}});
                                  stop(0);
                              },
                              store_});
    if (!node) {
        return node.error();
    }
    node_ = std::move(*node);
    store_.forget_rest();
    Result<std::unique_ptr<server::UapiServer>> uapi =
        server::UapiServer::start(server::kUapiDirectory, *node_, loop_, *log_);
    if (!uapi) {
        return uapi.error();
    }
    uapi_ = std::move(*uapi);
    metrics_ = std::make_unique<server::MetricsServer>(metrics_at, *node_, loop_, *log_);
    return api_->serve(*node_, *log_);
}

void Daemon::wait_for_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int number) {
        if (!error) {
            on_signal(number);
        }
    });
}

void Daemon::on_signal(int number) {
    if (number != SIGHUP) {
        log_->info("stopping", {{"signal", number == SIGTERM ? "SIGTERM" : "SIGINT"}});
        stop(0);
        return;
    }
    static_cast<void>(node_->reload());  // it tells by itself what is wrong, and goes on
    wait_for_signal();
}

void Daemon::stop(int exit_code) {
    exit_code_ = exit_code;
    control::notify_stopping();
    if (metrics_) {
        metrics_->stop();
    }
    if (uapi_) {
        uapi_->stop();
    }
    if (api_) {
        api_->stop();
    }
    if (node_) {
        node_->stop();
    }
    loop_.stop();
}

Result<int> Daemon::run() {
    // Before anything is there to clean up: a signal while starting is handled after the start.
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
        boost::system::error_code error;
        signals_.add(number, error);
        if (error) {
            return weft::errno_error(error.value(), "handle signals");
        }
    }
    Result<config::Config> config = config::load(paths_);
    if (!config) {
        return config.error();
    }
    if (Result<> started = start(std::move(*config)); !started) {
        stop(kExitFailed);
        return started.error();
    }
    control::notify_ready("running");
    wait_for_signal();
    loop_.run();
    return exit_code_;
}

Result<> change_guards(const config::Paths& paths, bool up) {
    if (!up) {
        return control::guard_down();
    }
    const Result<config::Config> config = config::load(paths);
    return config ? control::guard_up(*config, paths) : Result<>{config.error()};
}

constexpr const char* kExamples =
    "Examples:\n"
    "  weftd                                 run with /etc/weft/weft.toml\n"
    "  weftd --guard up                      before the network is up: nothing of the pool in or "
    "out\n"
    "  weft config check                     is it a good configuration?\n"
    "  kill -HUP $(pidof weftd)              read the configuration again, as weft reload\n"
    "Environment: WEFT_CONFIG WEFT_STATE_DIR WEFT_RUN_DIR WEFT_SOCKET WEFT_ISA WEFT_OFFLOAD_OFF\n"
    "Exit codes: 0 stopped, 1 failed, 2 usage, 6 permission";

int run(int argc, char** argv) {
    config::Paths paths = config::Paths::from_environment();
    CLI::App app{"The weft daemon: an encrypted network between containers on many machines.",
                 "weftd"};
    std::string config_file;
    std::string guard;
    app.add_option("--config", config_file, "Configuration; weft.toml.d/ lies beside it")
        ->type_name("FILE");
    app.add_option("--guard", guard, "Set the guards up, or take them down, and end")
        ->type_name("up|down")
        ->check(CLI::IsMember({"up", "down"}));
    app.set_version_flag("--version", std::string{"weftd "} + WEFT_VERSION);
    app.footer(kExamples);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : kExitUsage;
    }
    if (!config_file.empty()) {
        paths.config = config_file;
    }
    harden();
    if (!guard.empty()) {
        const Result<> done = change_guards(paths, guard == "up");
        return done ? 0 : fail(done.error());
    }
    const Result<int> exit_code = Daemon{std::move(paths)}.run();
    return exit_code ? *exit_code : fail(exit_code.error());
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "weftd: " << error.what() << '\n';
        return kExitFailed;
    }
}
