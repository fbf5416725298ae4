// Status and Result<T>: how k8sentry says that something did not work.
//
// Nothing in k8sentry throws. A call that can fail returns a Status, or a Result<T>
// that holds either a value or the Status that explains its absence. The message is
// one line, ready for a log: it says what is wrong and, where known, what to do.
//
//   k8sentry::Result<k8sentry::Dsn> dsn = k8sentry::ParseDsn(text);
//   if (!dsn.ok()) return dsn.status();
//   Use(*dsn);
//
// Threads: values; as safe as an int.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace k8sentry {

// Few codes, chosen by what a caller can do about them.
enum class StatusCode {
  kOk,
  kInvalidArgument,   // the caller's value is wrong: usage (exit code 2)
  kConfiguration,     // a file, DSN or kubeconfig is wrong (exit code 78)
  kNotFound,          // a file, a field or a peer's object does not exist
  kUnauthenticated,   // 401: the credentials are missing or expired
  kPermissionDenied,  // 403, or the operating system's refusal
  kUnavailable,       // network or peer trouble: trying again later may work
  kDeadlineExceeded,  // it took longer than allowed
  kDataLoss,          // bytes that cannot be read, or that ended too early
  kCancelled,         // the caller asked for it
  kInternal,          // a defect of k8sentry or of a library below it
};

// The code's name as it stands in logs, such as "unavailable".
std::string_view StatusCodeName(StatusCode code);

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message)
      : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }

  // The same failure with `context` and ": " before its message; ok stays ok.
  Status WithContext(std::string_view context) const;

  friend bool operator==(const Status&, const Status&) = default;

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

// A T, or the reason why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  // Requires: !status.ok().
  Result(Status status) : status_(std::move(status)) {}

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }

  // Requires: ok().
  T& operator*() & { return *value_; }
  const T& operator*() const& { return *value_; }
  T&& operator*() && { return *std::move(value_); }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace k8sentry
