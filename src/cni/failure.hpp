// SPDX-License-Identifier: Apache-2.0
// How a CNI call fails: the specification's code, a cause and a remedy. CNI specification 1.1.0,
// section 5, "Error"; codes from 100 on are ours.
#pragma once

#include <string>

#include <boost/system/result.hpp>

#include <weft/base/error.hpp>

namespace weft::cni {

enum class Code : unsigned {
    kIncompatibleVersion = 1,
    kUnsupportedField = 2,
    kUnknownContainer = 3,
    kBadEnvironment = 4,
    kIo = 5,
    kDecode = 6,
    kBadConfig = 7,
    kHostNamespace = 8,
    kTryAgain = 11,
    kNotAvailable = 50,
    kLimited = 51,
    kExhausted = 100,
    kLedgerUnreadable = 101,
    kAddressTaken = 102,
    kDisk = 103,
    kInternal = 999,
};

struct Failure {
    Code code = Code::kInternal;
    std::string cause;
    std::string remedy = {};
};

inline Failure failure_of(Code code, const Error& error) {
    return {code, error.cause, error.remedy};
}

/// `if (!outcome) return outcome.error();`, as with Result.
template <class T = void>
using Outcome = boost::system::result<T, Failure>;

[[noreturn]] inline void throw_exception_from_error(const Failure& failure,
                                                    const boost::source_location& /*where*/) {
    throw std::runtime_error(failure.cause);
}

}  // namespace weft::cni
