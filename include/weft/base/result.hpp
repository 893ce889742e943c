// SPDX-License-Identifier: Apache-2.0
// Result<T>: a value or an Error. `if (!r) return r.error();` is the whole idiom.
#pragma once

#include <stdexcept>

#include <boost/system/result.hpp>

#include <weft/base/error.hpp>

namespace weft {

template <class T = void>
using Result = boost::system::result<T, Error>;

/// value() of a failed Result throws; only start-up code (bin, control::Node) calls it unchecked.
[[noreturn]] inline void throw_exception_from_error(const Error& error,
                                                    const boost::source_location& /*where*/) {
    throw std::runtime_error(error.message());
}

}  // namespace weft
