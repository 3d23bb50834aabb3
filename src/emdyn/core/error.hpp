#pragma once
#include <stdexcept>

namespace emdyn {

/// What every error of this library derives from; the message says what, where and how to mend.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A configuration or command that cannot be honoured. The message names the field.
class ConfigError : public Error {
 public:
  using Error::Error;
};

/// Input that cannot be read: a missing, truncated or malformed file, a series that is too short.
class DataError : public Error {
 public:
  using Error::Error;
};

/// A store that cannot be opened, read or written.
class StoreError : public Error {
 public:
  using Error::Error;
};

/// A network or its weights that cannot be used.
class ModelError : public Error {
 public:
  using Error::Error;
};

/// Something this build or machine does not have, such as the torch plugin.
class UnavailableError : public Error {
 public:
  using Error::Error;
};

}  // namespace emdyn
