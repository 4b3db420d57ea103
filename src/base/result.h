// Result<T>: a value, or an Error of the environment (disk, network, damaged bytes).
//
// Contract   [[nodiscard]]; value() on an error is a bug and aborts. Errors that clients see are not
//            here: they are texts in command/reply_errors.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/check.h"

namespace leat {

enum class Errc : uint8_t {
  kIo,           // The operating system refused; `detail` holds path, operation and errno text.
  kCorrupt,      // Bytes on disk or on the wire fail a checksum or a format rule.
  kFull,         // No space left on the device or over a quota.
  kUnavailable,  // Not possible in the present state; the caller may retry later or elsewhere.
  kLimit,        // A limit of model/limits.h would be exceeded.
  kInvalid,      // A configuration or argument that cannot be used as given.
};

struct [[nodiscard]] Error {
  Errc code = Errc::kIo;
  std::string detail;  // One sentence for logs and operators. Never sent to a client as it is.
};

template <typename T>
class [[nodiscard]] Result {
 public:
  // NOLINTBEGIN(google-explicit-constructor): a function returns its value, or the error, as it is.
  Result(T value) : state_(std::move(value)) {}
  Result(Error error) : state_(std::move(error)) {}
  // NOLINTEND(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  [[nodiscard]] T& value() & {
    LEAT_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  [[nodiscard]] const T& value() const& {
    LEAT_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  [[nodiscard]] T&& value() && {
    LEAT_CHECK(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  [[nodiscard]] const Error& error() const {
    LEAT_CHECK(!ok());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

// Status: success, or an Error.
class [[nodiscard]] Status {
 public:
  Status() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): a function returns the error as it is.
  Status(Error error) : error_(std::move(error)) {}

  [[nodiscard]] bool ok() const { return !error_.has_value(); }
  [[nodiscard]] const Error& error() const {
    LEAT_CHECK(error_.has_value());
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

}  // namespace leat
